"""Workbooks (.xlsx, .xls, .ods), by python-calamine: sheets of spectra, and others joined to them by sample."""

import re
import warnings
from itertools import zip_longest

from ...exceptions import NoSpectraError, TableError, TableWarning
from ..cells.numbers import is_blank
from ..cells.phrases import unit_of
from ..grids.blocks import blocks_from_cells
from ..grids.long_form import widened
from .workbooks import read_sheets

__all__ = ["read_excel"]

_CORNER = re.compile(r"\baxis\b|wave ?(length|number)s?\b|raman", re.I)
#: How sheets of reference values are called.
_REFERENCES = re.compile(r"refer|\blab|chem|wet|analy|propert|result", re.I)
#: Share of the names of the spectra that a sheet must hold to be joined to them.
_MOSTLY = 0.5


def read_excel(path, *, sheet=None, **options):
    """Spectra of a workbook: one block for each sheet of spectra, with the columns of the other sheets.

    ``sheet`` names the sheet or sheets to read (all that are visible by default). Sheets without spectra are joined to
    the spectra by the column that holds their names.
    """
    cells, notes, doubts = read_sheets(path, sheet)
    blocks, others = [], {}
    for name, rows in cells.items():
        if not any(map(any, (map(_is_filled, row) for row in rows))):
            continue
        rows, comments = _corner_apart(rows)
        try:
            found = blocks_from_cells(rows, path, f"sheet {name}, row {{}}", comments=comments, **options)
        except NoSpectraError:
            others[name] = rows
            continue
        except TableError as error:
            if len(cells) == 1:
                raise
            raise TableError(f"{error} (In sheet {name!r}; sheet= chooses the sheets to read.)") from error
        for block in found:
            block.meta["sheet"] = name
        blocks.extend(found)
    if not blocks:
        raise NoSpectraError(_no_spectra(path, others))
    for name, rows in others.items():
        joined = [_join(block, name, rows) for block in blocks]
        if not any(joined):
            text = (
                f"sheet {name!r} holds no spectra and none of their names, and is left out; where it names samples in "
                "another spelling, or the spectra are numbered replicates of them, give this workbook as references="
            )
            notes.append(text)
            if _REFERENCES.search(name):
                warnings.warn(f"{path}: {text}.", TableWarning, stacklevel=3)
    for text in doubts:
        warnings.warn(f"{path}: {text}.", TableWarning, stacklevel=3)
    for block in blocks:
        block.notes.extend(notes)
    _name_instruments(blocks)
    return blocks


def _corner_apart(rows):
    """Take a text about the axis and the values out of the corner between the axis and the names of the samples."""
    corner = rows[0][0] if rows and rows[0] else None
    if not isinstance(corner, str) or not _CORNER.search(corner) or not unit_of(corner):
        return rows, []
    return [["", *rows[0][1:]], *rows[1:]], re.split(r"\s+/\s+|;", corner)


def _is_filled(cell):
    return not is_blank(cell)


def _key(cell):
    """A name as it is compared between sheets."""
    return " ".join(str(cell).split()).casefold()


def _join(block, sheet, rows):
    """Add the columns of a sheet to a block, by the column that holds the names of its spectra; whether it could."""
    numbers = [k for k, row in enumerate(rows, 1) if any(map(_is_filled, row))]
    rows = [rows[k - 1] for k in numbers]
    wanted = {_key(name) for name in block.names if name is not None}
    if wanted and len(wanted & {_key(cell) for cell in rows[0]}) >= _MOSTLY * len(wanted):
        # one column for each sample
        rows = [list(column) for column in zip_longest(*rows)]
    labels, body = rows[0], rows[1:]
    wide = widened(labels, body, lambda row: f"{block.path}, sheet {sheet}, row {numbers[row + 1]}")
    if wide is not None:
        labels, body, _ = wide
    shares = {k: len(wanted & {_key(row[k]) for row in body}) for k in range(len(labels))} if wanted else {}
    best = max(shares, key=shares.get, default=None)
    if best is None or shares[best] < _MOSTLY * len(wanted):
        return False
    by_name = {}
    for row in body:
        by_name.setdefault(_key(row[best]), []).append(row)
    repeated = [name for name in wanted if len(by_name.get(name, ())) > 1]
    if repeated:
        block.notes.append(
            f"sheet {sheet!r} has {len(by_name[repeated[0]])} rows for {repeated[0]!r}, so its columns belong to no "
            "spectrum of it alone; they are left out"
        )
        return True
    added = []
    for k, label in enumerate(labels):
        if k == best or is_blank(label):
            continue
        text = str(label).strip()
        text = f"{sheet}.{text}" if text in block.columns else text
        found = [by_name.get(_key(name)) if name is not None else None for name in block.names]
        block.columns[text] = [None if row is None or is_blank(row[0][k]) else row[0][k] for row in found]
        added.append(text)
    missing = len(wanted - by_name.keys())
    block.notes.append(
        f"{', '.join(added)} from sheet {sheet!r}, joined by its column {str(labels[best]).strip()!r}"
        + (f" ({missing} of {len(wanted)} names are not in it)" if missing else "")
    )
    return True


def _name_instruments(blocks):
    """Take sheets that hold spectra of the same samples as instruments, named like the sheets.

    The samples of one may be a few of the other's, as those of transfer standards are.
    """
    names = [{_key(name) for name in block.names if name is not None} for block in blocks]
    for k, block in enumerate(blocks):
        others = [other for j, other in enumerate(names) if j != k and other]
        same = names[k] and any(len(names[k] & o) >= _MOSTLY * min(len(names[k]), len(o)) for o in others)
        if same and not any(c.lower() == "instrument" for c in block.columns):
            block.columns["instrument"] = [block.meta["sheet"]] * len(block.X)
            block.notes.append("sheets hold spectra of the same samples and are taken as instruments")


def _no_spectra(path, others):
    held = "; ".join(
        f"sheet {name!r} with {', '.join(str(c).strip() for c in next(filter(any, rows)) if _is_filled(c))[:100]}"
        for name, rows in others.items()
    )
    return (
        f"{path}: this workbook holds no spectra, only {held or 'empty sheets'}. Give the file of the spectra; this "
        "one may serve as references= if it names the samples."
    )
