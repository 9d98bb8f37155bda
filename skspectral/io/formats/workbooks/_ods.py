"""Marks of cells in .ods files, which are XML in an archive."""

import zipfile
from xml.etree import ElementTree

from ._marks import ERROR_WORDS, Marks

__all__ = ["marks_of_ods"]

_SIGNS = (b'"percentage"', b'"error"', b">#", b">Err:", b"number-rows-spanned")
# programs fill up a sheet with blank cells to its last column and row
_MOST_REPEATED = 1 << 14


def marks_of_ods(path):
    """Marks of an .ods file."""
    marks = Marks()
    with zipfile.ZipFile(path) as archive:
        data = archive.read("content.xml")
    if not any(sign in data for sign in _SIGNS):
        return marks
    for table in ElementTree.fromstring(data).iter():
        if _local(table.tag) == "table":
            sheet, row = _attribute(table, "name"), 0
            for line in table.iter():
                if _local(line.tag) == "table-row":
                    row = _mark(line, sheet, row, marks)
    return marks


def _local(name):
    return name.rpartition("}")[2]


def _attribute(element, name):
    """An attribute whatever its namespace; that of OpenDocument stands before extensions of programs."""
    return next((value for key, value in element.attrib.items() if _local(key) == name), None)


def _mark(line, sheet, row, marks):
    """Mark the cells of a row, which may stand for several; the number of the next row."""
    repeated, column = int(_attribute(line, "number-rows-repeated") or 1), 0
    for cell in line:
        if _local(cell.tag) not in ("table-cell", "covered-table-cell"):
            continue
        width = int(_attribute(cell, "number-columns-repeated") or 1)
        kinds = {value for key, value in cell.attrib.items() if _local(key) == "value-type"}
        shown = "".join("".join(part.itertext()) for part in cell if _local(part.tag) == "p").strip()
        typed = _attribute(cell, "string-value") is None and _attribute(cell, "formula") is None and "string" in kinds
        failed = "error" in kinds or (ERROR_WORDS.fullmatch(shown) is not None and not typed)
        chosen = marks.errors if failed else marks.percent if "percentage" in kinds else None
        if chosen is not None:
            rows, columns = min(repeated, _MOST_REPEATED), min(width, _MOST_REPEATED)
            chosen[sheet].update((row + r, column + c) for r in range(rows) for c in range(columns))
        down, across = (int(_attribute(cell, f"number-{what}-spanned") or 1) for what in ("rows", "columns"))
        if down > 1:
            marks.merged[sheet].add(((row, column), (row + down - 1, column + across - 1)))
        column += width
    return row + repeated
