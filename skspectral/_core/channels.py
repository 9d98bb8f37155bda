"""What the columns of a table say of their wavelengths: numbers, with or without a unit, in whatever order."""

import re
from dataclasses import dataclass
from numbers import Number
from typing import NamedTuple

import numpy as np

from ..exceptions import AxisMismatchError
from .units import check_unit

__all__ = [
    "Labels",
    "axis_columns",
    "beside_the_axis",
    "channel_labels",
    "equal_names",
    "LabelledSpectra",
    "is_table",
    "numbers_in",
    "rows_of",
    "spectra_of",
]

# perhaps a name, a number, and behind it perhaps a unit, perhaps in brackets
_LABEL = re.compile(
    r"(?P<stem>\D*)(?P<number>\d+(?P<fraction>[.,]\d*)?(?:[eE][+-]?\d+)?)"
    r"(?:[\s_]*[\[(]?\s*(?P<unit>(?<=[\s_(\[])1/cm|[^\d\s[(].*?)\s*[\])]?)?"
)
# names such as X1100 and spec.1100 hold wavelengths; those that scikit-learn makes, and small numbers, count
LEAST_NAMED, LEAST_OF_NAMES = 3, 100.0
NO_STEMS = {"x", "-"}


# fewer columns with numbers as labels are no axis
FEWEST = 3


class Labels(NamedTuple):
    """Wavelengths that channels are labelled with.

    Attributes
    ----------
    values : ndarray of shape (n_channels,)
    unit : str or None
        One of ``UNITS``; None where nobody said.
    """

    values: np.ndarray
    unit: str | None

    def __str__(self):
        ends = (self.values.min(), self.values.max()) if self.values.size else (np.nan, np.nan)
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.values.size} channels from {ends[0]:.8g} to {ends[1]:.8g}{unit}"

    @property
    def counted(self):
        """Whether the labels number the columns, in any order: they do not say where these were measured."""
        first = self.values.min()
        return (
            self.unit is None
            and first in (0, 1)
            and bool(np.array_equal(np.sort(self.values), first + np.arange(self.values.size)))
        )


def is_table(X):
    """Tell whether ``X`` is a table of spectra with an axis, such as :class:`~skspectral.io.SpectraTable`."""
    return not hasattr(X, "iloc") and all(hasattr(X, name) for name in ("X", "wavelengths", "unit"))


def spectra_of(X):
    """Give the matrix of a table of spectra; anything else as it is."""
    return X.X if is_table(X) else X


@dataclass(frozen=True, eq=False)
class LabelledSpectra:
    """Spectra with their axis, as estimators read it.

    Attributes
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    wavelengths : ndarray of shape (n_channels,)
    unit : str or None
        One of ``UNITS``; None where nobody said.
    """

    X: np.ndarray
    wavelengths: np.ndarray
    unit: str | None

    def __len__(self):
        return len(self.X)

    @property
    def shape(self):
        """Numbers of spectra and channels."""
        return self.X.shape


def rows_of(X, rows, instrument):
    """Take the rows of one instrument with their labels, on its own axis where a table has one for each."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if not is_table(X):
        return np.asarray(X)[rows]
    axis, values = X.wavelengths, np.asarray(X.X)[rows]
    if hasattr(axis, "keys"):
        axis = axis[instrument]
        values = values[:, : len(axis)]
    return LabelledSpectra(values, np.asarray(axis), X.unit)


def channel_labels(X):
    """Read the wavelengths that the columns of ``X`` are labelled with.

    Parameters
    ----------
    X : object
        A table of spectra, or a DataFrame (pandas, polars) whose labels are numbers, also as text: ``1100``,
        ``"1100.0"``, ``"1100 nm"``, ``"9090.9 cm-1"``, or with one name before all, ``"X1100"``.

    Returns
    -------
    Labels or None
        None where the labels are not all numbers, or only count the columns from 0 or 1.

    Raises
    ------
    AxisMismatchError
        If labels name several units, or the instruments of a table have axes of their own.
    """
    if is_table(X):
        if hasattr(X.wavelengths, "keys"):
            raise AxisMismatchError(
                f"The instruments of X have axes of their own ({', '.join(map(repr, X.wavelengths))}): bring them onto "
                "one axis first, with on('overlap') or stack_instruments."
            )
        unit = None if X.unit is None else check_unit(X.unit, name="the unit of X")
        return Labels(np.array(X.wavelengths, dtype=np.float64), unit)
    columns = getattr(X, "columns", None)
    if columns is None or not np.size(columns):
        return None
    found = numbers_in(columns)
    if found is None or (found.counted and bool((np.diff(found.values) > 0).all())):
        return None
    return found


def numbers_in(names):
    """Read names of columns as wavelengths; None where one of them is none."""
    names = _one_level(names)
    kind = getattr(getattr(names, "dtype", None), "kind", "O")
    if kind in "iuf":
        return Labels(np.array(names, dtype=np.float64), None)
    values, units, stems = [], set(), set()
    matches = [_LABEL.fullmatch(name.strip()) if isinstance(name, str) else None for name in names]
    sign = _decimal_sign([match for match in matches if match])
    for name, match in zip(names, matches):
        if match is not None and (match["fraction"] or sign)[0] == sign:
            values.append(float(match["number"].replace(",", ".")))
            stems.add(match["stem"].lstrip("+").strip())
            if match["unit"]:
                units.add(match["unit"])
        elif isinstance(name, Number) and not isinstance(name, (bool, complex)):
            values.append(float(name))
            stems.add("")
        else:
            return None
    if len(stems) > 1 or stems & NO_STEMS:
        return None
    if stems != {""} and (len(values) < LEAST_NAMED or min(values) < LEAST_OF_NAMES):
        return None
    try:
        units = {check_unit(unit) for unit in units}
    except ValueError:
        return None
    if len(units) > 1:
        raise AxisMismatchError(f"The column labels of X name several units: {', '.join(sorted(units))}.")
    return Labels(np.array(values), units.pop() if units else None)


def _one_level(names):
    """Give names on several levels, as of a pandas MultiIndex, by the level on which they differ."""
    n_levels = getattr(names, "nlevels", 1)
    if n_levels == 1:
        return names
    levels = [names.get_level_values(k) for k in range(n_levels)]
    differing = [level for level in levels if level.nunique() > 1]
    if len(differing) < 2:
        return differing[0] if differing else levels[-1]
    first, last = (tuple(map(str, name)) for name in (names[0], names[-1]))
    raise AxisMismatchError(
        f"The columns of X are named on {n_levels} levels, such as {first} and {last}, and differ on "
        f"{len(differing)} of them. Give the spectra alone, as in X[{names[-1][0]!r}]."
    )


def _decimal_sign(matches):
    """Sign before the fractions: a comma only where it separates no thousands."""
    fractions = [match["fraction"] for match in matches if match["fraction"]]
    commas = [fraction for fraction in fractions if fraction[0] == ","]
    return "," if len(commas) == len(fractions) and any(len(comma) != 4 for comma in commas) else "."


def equal_names(table):
    """List the names that several columns of a table have; None may be one."""
    names = list(getattr(table, "columns", ()))
    return [name for name in dict.fromkeys(names) if names.count(name) > 1] if len(set(names)) < len(names) else []


def axis_columns(columns):
    """Name the columns that are wavelengths, among others such as names and references.

    Parameters
    ----------
    columns : sequence
        Labels of a table.

    Returns
    -------
    list
        In the order of the table: the most columns whose labels have one name, or none, before the number.
    """
    by_stem = {}
    for label in columns:
        stem = _stem(label)
        if stem is not None:
            by_stem.setdefault(stem, []).append(label)
    # of equally many, bare numbers
    for _, labels in sorted(by_stem.items(), key=lambda item: (-len(item[1]), item[0] != "")):
        if numbers_in(labels) is not None:
            return labels
    return []


def beside_the_axis(columns):
    """Name the columns that are no wavelengths where most are.

    Parameters
    ----------
    columns : sequence
        Labels of a table.

    Returns
    -------
    list
        Empty where all labels are wavelengths, or half of them or fewer.
    """
    columns = list(columns)
    axis = axis_columns(columns)
    stem = _stem(axis[0]) if axis else None
    others = [label for label in columns if not axis or _stem(label) != stem]
    return others if len(axis) >= FEWEST and len(axis) > len(others) else []


def _stem(label):
    """What stands before the number of a label; None where it is none."""
    if isinstance(label, str):
        match = _LABEL.fullmatch(label.strip())
        return None if match is None else match["stem"].lstrip("+").strip()
    return "" if isinstance(label, Number) and not isinstance(label, (bool, complex)) else None
