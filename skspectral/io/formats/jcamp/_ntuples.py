"""Blocks of JCAMP-DX that hold several variables and pages (NTUPLES), told as plain tables.

Source: Lampen et al. (1994) Applied Spectroscopy 48:1545, doi:10.1366/0003702944027840.
"""

import re

from ....exceptions import TableError

__all__ = ["BLANK", "ntuples_tables"]

#: Blanks of the format; a no-break space is none, for a damaged digit may look so.
BLANK = " \t\r\n"

_FIELDS = {
    "FIRST": "FIRST{}",
    "LAST": "LAST{}",
    "MIN": "MIN{}",
    "MAX": "MAX{}",
    "FACTOR": "{}FACTOR",
    "UNITS": "{}UNITS",
}


def ntuples_tables(records, path):
    """Tables of the pages: for each its header as that of a plain table, form, lines, place in the file, and page."""
    variables, tables, page = {}, [], ""
    for label, value, lines, number in records:
        if label in ("SYMBOL", "VARDIM", *_FIELDS):
            variables[label] = [item.strip(BLANK) for item in value.split(",")]
        elif label == "PAGE":
            page = value
        elif label == "DATATABLE":
            where = f"{path}, line {number}"
            form = re.match(r"\s*(\([^,]*\))", value)
            symbols = re.match(r"\(\s*(\w)\s*(?:\+\+\s*\(\s*(\w)|(\w)\.\.)", form.group(1)) if form else None
            if symbols is None:
                raise TableError(f"{where}: the form {value!r} of this table is not understood.")
            x, y = symbols.group(1), symbols.group(2) or symbols.group(3)
            header = {**_header(variables, x, "X", where), **_header(variables, y, "Y", where)}
            plain = "(X++(Y..Y))" if symbols.group(2) else "(XY..XY)"
            tables.append((header, plain, lines, where, f"page {page}" if page else f"variable {y}"))
    return tables


def _header(variables, symbol, axis, where):
    """What the lists of the block say of one variable, under the labels of a plain table."""
    symbols = variables.get("SYMBOL", [])
    if symbol not in symbols:
        raise TableError(f"{where}: the variable {symbol} of this table is not among ##SYMBOL= {', '.join(symbols)}.")
    k = symbols.index(symbol)
    header = {}
    for label, name in _FIELDS.items():
        if k < len(variables.get(label, [])):
            header[name.format(axis)] = variables[label][k]
    if axis == "Y" and k < len(variables.get("VARDIM", [])):
        header["NPOINTS"] = variables["VARDIM"][k]
    # ##FIRST= of a dependent variable is that of its first page only.
    return {key: value for key, value in header.items() if key not in ("FIRSTY", "LASTY")}
