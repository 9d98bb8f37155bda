"""What may be wrong with a table that was put together: its instruments, and its references."""

import re
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from ...exceptions import TableWarning, ZeroReferencesWarning
from ..names.spelling import tidy
from ..references.properties import zeros_apart

__all__ = ["ALL"]

FEW = 3
# reflectance and transmittance in percent that are all smaller than this are fractions
LARGEST_FRACTION = 1.5
# what may stand behind the name of a property: (% w/w), [g/kg], %
_UNIT = re.compile(r"\s*(\([^()]*\)|\[[^\[\]]*\]|%)\s*$")
_NO_SAMPLE = re.compile(
    r"mean|average|avg|mittelwert|moyenne|promedio|media|sd|st(?:an)?d(?:ard)?[ .]{0,2}dev(?:iation)?\.?|stdev|rsd|cv|"
    r"standardabweichung|[ée]cart[ -]type|min(?:imum)?|max(?:imum)?|median|sum|summe|total|"
    r"(?:(?:white|dark|blank|empty|background|reference|spectralon|dunkel|leer)[ _-]?)+"
    r"(?:scan|spectrum|measurement|tile|cup)?[ _-]?\d*"
)


def warn_of_instruments(table):
    """Say where two instruments differ in spelling alone."""
    seen = {}
    for name in table.instruments:
        if name is None:
            continue
        other = seen.setdefault(tidy(str(name)), name)
        if other != name:
            warnings.warn(
                f"The instruments {other!r} ({len(table.rows_of(other))} rows) and {name!r} "
                f"({len(table.rows_of(name))} rows) differ in spelling alone and are kept apart.",
                TableWarning,
                stacklevel=4,
            )


def warn_of_unnamed(table):
    """Ask whether files or folders that hold the same samples are instruments that nobody named."""
    rows = [row for row, name in enumerate(table.instrument) if name is None and table.files[row] is not None]
    paths = {file: Path(str(file)) for file in dict.fromkeys(table.files[row] for row in rows)}
    in_folders = len({path.parent for path in paths.values()}) > 1
    if not in_folders:
        # files of one spectrum are no instruments
        counts = Counter(table.files[row] for row in rows)
        rows = [row for row in rows if counts[table.files[row]] > 1]
    seen = {}
    for row in rows:
        if table.sample_id[row] is not None:
            path = paths[table.files[row]]
            seen.setdefault(table.sample_id[row], {})[path.parent if in_folders else path] = None
    several = [places for places in seen.values() if len(places) > 1]
    if not several:
        return
    shown = list(dict.fromkeys(place.name for places in several for place in places))
    listed = ", ".join(shown[:FEW]) + (f" and {len(shown) - FEW} more" if len(shown) > FEW else "")
    warnings.warn(
        f"{len(several)} samples stand in several {'folders' if in_folders else 'files'} ({listed}), of which "
        "no instrument is named: they are taken as replicates on one. Where these are instruments, name them: "
        f"{{name: file}}, on the command line NAME={shown[0]}.",
        TableWarning,
        stacklevel=4,
    )


def warn_of_nameless(table):
    """Say where rows have no name in a file that names others: they are paired with nothing."""
    named = {}
    for row, file in enumerate(table.files):
        named.setdefault(file, ([], []))[table.sample_id[row] is None].append(row)
    for with_name, without in named.values():
        if with_name and without:
            warnings.warn(
                f"{len(without)} of {len(with_name) + len(without)} spectra have no name of a sample, first "
                f"{table.where(without[0])}: they are paired with nothing. Repeat the name where a row belongs to the "
                "sample above it.",
                TableWarning,
                stacklevel=4,
            )


def warn_of_fractions(table):
    """Ask about spectra that are said to be percentages, and look like fractions."""
    for name in table.instruments:
        quantity = table.quantity_of(name)
        largest = float(np.nanmax(table.spectra_of(name), initial=0.0))
        if quantity.startswith("% ") and 0 < largest <= LARGEST_FRACTION:
            whose = "" if name is None else f" of {name}"
            warnings.warn(
                f"The spectra{whose} are said to be {quantity}, and no value is larger than {largest:.3g}: they look "
                f"like fractions. Say quantity={quantity[2:]!r} if they are.",
                TableWarning,
                stacklevel=4,
            )


def warn_of_zeros(table):
    """Ask whether zeros among references that are far from zero mean that there is none."""
    for k, name in enumerate(table.properties):
        values = table.y[:, k]
        rows = np.flatnonzero(zeros_apart(values))
        if not len(rows):
            continue
        others = values[np.isfinite(values) & (values != 0)]
        warnings.warn(
            f"{len(rows)} references of {name!r} are 0 (first: {table.where(rows[0])}), all others {others.min():.4g} "
            f"to {others.max():.4g}. Zeros are kept as values: leave the cell blank where there is none.",
            ZeroReferencesWarning,
            stacklevel=4,
        )


def warn_of_no_samples(table):
    """Ask about rows whose names are those of summaries and of scans without a sample."""
    names = [name for name in dict.fromkeys(table.sample_id) if name is not None]
    found = [name for name in names if _NO_SAMPLE.fullmatch(tidy(str(name)))]
    if found:
        warnings.warn(
            f"{', '.join(map(repr, found[:FEW]))}{' and others' if len(found) > FEW else ''}: names of "
            "summaries or of scans of a reference, not of samples. They are rows of the table like all others. Leave "
            "them out of the file, or take the other rows with table.select.",
            TableWarning,
            stacklevel=4,
        )


def warn_of_properties(table):
    """Ask about properties of different files that differ in no more than a unit."""
    seen = {}
    for k, name in enumerate(table.properties):
        files = set(table.files[np.isfinite(table.y[:, k])])
        other, its_files = seen.setdefault(_UNIT.sub("", name).strip(" .,:_-").casefold(), (name, files))
        if other != name and files and its_files and not files & its_files:
            warnings.warn(
                f"The properties {other!r} ({_count(table, other)}) and {name!r} "
                f"({_count(table, name)}) of different files differ in no more than a unit and are kept apart. "
                "Where they are one, give it one name, and its values one unit.",
                TableWarning,
                stacklevel=4,
            )


def _count(table, name):
    n = int(np.isfinite(table.y[:, table.properties.index(name)]).sum())
    return f"{n} reference" if n == 1 else f"{n} references"


#: Each takes a table and warns of what it doubts; the caller of `read_spectra` is four calls away.
ALL = (
    warn_of_instruments,
    warn_of_unnamed,
    warn_of_nameless,
    warn_of_no_samples,
    warn_of_fractions,
    warn_of_zeros,
    warn_of_properties,
)
