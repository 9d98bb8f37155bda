"""The sheets of a workbook (.xlsx, .xls, .ods) as rows of cells."""

import zipfile
from decimal import Decimal

from ...._core.optional import import_optional
from ....exceptions import ReadingOptionError, TableError
from ._marks import Marks
from ._ods import marks_of_ods
from ._xls import marks_of_xls
from ._xlsx import marks_of_xlsx

__all__ = ["read_sheets"]

_SHOWN = 3
# whole numbers from here on have more than 15 digits
MOST_DIGITS = 10**15


def read_sheets(path, wanted=None):
    """Read sheets of a workbook, by python-calamine.

    A number without decimals is whole, as it is shown; one that is shown as a percentage becomes the text that is
    shown, such as "12.5%", so that nobody takes it for a fraction; an error is blank; cells that are merged down a
    column all hold the value.

    Parameters
    ----------
    path : str or path-like
        The workbook.
    wanted : str or sequence of str, optional
        Names of sheets; by default all that are visible.

    Returns
    -------
    sheets : dict of {str: list of list}
        Rows of cells by name of the sheet.
    notes : list of str
        What was left out.
    doubts : list of str
        Cells that hold no value though they are not empty, to be warned of.

    Raises
    ------
    TableError
        If the workbook is damaged, or protected by a password.
    ReadingOptionError
        If there is no sheet of a name.
    OptionalDependencyError
        If python-calamine is not installed.
    """
    package = import_optional("python_calamine", extra="io", feature="Reading workbooks (.xlsx, .xls, .ods)")
    try:
        with open(path, "rb") as file, package.CalamineWorkbook.from_filelike(file) as workbook:
            names, notes = _names(package, workbook, wanted, path)
            found = {name: workbook.get_sheet_by_name(name) for name in names}
            rows = {name: sheet.to_python(skip_empty_area=False) for name, sheet in found.items()}
            merged = {name: sheet.merged_cell_ranges for name, sheet in found.items()}
        marks = _marks(path)
    except package.PasswordError as error:
        raise TableError(f"{path}: this workbook is protected by a password; save it without one.") from error
    except (ReadingOptionError, OSError):
        raise
    except Exception as error:
        # a damaged workbook fails in any way: in the archive, in its XML, in a record
        raise TableError(f"{path}: this workbook cannot be read; it is damaged ({error}).") from error
    sheets = {name: _cells(found, marks, name) for name, found in rows.items()}
    for name, cells in sheets.items():
        count = _fill_merged(cells, marks.merged.get(name, ()) if merged[name] is None else merged[name])
        if count:
            notes.append(f"sheet {name!r}: {count} merged cells hold their value in each of their rows")
    return sheets, notes, [*_doubts(marks, names), *_long_numbers(sheets)]


def _names(package, workbook, wanted, path):
    """Names of the sheets to read, and what to note of those that are not."""
    sheets = [s for s in workbook.sheets_metadata if s.typ == package.SheetTypeEnum.WorkSheet]
    names = [s.name for s in sheets]
    if wanted is not None:
        wanted = [wanted] if isinstance(wanted, str) else list(wanted)
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise ReadingOptionError(
                f"{path} has no sheet {unknown[0]!r}; its sheets are {', '.join(map(repr, names))}."
            )
        return wanted, []
    visible = [s.name for s in sheets if s.visible == package.SheetVisibleEnum.Visible]
    hidden = [name for name in names if name not in visible]
    return visible or names, [
        f"hidden sheets are left out: {', '.join(map(repr, hidden))}"
    ] if hidden and visible else []


def _marks(path):
    if not zipfile.is_zipfile(path):
        return marks_of_xls(path)
    with zipfile.ZipFile(path) as archive:
        members = archive.namelist()
    if "content.xml" in members:
        return marks_of_ods(path)
    return marks_of_xlsx(path) if "xl/workbook.xml" in members else Marks()


def _cells(rows, marks, name):
    rows = [[int(cell) if type(cell) is float and cell.is_integer() else cell for cell in row] for row in rows]
    for change, places in ((_percentage, marks.percent.get(name, ())), (_nothing, marks.errors.get(name, ()))):
        for row, column in places:
            if row < len(rows) and column < len(rows[row]):
                rows[row][column] = change(rows[row][column])
    return rows


def _fill_merged(rows, ranges):
    """Write the value of cells that are merged down a column into all of them; how many of these there are.

    A name or a reference that is merged over the rows of replicates belongs to all of them.
    """
    count = 0
    for (first, column), (last, last_column) in ranges:
        if last_column != column or last <= first or last >= len(rows) or column >= len(rows[first]):
            continue
        for row in rows[first + 1 : last + 1]:
            row[column] = rows[first][column]
        count += 1
    return count


def _percentage(cell):
    """Write a number as a percentage, without the rounding of a multiplication by 100."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return cell
    return f"{Decimal(repr(cell)).scaleb(2).normalize():f}%"


def _nothing(cell):
    return None


def _doubts(marks, names):
    said = []
    for found, what in (
        (marks.errors, "hold errors such as #DIV/0! and are taken as blank"),
        (
            marks.formulas,
            "hold formulas whose results are not stored, and are taken as blank: open the workbook and save it",
        ),
    ):
        places = [
            _a1(*place) if len(names) == 1 else f"{name}!{_a1(*place)}"
            for name in names
            for place in sorted(found.get(name, ()))
        ]
        if places:
            shown = ", ".join(places[:_SHOWN]) + (", ..." if len(places) > _SHOWN else "")
            said.append(f"{len(places)} cells ({shown}) {what}")
    return said


def _long_numbers(sheets):
    """Say where whole numbers have more digits than a workbook keeps, as bar codes have."""
    for name, rows in sheets.items():
        places = [
            (r, c)
            for r, row in enumerate(rows)
            for c, cell in enumerate(row)
            if type(cell) is int and MOST_DIGITS <= abs(cell) < 1000 * MOST_DIGITS
        ]
        if places:
            yield (
                f"{len(places)} numbers of sheet {name!r} (first {_a1(*places[0])}) have more than 15 digits, and a "
                "workbook keeps no more: names that differ behind them have become one. Write such names as text"
            )


def _a1(row, column):
    """The place of a cell as spreadsheets name it."""
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"
