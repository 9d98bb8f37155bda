"""Tables in long form, as laboratory systems export them: one row for each sample and property."""

import re

from ...exceptions import TableError
from ..cells.column_roles import find_name_column
from ..cells.numbers import is_blank

__all__ = ["widened"]

_PROPERTY = re.compile(
    r"(?:param[eè]t(?:er|re)s?|analytes?|analyt|propert(?:y|ies)|constituents?|components?|traits?|determinations?|tests?|"
    r"measurements?|merkmale?|messgr(?:ö|oe)(?:ß|ss)en?|eigenschaft(?:en)?|bestandteile?|analisis|análisis|variables?)"
    r"(?:[ _]?name)?",
)
_VALUE = re.compile(
    r"(?:values?|results?|readings?|werte?|messwerte?|ergebnis(?:se)?|valeurs?|r[ée]sultats?|valor(?:es)?|resultados?)"
)
_UNIT = re.compile(r"units?|einheit(?:en)?|unit[ée]s?|unidad(?:es)?")


def widened(labels, rows, where):
    """Bring a table in long form into one row for each sample.

    Parameters
    ----------
    labels : list of str
    rows : list of list
        Cells.
    where : callable
        Names a row in a message.

    Returns
    -------
    labels : list of str
        That of the names, and the properties.
    rows : list of list
    first : list of int
        Row of each sample where it stands first. None in place of all three where the table is in no long form.

    Raises
    ------
    TableError
        If one property stands in two units, or a sample has two values of it.
    """
    properties, numbers, units_of = (_columns_called(pattern, labels) for pattern in (_PROPERTY, _VALUE, _UNIT))
    if len(properties) != 1 or len(numbers) != 1:
        return None
    of_property, of_value = properties[0], numbers[0]
    rows = [[*row, *[None] * (len(labels) - len(row))] for row in rows]
    others = {k: str(label) for k, label in enumerate(labels) if k not in (of_property, of_value, *units_of)}
    of_name = find_name_column(others, {k: [row[k] for row in rows] for k in others}, None, "")
    if of_name is None and others:
        of_name = min(others)
    if of_name is None:
        return None
    values, units, first = {}, {}, {}
    for r, row in enumerate(rows):
        if is_blank(row[of_name]) or is_blank(row[of_property]):
            continue
        name, label = str(row[of_name]).strip(), str(row[of_property]).strip()
        first.setdefault(name, r)
        unit = " ".join(str(row[k]).strip() for k in units_of if not is_blank(row[k]))
        if units.setdefault(label, unit) != unit:
            raise TableError(
                f"{where(r)}: {label!r} is in {unit or 'no unit'} here and in {units[label] or 'none'} above."
            )
        if values.setdefault((name, label), row[of_value]) != row[of_value]:
            raise TableError(
                f"{where(r)}: {name!r} has two values of {label!r}, {values[name, label]} and {row[of_value]}. Keep "
                "one, or their mean."
            )
    if len(first) == len(rows) and (len(units) != 1 or next(iter(units)).isdecimal()):
        # one row for each sample is no long form, unless all are of one property
        return None
    wide = [[rows[r][of_name], *(values.get((name, label)) for label in units)] for name, r in first.items()]
    return [labels[of_name], *units], wide, list(first.values())


def _columns_called(pattern, labels):
    return [k for k, label in enumerate(labels) if pattern.fullmatch(str(label).strip().lower())]
