"""From the parts of many files to one table: names, replicates, references, kinds of spectra."""

import warnings
from pathlib import Path

import numpy as np

from ..._core.nested import nested_fits
from ...exceptions import ConflictingReferenceError, TableError, TableWarning
from ..names.pairing import pairing
from ..names.replicates import find_replicates, parse_replicates
from ..names.spelling import changed_by_excel, key_of, one_spelling, tidy
from ..options import option_of, refuse_strangers
from ..references.merging import keys_of_file, merge_references, name_by_samples, same_value
from ..references.reading import read_references
from . import _doubts
from ._parts import instrument_axes, parts_of
from .spectra_table import SpectraTable

__all__ = ["assemble"]


def assemble(
    blocks,
    *,
    references=None,
    id_column=None,
    instrument_column=None,
    unit=None,
    to_unit="nm",
    quantity=None,
    properties=None,
    match="tidy",
    replicates=None,
    decimal=None,
    notes=(),
    reference_options=None,
):
    """Join the blocks of each instrument into a table; see `read_spectra`."""
    if properties is not None:
        properties = list(dict.fromkeys([properties] if isinstance(properties, str) else properties))
    parts = parts_of(
        blocks, unit=unit, to_unit=to_unit, id_column=id_column, instrument_column=instrument_column,
        properties=properties, decimal=decimal,
    )  # fmt: skip
    for option, value in (("unit", unit), ("quantity", quantity)):
        refuse_strangers(value, {name for part in parts for name in part.instrument}, option)
    axes, axis_notes = instrument_axes(parts)
    names = [name for part in parts for name in part.names]
    instrument = [label for part in parts for label in part.instrument]
    notes = [*notes, *axis_notes, *_notes(parts)]
    _warn_of_names(names)
    known = {tidy(name) for name in names if name is not None}
    table_of_references = None
    if references is not None:
        files = [part.block.path if len(part.names) == 1 else None for part in parts for _ in part.names]
        known_files = {name for path in files if path is not None for name in keys_of_file(path)}
        table_of_references = read_references(
            references, known | known_files, _stems(names), id_column=id_column, properties=properties, decimal=decimal,
            **(reference_options or {}),
        )  # fmt: skip
        if table_of_references.left_out:
            notes.append(f"no references in {table_of_references.name}: {', '.join(table_of_references.left_out)}")
    samples, numbers = _replicates(names, instrument, table_of_references, replicates, notes)
    written = samples
    samples, spellings = one_spelling(samples, match)
    if spellings:
        name, others = next(iter(spellings.items()))
        notes.append(
            f"{len(spellings)} samples are spelled in several ways, such as {name!r} and {others[0]!r}: taken as one"
        )
    notes += _spell_properties_alike([*parts, *([] if table_of_references is None else [table_of_references])])
    y, labels = _values(parts, properties)
    if table_of_references is not None:
        key = key_of(match)
        by_file = name_by_samples(table_of_references, samples, files, key)
        if by_file:
            notes.append(f"{len(by_file)} references of {table_of_references.name} name files instead of samples")
        y, labels, used = merge_references(samples, y, labels, table_of_references, key, by_file)
        notes.append(_said_of_references(table_of_references, samples, used, key))
    _refuse_collisions(written, samples, instrument, y, labels, spellings)
    if properties is not None:
        _refuse_missing(properties, labels, parts, table_of_references)
        y = y[:, [labels.index(name) for name in properties]]
        labels = properties
    axis = next(iter(axes.values())) if len({id(axis) for axis in axes.values()}) == 1 else axes
    # every axis was judged in the unit of its file
    with nested_fits():
        table = SpectraTable(
            _stacked([part.X for part in parts]),
            axis,
            unit=parts[0].unit,
            quantity=_quantities(parts, quantity),
            instrument=instrument,
            sample_id=samples,
            y=y,
            properties=labels,
            columns=_columns(parts),
            meta={part.block.path: part.block.meta for part in parts},
            files=[part.block.path for part in parts for _ in part.names],
            places=[place for part in parts for place in part.block.places],
            flaws=[part.block.flaws.get(row) for part in parts for row in range(len(part.names))],
            notes=list(dict.fromkeys(notes)),
        )
    if any(number is not None for number in numbers):
        table.replicate = np.array([counted if n is None else n for n, counted in zip(numbers, table.replicate)])
    for doubt in _doubts.ALL:
        doubt(table)
    return table


def _warn_of_names(names):
    changed = changed_by_excel(names)
    if changed:
        warnings.warn(
            f"{len(changed)} names look as if a spreadsheet had changed them, such as {changed[0]!r}: it makes dates "
            "of 1-2 and powers of ten of 1E5. Compare them with the instrument's own.",
            TableWarning,
            stacklevel=4,
        )


def _stems(names):
    """Names without a number at their end, by which a column of sample names is found before replicates are known."""
    stems = set()
    for name in names:
        if name is not None:
            stems.add(tidy(name.rstrip("0123456789)").rstrip("_-. #(")))
    return stems - {""}


def _notes(parts):
    """What readers noted, once for files that say the same."""
    said = {}
    for part in parts:
        for note in dict.fromkeys([*part.block.notes, *part.notes]):
            said.setdefault(note, []).append(Path(part.block.path).name)
    return [
        f"{files[0]}: {note}" if len(set(files)) == 1 else f"{len(set(files))} files: {note}"
        for note, files in said.items()
    ]


def _replicates(names, instrument, references, pattern, notes):
    """Take the number of the replicate out of names, as told or where it is certain."""
    samples, numbers = list(names), [None] * len(names)
    if pattern is False:
        return samples, numbers
    if pattern is not None:
        samples, numbers = parse_replicates(names, pattern)
        whole = sum(n is None and name is not None for n, name in zip(numbers, names))
        if whole:
            notes.append(f"{whole} names are not of the pattern {pattern!r} and are taken as whole")
        return samples, numbers
    elsewhere = set() if references is None else {tidy(name) for name in references.names if name is not None}
    for label in dict.fromkeys(instrument):
        rows = [row for row, name in enumerate(instrument) if name == label]
        known = elsewhere | {
            tidy(name) for name, other in zip(names, instrument) if other != label and name is not None
        }
        found, doubtful = find_replicates([names[row] for row in rows], known)
        whose = "names" if label is None else f"names on {label}"
        if found:
            own, counted = parse_replicates([names[row] for row in rows], found)
            for row, sample, n in zip(rows, own, counted):
                samples[row], numbers[row] = sample, n
            notes.append(f"{whose} are of the pattern {found!r}: {len(rows)} spectra of {len(set(own))} samples")
        elif doubtful:
            notes.append(f"{whose} may count replicates; if they do, say replicates={doubtful!r}")
    return samples, numbers


def _spell_properties_alike(tables):
    """Give properties one spelling that differ in case and blanks alone, unless one table has both."""
    first, notes = {}, []
    for table in tables:
        for label in list(table.values):
            chosen = first.setdefault(" ".join(label.split()).casefold(), label)
            if chosen != label and chosen not in table.values:
                table.values = {chosen if name == label else name: column for name, column in table.values.items()}
                notes.append(f"the property {label!r} of one file is {chosen!r} of another")
    return list(dict.fromkeys(notes))


def _values(parts, wanted):
    labels = list(dict.fromkeys(label for part in parts for label in part.values))
    if wanted is not None:
        labels = [name for name in wanted if name in labels]
    y = np.full((sum(len(part.X) for part in parts), len(labels)), np.nan)
    row = 0
    for part in parts:
        for label, column in part.values.items():
            y[row : row + len(part.X), labels.index(label)] = column
        row += len(part.X)
    return y, labels


def _columns(parts):
    labels = list(dict.fromkeys(label for part in parts for label in part.columns))
    return {
        label: [cell for part in parts for cell in part.columns.get(label, [None] * len(part.X))] for label in labels
    }


def _stacked(blocks):
    """All spectra below each other, padded on the right with NaN; no copy of a single block."""
    if len(blocks) == 1:
        return blocks[0]
    out = np.full((sum(map(len, blocks)), max(X.shape[1] for X in blocks)), np.nan)
    row = 0
    for X in blocks:
        out[row : row + len(X), : X.shape[1]] = X
        row += len(X)
    return out


def _quantities(parts, given):
    """What the spectra of each instrument are."""
    found, owners = {}, {}
    for part in parts:
        for name in dict.fromkeys(part.instrument):
            quantity = option_of(given, name) or part.block.quantity
            if found.setdefault(name, quantity) != quantity:
                who = "The spectra" if name is None else f"The spectra of instrument {name!r}"
                raise TableError(
                    f"{who} are of two kinds: {owners[name].block.path} holds {found[name]}, {part.block.path} holds "
                    f"{quantity}. Name the instruments, or say quantity= where a file does not know better."
                )
            owners.setdefault(name, part)
    return found


def _said_of_references(references, samples, used, key):
    with_spectra = list(dict.fromkeys(name for name in samples if name is not None))
    with_reference = [name for name in references.names if name is not None]
    text, _, _ = pairing([key(name) for name in with_spectra], [key(name) for name in with_reference])
    if not used:
        raise TableError(
            f"No sample of {references.name} has a spectrum, {text}. Is the right column taken? Name it with "
            "id_column=."
        )
    return f"references of {references.name}: {text.replace('paired', 'have both spectra and references', 1)}"


def _refuse_collisions(written, samples, instrument, y, labels, spellings):
    """Refuse two names that become one on one instrument although their references differ."""
    if not spellings:
        return
    seen = {}
    for row, (name, sample, label) in enumerate(zip(written, samples, instrument)):
        if sample not in spellings:
            continue
        for other, first in seen.setdefault((label, sample), {}).items():
            if other == name:
                continue
            for k, prop in enumerate(labels):
                a, b = y[first, k], y[row, k]
                if np.isfinite(a) and np.isfinite(b) and not same_value(a, b):
                    raise ConflictingReferenceError(
                        f"The names {other!r} and {name!r} would be one sample, but their references of {prop!r} are "
                        f"{a:g} and {b:g}. Read with match='exact'."
                    )
        seen[label, sample].setdefault(name, row)
    doubled = next(((label, names) for (label, _), names in seen.items() if len(names) > 1), None)
    if doubled:
        first, second = list(doubled[1])[:2]
        warnings.warn(
            f"The names {first!r} and {second!r} are taken as one sample, and stand on one instrument. Read with "
            "match='exact' if they are two.",
            TableWarning,
            stacklevel=4,
        )


def _refuse_missing(wanted, labels, parts, references):
    unknown = [name for name in wanted if name not in labels]
    if not unknown:
        return
    lacking = ("instrument", "sample_id")
    offered = list(dict.fromkeys(label for part in parts for label in part.block.columns if label not in lacking))
    files = " or ".join(dict.fromkeys(part.block.path for part in parts))
    if references is not None:
        offered += [label for label in (*references.values, *references.others) if label not in offered]
    beside = "" if references is None else " or the references"
    raise TableError(
        f"There is no property {', '.join(map(repr, unknown))} in {files}{beside}, but {', '.join(offered) or 'none'}."
    )
