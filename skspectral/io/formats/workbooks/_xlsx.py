"""Marks of cells in .xlsx files, which are XML in an archive."""

import posixpath
import re
import zipfile
from xml.etree import ElementTree

from ._marks import Marks, is_percent_format

__all__ = ["marks_of_xlsx"]

# formats that have no text of their own in the file: 0% and 0.00%
_PERCENT = {"9", "10"}
_RELATED = re.compile(r"\{[^}]*relationships\}id", re.IGNORECASE)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_PLACE = re.compile(r"([A-Z]+)(\d+)")


def marks_of_xlsx(path):
    """Marks of an .xlsx file."""
    marks = Marks()
    with zipfile.ZipFile(path) as archive:
        styles = _percent_styles(archive)
        for sheet, name in _files_of_sheets(archive):
            data = archive.read(name)
            if styles or b't="e"' in data or _FORMULA.search(data):
                _mark(ElementTree.fromstring(data), styles, sheet, marks)
    return marks


def _local(element):
    return element.tag.rpartition("}")[2]


def _parse(archive, name):
    return ElementTree.fromstring(archive.read(name)) if name in archive.namelist() else ElementTree.Element("none")


def _percent_styles(archive):
    """Numbers of the cell formats that show percentages, as text."""
    percent, cell_formats = set(_PERCENT), ()
    for part in _parse(archive, "xl/styles.xml"):
        if _local(part) == "numFmts":
            percent |= {one.get("numFmtId") for one in part if is_percent_format(one.get("formatCode", ""))}
        elif _local(part) == "cellXfs":
            cell_formats = list(part)
    return {str(k) for k, one in enumerate(cell_formats) if one.get("numFmtId") in percent}


def _files_of_sheets(archive):
    links = {
        one.get("Id"): posixpath.normpath(posixpath.join("xl", one.get("Target", ""))).lstrip("/")
        for one in _parse(archive, "xl/_rels/workbook.xml.rels")
    }
    for part in _parse(archive, "xl/workbook.xml"):
        for one in part if _local(part) == "sheets" else ():
            name = links.get(next((value for key, value in one.attrib.items() if _RELATED.fullmatch(key)), None))
            if name in archive.namelist():
                yield one.get("name"), name


def _mark(root, styles, sheet, marks):
    row = -1
    for line in root.iter():
        if _local(line) != "row":
            continue
        row = int(line.get("r", row + 2)) - 1
        column = -1
        for cell in line:
            place = _PLACE.fullmatch(cell.get("r", ""))
            column = _number_of(place[1]) if place else column + 1
            if cell.get("t") == "e":
                marks.errors[sheet].add((row, column))
            elif cell.get("t", "n") == "n" and cell.get("s") in styles:
                marks.percent[sheet].add((row, column))
            parts = {_local(part): part.text for part in cell}
            if "f" in parts and not parts.get("v") and cell.get("t") != "str":
                marks.formulas[sheet].add((row, column))


def _number_of(letters):
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
