"""Cells of an .xlsx workbook that hold no value though they are not empty; they are read as blank."""

import re
import zipfile

__all__ = ["cells_without_values"]

_ERROR = re.compile(rb'<c r="([A-Z]+\d+)"[^>]*\bt="e"')
_FORMULA = re.compile(rb'<c r="([A-Z]+\d+)"[^>]*><f[^>]*(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>')
_SHOWN = 3


def cells_without_values(path):
    """Say which cells hold errors such as #DIV/0!, or formulas whose results were not stored; list of str."""
    if not zipfile.is_zipfile(path):
        return []
    errors, formulas = [], []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                data = archive.read(name)
                errors += _ERROR.findall(data) if b't="e"' in data else []
                formulas += _FORMULA.findall(data) if b"<f" in data else []
    said = []
    if errors:
        said.append(f"{_listed(errors)} hold errors such as #DIV/0! and are taken as blank")
    if formulas:
        said.append(
            f"{_listed(formulas)} hold formulas whose results are not stored, and are taken as blank: open the "
            "workbook and save it"
        )
    return said


def _listed(cells):
    shown = ", ".join(cell.decode() for cell in cells[:_SHOWN])
    return f"{len(cells)} cells ({shown}{', ...' if len(cells) > _SHOWN else ''})"
