"""Which labels of a table are an axis: ``1100 nm``, ``X1100``, ``spec.1100``, ``scan_nir.1350_ref``, ``1100,5``."""

import math
import re
from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Real

import numpy as np

from ...exceptions import TableError
from .numbers import decimal_of, is_blank, number
from .phrases import other_unit, quantity_of, unit_of

__all__ = ["AxisLabels", "axis_labels", "check_order"]

# number with an optional unit behind it, and whatever stands around both
_UNIT = r"cm ?\^? ?\(?[-−⁻–]?[1¹]\)?|cm[._]?1|1/cm|nm|[uµμ]m|microns?|nanomet(?:er|re)s?"  # noqa: RUF001
_LABEL = re.compile(
    rf"(?P<prefix>.*?)(?P<number>(?<!\d)\d[\d.,]*(?:[eE]\+?\d+)?)[\s_.]*[\[(]?\s*(?P<unit>{_UNIT})?\s*[\])]?"
    r"(?P<suffix>[^\d]*)",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"-\d*[.,]?\d+(?:[eE][+-]?\d+)?|\d*[.,]?\d+[eE]-\d+")
# letters that are typed, or read by a scanner, for digits
_LETTERS = str.maketrans("OoIlSB", "001158")
_SLIP = re.compile(r"\d+(?:[.,]\d+)?")
# prefix, suffix and unit of labels that are numbers alone
BARE = ("", "", "")
# a prefix of this kind counts; it does not say where the channel lies
LEAST_NAMED = 3
MOST_DETECTORS = 8
# whole numbers below this, behind a word, are no wavelengths in nm and no wavenumbers
LEAST_COUNTED = 150
# an axis of finer steps may well hold both 1000 and 1000.1
WIDEST_FINE_STEP = 0.15
# of fewer labels, none can be called the only one out of order
FEWEST_IN_ORDER = 8


@dataclass
class AxisLabels:
    """Labels that are an axis: their positions, their values, and what they say of unit and quantity."""

    columns: list
    values: np.ndarray
    unit: str = ""
    quantity: str = "unknown"
    stem: tuple = ("", "")
    notes: list = field(default_factory=list)

    @property
    def bare(self):
        """Whether the labels are numbers alone, with or without a unit."""
        return self.stem == ("", "")

    @property
    def counted(self):
        """Whether the values only number the columns: 1, 2, 3, ... or 0, 1, 2, ...; behind a word, any small ones."""
        first = self.values[0] if len(self.values) else 0
        whole = np.array_equal(self.values, np.round(self.values))
        if not self.bare and not self.unit and whole and self.values.max(initial=0) < LEAST_COUNTED:
            return True
        return first in (0, 1) and np.array_equal(self.values, first + np.arange(len(self.values)))


def axis_labels(labels, where, *, decimal=None, cells_decimal=None):
    """Find the labels that are an axis.

    Parameters
    ----------
    labels : sequence
        Labels of all columns (text, numbers or None).
    where : str
        Where they stand, for messages.
    decimal : str, optional
        Decimal sign that the user named.
    cells_decimal : str, optional
        Decimal sign that the spectra prove.

    Returns
    -------
    AxisLabels or None
        None where no labels are an axis.

    Raises
    ------
    TableError
        If two readings of the labels are possible.
    """
    groups = {}
    for column, label in enumerate(labels):
        if isinstance(label, str):
            label = label.strip().removeprefix("+")
            if _SIGNED.fullmatch(label):
                # a number, but none that an axis has
                groups.setdefault(BARE, []).append((column, math.nan))
                continue
            match = _LABEL.fullmatch(label)
            if match is None:
                continue
            unit, suffix = unit_of(match["unit"]) if match["unit"] else "", match["suffix"]
            if not unit and other_unit(suffix) == suffix.strip(" ()[]").lower():
                unit, suffix = other_unit(suffix), ""
            stem = (match["prefix"], suffix, unit)
            groups.setdefault(stem, []).append((column, match["number"]))
        elif isinstance(label, Real) and not isinstance(label, bool) and not is_blank(label):
            groups.setdefault(BARE, []).append((column, float(label)))
    found = []
    _spread_unit(groups)
    for stem, members in groups.items():
        if any(value != value for _, value in members):
            return None
        if stem[:2] != BARE[:2] and len(members) < LEAST_NAMED:
            continue
        axis = _read(stem, members, labels, where, decimal, cells_decimal)
        if axis is not None and (axis.bare or not axis.counted):
            found.append(axis)
    if not found:
        return None
    found.sort(key=lambda axis: len(axis.columns), reverse=True)
    for other in found[1:]:
        if other.stem == found[0].stem:
            units = " and ".join(axis.unit or "none" for axis in (found[0], other))
            raise TableError(f"{where}: the labels of the spectrum name several units: {units}.")
    _refuse_two_sets(found, where)
    _refuse_slips(found[0], labels, where)
    return found[0]


def _spread_unit(groups):
    """Give numbers alone the unit that one label among them says for all: 1100 nm, 1102, 1104."""
    said = [stem for stem, members in groups.items() if stem[:2] == BARE[:2] and stem[2] and len(members) == 1]
    if BARE in groups and len(said) == 1:
        groups[said[0]] = sorted([*groups.pop(BARE), *groups[said[0]]])


def _read(stem, members, labels, where, decimal, cells_decimal):
    texts = [text for _, text in members if isinstance(text, str)]
    sign = _sign(texts, where, decimal, cells_decimal, stem)
    grouped = decimal is not None or any({".", ","} <= set(text) for text in texts)
    columns, values, unread = [], [], []
    for column, text in members:
        try:
            value = text if isinstance(text, float) else number(text, sign, grouped=grouped)
        except ValueError:
            unread.append(labels[column])
            continue
        columns.append(column)
        values.append(value)
    if not columns:
        return None
    if unread and stem[:2] == BARE[:2]:
        raise TableError(
            f"{where}: the label {unread[0]!r} is no number with the decimal sign {sign!r}. Is it a repeated label "
            "that a program renamed?"
        )
    said = " ".join(stem[:2])
    unit = stem[2] or unit_of(said) or other_unit(said)
    return AxisLabels(columns, np.array(values), unit, quantity_of(said.replace("_", " ")), stem[:2])


def _sign(texts, where, decimal, cells_decimal, stem):
    """Decide how the numbers in the labels are written."""
    if decimal is not None:
        return decimal
    proved = decimal_of(texts)
    if proved == "both":
        raise TableError(f"{where}: point and comma are both decimal signs in the labels. Write them in one way.")
    if proved:
        return proved
    doubtful = next((text for text in texts if "." in text or "," in text), None)
    if doubtful is None:
        return "."
    sign = "," if "," in doubtful else "."
    if cells_decimal == sign and not any({".", ","} <= set(text) for text in texts):
        return sign
    raise TableError(
        f"{where}: the label {stem[0] + doubtful + stem[1]!r} is ambiguous: {sign!r} may separate thousands or be the "
        f"decimal sign. Say which is the decimal sign of the file with decimal='.' or decimal=','."
    )


def _refuse_two_sets(found, where):
    """Refuse a table that holds two spectra per row, such as raw and processed ones."""
    rivals = [axis for axis in found[1:] if len(axis.columns) > max(LEAST_NAMED, 0.3 * len(found[0].columns))]
    if rivals:
        first, second = (f"{axis.stem[0]}{axis.values[0]:g}{axis.stem[1]}" for axis in (found[0], rivals[0]))
        raise TableError(
            f"{where}: each row holds two spectra, one from column {first!r}, one from column {second!r}. Keep one of "
            "the two sets of columns in the file."
        )


def _refuse_slips(axis, labels, where):
    """Refuse a label that continues or completes the axis but for a letter, such as 11O2."""
    if not axis.bare or len(axis.columns) < LEAST_NAMED:
        return
    values = dict(zip(axis.columns, axis.values))
    step = float(np.median(np.abs(np.diff(axis.values))))
    for column in range(max(axis.columns[0] - 1, 0), min(axis.columns[-1] + 2, len(labels))):
        label = labels[column]
        text = label.strip().translate(_LETTERS) if isinstance(label, str) else ""
        if column in values or text == label or not _SLIP.fullmatch(text):
            continue
        number, beside = float(text.replace(",", ".")), [values[k] for k in (column - 1, column + 1) if k in values]
        if beside and all(0 < abs(number - value) < 3 * step for value in beside):
            raise TableError(
                f"{where}: the label {label!r} stands beside {', '.join(f'{value:g}' for value in beside)} and is no "
                "number. Is it a typing error?"
            )


def check_order(values, labels, where):
    """Refuse labels that repeat, that pandas renamed, or that run through one range twice.

    Parameters
    ----------
    values : ndarray of shape (n_channels,)
        Axis, in the order of the file.
    labels : sequence of shape (n_channels,)
        As they are written.
    where : str
        Where they stand.

    Returns
    -------
    list of str
        What a user should know: the columns were in no order.

    Raises
    ------
    TableError
        If sorting the columns would mix two spectra.
    """
    steps = np.diff(values)
    renamed = _renamed(values, labels)
    if renamed is not None:
        first, second = renamed
        raise TableError(
            f"{where}: the label {second!r} looks like a repeated label {first!r} that pandas renamed when it read two "
            "columns of one name. Give each wavelength one column; two detectors that overlap must be joined first."
        )
    order = np.argsort(values, kind="stable")
    for k, m in pairwise(order):
        if values[k] == values[m]:
            raise TableError(f"{where} has two columns for {values[k]:g}: {labels[k]!r} and {labels[m]!r}.")
    if (steps > 0).all() or (steps < 0).all():
        return []
    odd = _one_out_of_order(values)
    if odd is not None:
        raise TableError(
            f"{where}: the label {labels[odd]!r} stands between {labels[max(odd - 1, 0)]!r} and "
            f"{labels[min(odd + 1, len(values) - 1)]!r}, and all others are in order. Is it a typing error, or do two "
            "detectors overlap there?"
        )
    usual = 1 if (steps > 0).sum() >= (steps < 0).sum() else -1
    starts = [0, *(np.flatnonzero(np.sign(steps) != usual) + 1).tolist(), len(values)]
    # more runs than any instrument has detectors are columns in no order at all
    few = len(starts) - 1 <= MOST_DETECTORS
    runs = [values[a:b] for a, b in pairwise(starts) if few and b - a >= LEAST_NAMED]
    for i, run in enumerate(runs):
        for other in runs[i + 1 :]:
            low, high = max(run.min(), other.min()), min(run.max(), other.max())
            if low <= high:
                raise TableError(
                    f"{where}: the labels run up twice, and two detectors overlap from {low:g} to {high:g}. The order "
                    "of the columns cannot be kept on one axis: cut one of the two where the other begins."
                )
    return ["the columns of the spectrum were not in the order of their labels; they are sorted"]


def _one_out_of_order(values):
    """Position of the one label without which all others are in order; None where there is no such one, or few."""
    if len(values) < FEWEST_IN_ORDER:
        return None
    rises = np.diff(values) > 0
    wrong = np.flatnonzero(rises != (rises.sum() > rises.size / 2))
    for position in (k for at in wrong[:1] for k in (at, at + 1)):
        steps = np.diff(np.delete(values, position))
        if (steps > 0).all() or (steps < 0).all():
            return int(position)
    return None


def _renamed(values, labels):
    """Find a label that is another one with .1 behind it, on an axis whose steps are wider than that."""
    texts = {str(label).strip() for label in labels}
    steps = np.diff(np.unique(values))
    if steps.size and np.quantile(steps, 0.75) < WIDEST_FINE_STEP:
        return None
    for text in sorted(texts):
        stem, _, end = text.rpartition(".")
        if end == "1" and stem in texts:
            return stem, text
    return None
