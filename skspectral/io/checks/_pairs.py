"""What is checked between the spectra of two instruments."""

import numpy as np

from ..._core.quantities import are_mirrored
from ...preprocessing import Resample, common_grid
from ..names.pairing import pairing
from .findings import Finding, shown

__all__ = ["check_pair"]

# medians of one instrument so many times those of another are percent beside fractions
PERCENT = (30.0, 300.0)
# a spectrum is another sample's if its own is so many times further away than is usual, and the other is not
FURTHER = 5.0
# with pairs less alike than this, as between instruments with much noise, nothing can be said of single ones
CLEAR = 0.1
LEAST_PAIRS = 5
# one less the correlation of two spectra of a sample: of most pairs, of one beside the usual, and at least
UNLIKE, UNLIKE_OTHERS, LEAST_UNLIKE = 0.55, 25.0, 0.2
# squares of larger values overflow, and they are found elsewhere
LARGEST = 1e100
FEW = 5


def check_pair(table, first, second):
    """Yield what is found between two instruments of a table."""
    both = f"{first} and {second}"
    yield from _check_names(table, first, second, both)
    yield from _check_quantities(table, first, second, both)
    a, b = table.axis_of(first), table.axis_of(second)
    low, high = max(a[0], b[0]), min(a[-1], b[-1])
    if low >= high:
        yield Finding(
            "error",
            "the axes share no range",
            f"{first} {a[0]:.6g} to {a[-1]:.6g} {table.unit}, {second} {b[0]:.6g} to {b[-1]:.6g} {table.unit}",
            "Is the unit of both right, nm or cm-1? Give it with unit=.",
        )
        return
    A, B = _on_common_axis(table, first, second, low, high)
    if A is None:
        return
    yield from _check_levels(table, first, second, A, B, both)
    yield from _check_samples(table, first, second, A, B, both)


def _check_names(table, first, second, both):
    names = [[table.sample_id[row] for row in table.rows_of(name)] for name in (first, second)]
    known = [[label for label in labels if label is not None] for labels in names]
    if not all(known):
        return
    text, n, close = pairing(*known)
    if n == 0:
        yield Finding("error", "no sample was measured on both instruments", f"{both}: {text}",
                      "Compare how the samples are named; most methods need pairs.")  # fmt: skip
    elif close:
        yield Finding("warning", "some names differ little and do not pair", f"{both}: {text}", "Spell them alike.")


def _check_quantities(table, first, second, both):
    a, b = table.quantity_of(first), table.quantity_of(second)
    alike = {"log 1/R": "absorbance"}
    a, b = alike.get(a, a), alike.get(b, b)
    if a == b or "unknown" in (a, b):
        return
    remedy = "Convert both with to_absorbance()."
    if a.removeprefix("% ") == b.removeprefix("% "):
        yield Finding("error", "one instrument has percent, the other fractions", f"{both}: {a}, {b}", remedy)
    else:
        yield Finding("error", "the instruments hold different quantities", f"{both}: {a}, {b}", remedy)


def _on_common_axis(table, first, second, low, high):
    """Spectra of both on one axis within the range that they share; None where that has too few points."""
    axes = {name: table.axis_of(name) for name in (first, second)}
    if min(map(len, axes.values())) < FEW:
        return None, None
    if high - low < FEW * max(np.median(np.diff(axis)) for axis in axes.values()):
        return None, None
    grid = common_grid(axes)
    spectra = []
    for name, axis in axes.items():
        X = table.spectra_of(name)
        if not np.abs(X).max() < LARGEST:
            return None, None
        spectra.append(X if np.array_equal(axis, grid) else Resample(wavelengths=axis, grid=grid).fit_transform(X))
    return spectra


def _check_levels(table, first, second, A, B, both):
    """Mirror images, and values a hundred times those of the other."""
    if are_mirrored(A, B):
        yield Finding(
            "warning", "the spectra of one instrument are mirror images of the other's", both,
            "One may be reflectance or transmittance: say quantity= and convert with to_absorbance().",
        )  # fmt: skip
    low, high = sorted((float(np.median(np.abs(A))), float(np.median(np.abs(B)))))
    unknown = "unknown" in (table.quantity_of(first), table.quantity_of(second))
    if unknown and low > 0 and PERCENT[0] < high / low < PERCENT[1]:
        yield Finding(
            "warning", f"the values of one instrument are {high / low:.0f} times those of the other", both,
            "Is one of them percent? Say quantity= for each.",
        )  # fmt: skip


def _check_samples(table, first, second, A, B, both):
    """Pairs whose spectra are equal, or resemble another pair's."""
    where = [{}, {}]
    for k, name in enumerate((first, second)):
        for position, row in enumerate(table.rows_of(name)):
            if table.sample_id[row] is not None:
                where[k].setdefault(table.sample_id[row], []).append(position)
    paired = [sample for sample in where[0] if sample in where[1]]
    if not paired:
        return
    a = np.array([A[where[0][sample]].mean(axis=0) for sample in paired])
    b = np.array([B[where[1][sample]].mean(axis=0) for sample in paired])
    equal = [sample for sample, x, z in zip(paired, a, b) if np.array_equal(x, z)]
    if equal:
        yield Finding(
            "error", f"{len(equal)} samples have the same spectrum on both instruments, to the last digit",
            f"{both}: {shown(equal)}", "One file may have been copied; measure or export it again.",
        )  # fmt: skip
        return
    if not are_mirrored(A, B):
        yield from _check_shapes(second, paired, a, b, both)
    if len(paired) < LEAST_PAIRS:
        return
    likeness = _unit_rows(a) @ _unit_rows(b).T
    own, best = np.diag(likeness), likeness.argmax(axis=1)
    away, nearest = 1 - own, 1 - likeness[np.arange(len(paired)), best]
    usual = np.median(away)
    far = (away > FURTHER * usual) & (nearest < 2 * usual) & (usual < CLEAR)
    swapped = best[best] == np.arange(len(paired))
    beyond_doubt = (away > FURTHER**2 * usual) & (nearest < usual)
    wrong = np.flatnonzero((best != np.arange(len(paired))) & far & (swapped | beyond_doubt))
    if wrong.size and wrong.size < len(paired) / 2:
        listed = shown(f"{paired[k]} on {second} may be {paired[best[k]]}" for k in wrong)
        yield Finding(
            "warning", f"{wrong.size} samples resemble another sample on the other instrument", listed,
            "Were vials or names swapped?",
        )  # fmt: skip


def _check_shapes(second, paired, a, b, both):
    """Spectra of a pair whose shapes have nothing in common: a reversed axis, a blank scan, another material."""
    shapes = [X - X.mean(axis=1, keepdims=True) for X in (a, b)]
    lengths = [np.linalg.norm(X, axis=1) for X in shapes]
    if not all((length > 0).all() for length in lengths):
        return
    away = 1 - np.einsum("ij,ij->i", *shapes) / np.prod(lengths, axis=0)
    usual = float(np.median(away))
    if usual > UNLIKE:
        yield Finding(
            "warning", f"spectra of one sample are not alike in shape (median correlation {1 - usual:.2g})", both,
            "Is an axis reversed or in another unit, are one instrument's spectra derivatives, or these other samples?",
        )  # fmt: skip
        return
    odd = np.flatnonzero(away > max(UNLIKE_OTHERS * usual, LEAST_UNLIKE))
    if odd.size and odd.size < len(paired) / 2:
        yield Finding(
            "warning", f"{odd.size} samples have a spectrum on {second} of another shape than all others",
            shown(f"{paired[k]} (correlation {1 - away[k]:.2g}, usually {1 - usual:.2g})" for k in odd),
            "Is it a blank or failed scan, a reversed axis, or another sample? Measure it again, or leave it out.",
        )  # fmt: skip


def _unit_rows(X):
    """What tells the samples apart: spectra less their mean, scaled to length one."""
    centred = X - X.mean(axis=1, keepdims=True)
    centred = centred - centred.mean(axis=0)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return centred / np.where(length > 0, length, 1.0)
