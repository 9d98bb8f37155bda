"""Spectra and predictions that are far from all that a model was fitted on."""

import warnings

import numpy as np

from ..exceptions import AbsurdPredictionWarning, CopiedSpectraWarning, ImplausibleSpectraError, SpectraScaleWarning
from .nested import is_nested
from .property_names import property_name

__all__ = [
    "DWARFING_SPECTRA",
    "OTHER_SCALE",
    "FEWEST_CHANNELS",
    "fitted_range",
    "is_off_scale",
    "refuse_dwarfing",
    "sizes_of",
    "warn_of_absurd",
    "warn_of_copies",
    "warn_of_scale",
    "warn_of_scales",
]

# beside a value that is larger by this factor all other spectra are lost in the rounding of sums of squares
DWARFING_SPECTRA = 1e7
# spectra of one quantity and unit differ by less in size; percent and fraction, counts and absorbance by more
OTHER_SCALE = 20.0
# of fewer channels, rounded values may well agree
FEWEST_CHANNELS = 8
# predictions that are farther from the references than this many times their extent mean nothing
ABSURD = 1e3


def fitted_range(X, y):
    """What the spectra and references of ``fit`` reached, as arrays that any model file can hold.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra, n_targets)
        NaN where there is no reference.

    Returns
    -------
    dict
        ``typical`` (2, n_channels): mean and standard deviation of the spectra; ``largest``: largest magnitude of a
        value; ``sizes`` (2,): smallest and largest root mean square of a spectrum; ``centre`` and ``reach``
        (n_targets,): mean of the references, and the larger of their extent and their largest magnitude, NaN without
        references.
    """
    centre, reach = np.full((2, y.shape[1]), np.nan)
    for j, column in enumerate(y.T):
        known = column[np.isfinite(column)]
        if len(known):
            centre[j], reach[j] = known.mean(), max(np.ptp(known), np.abs(known).max())
    typical = np.stack([X.mean(axis=0), X.std(axis=0)])
    sizes = sizes_of(X)
    return {
        "typical": typical,
        "largest": float(np.abs(X).max()),
        "sizes": np.array([sizes.min(), sizes.max()]),
        "centre": centre,
        "reach": reach,
    }


def sizes_of(X):
    """Root mean square of each spectrum, (n_spectra,)."""
    return np.sqrt(np.einsum("ij,ij->i", X, X) / X.shape[1])


def is_off_scale(sizes, smallest, largest):
    """Whether sizes (n_spectra,) are far below or above what was seen, of the same shape."""
    return (sizes < smallest / OTHER_SCALE) | (sizes > OTHER_SCALE * largest)


def refuse_dwarfing(estimator, X):
    """Raise ImplausibleSpectraError for spectra beside which those of ``fit`` are nothing."""
    seen = getattr(estimator, "_range", None)
    if seen is None or not len(X) or seen["largest"] == 0:
        return
    largest = np.abs(X).max(axis=1)
    bad = np.flatnonzero(largest > DWARFING_SPECTRA * seen["largest"])
    if len(bad):
        row, channel = bad[0], int(np.argmax(np.abs(X[bad[0]])))
        raise ImplausibleSpectraError(
            f"X holds {X[row, channel]:.3g} in row {row}, channel {channel}, and no value of fit was larger than "
            f"{seen['largest']:.3g}; {len(bad)} of {len(X)} spectra are affected. It looks like a fill value, or like "
            "spectra of another quantity: remove or convert them."
        )


def warn_of_scale(estimator, X):
    """Warn of spectra that are much larger or smaller than all of ``fit``, as percent beside fractions."""
    seen = (getattr(estimator, "_range", None) or {}).get("sizes")
    if seen is None or is_nested() or not len(X) or not seen[0] > 0:
        return
    sizes = sizes_of(X)
    off = np.flatnonzero(is_off_scale(sizes, *seen))
    if not len(off):
        return
    most = 2 * len(off) > len(X)
    size = float(np.median(sizes[off]) if most else sizes[off[0]])
    factor = size / (seen[1] if size > seen[1] else seen[0])
    which = "The spectra" if most else f"{len(off)} of {len(X)} spectra (first: row {off[0]})"
    warnings.warn(
        f"{which} are {factor:.3g} times as large as those of fit (root mean square {size:.3g}, where those of fit "
        f"reach from {seen[0]:.3g} to {seen[1]:.3g}). Are they of the same quantity and unit, such as percent or "
        "fraction, absorbance or counts?",
        SpectraScaleWarning,
        stacklevel=4,
    )


def warn_of_scales(rows, *, stacklevel):
    """Warn where the spectra of one instrument are on the whole much larger than those of the other, and single ones.

    Parameters
    ----------
    rows : TransferRows
    stacklevel : int
        As in ``warnings.warn``, counted from the caller.
    """
    is_target, names, sizes = rows.is_target, (rows.source, rows.target), sizes_of(rows.X)
    for side, name in zip((False, True), names):
        _warn_of_single(rows, np.flatnonzero(is_target == side), sizes, name, stacklevel + 2)
    if not is_target.any() or is_target.all():
        return
    medians = [float(np.median(sizes[is_target == side])) for side in (False, True)]
    small, large = np.argsort(medians)
    if medians[small] > 0 and medians[large] > OTHER_SCALE * medians[small]:
        warnings.warn(
            f"Spectra of {names[large]!r} are {medians[large] / medians[small]:.3g} times as large as those of "
            f"{names[small]!r} (root mean square {medians[large]:.3g} and {medians[small]:.3g}). Are they of the same "
            "quantity and unit, such as percent or fraction, absorbance or counts?",
            SpectraScaleWarning,
            stacklevel=stacklevel + 1,
        )


def _warn_of_single(rows, own, sizes, name, stacklevel):
    """Warn of spectra that are much larger than the others of their instrument, and would outweigh them all."""
    usual = float(np.median(sizes[own])) if len(own) else 0.0
    large = own[sizes[own] > OTHER_SCALE * usual] if usual > 0 else own[:0]
    if len(large):
        first = large[0]
        which = f"in row {rows.order[first]}" if rows.sample_id is None else f"of sample {rows.sample_id[first]!r}"
        whose = "" if name is None else f" of {name!r}"
        more = f", and {len(large) - 1} more" if len(large) > 1 else ""
        warnings.warn(
            f"The spectrum {which} is {sizes[first] / usual:.3g} times as large as is usual among the {len(own)} "
            f"spectra{whose}{more}. Is it of another unit or quantity (percent, counts), or a fill value? It outweighs "
            "the others: convert it, or leave it out.",
            SpectraScaleWarning,
            stacklevel=stacklevel,
        )


def warn_of_copies(rows, *, stacklevel):
    """Warn of spectra that are equal to the last digit, as those of one file that was read twice are.

    Two spectra of a pair, or of two samples on one instrument.

    Parameters
    ----------
    rows : TransferRows
    stacklevel : int
        As in ``warnings.warn``, counted from the caller.
    """
    if rows.X.shape[1] < FEWEST_CHANNELS or rows.sample_id is None:
        return
    pairs, names = rows.pairs, (rows.source, rows.target)
    for side, name in zip((False, True), names):
        _warn_of_one_for_two(rows, side, name, stacklevel + 2)
    same = int((pairs.source == pairs.target).all(axis=1).sum())
    if same:
        warnings.warn(
            f"{same} of {len(pairs)} pairs have the same spectrum on {names[0]!r} and {names[1]!r}, to the last digit, "
            "which no two measurements have. Was one file given for both, or copied?",
            CopiedSpectraWarning,
            stacklevel=stacklevel + 1,
        )


def _warn_of_one_for_two(rows, side, name, stacklevel):
    """Warn of samples that share one spectrum on an instrument."""
    owners = {}
    for row in np.flatnonzero((rows.is_target == side) & (rows.codes >= 0)):
        owners.setdefault(rows.X[row].tobytes(), {})[rows.codes[row]] = rows.sample_id[row]
    shared = sorted(sorted(map(repr, found.values())) for found in owners.values() if len(found) > 1)
    if shared:
        more = len(shared) - 1
        warnings.warn(
            f"Samples {', '.join(shared[0])} have the same spectrum on {name!r}, to the last digit"
            + (f", and {more} more such groups" if more else "")
            + ": no two measurements have. Was one file taken for several samples?",
            CopiedSpectraWarning,
            stacklevel=stacklevel,
        )


def warn_of_absurd(estimator, values):
    """Warn of predictions (n_spectra, n_targets) that nothing in ``fit`` supports."""
    seen = getattr(estimator, "_range", None)
    if seen is None or is_nested() or values.shape[1] != len(seen["reach"]):
        return
    far = np.abs(values - seen["centre"]) > ABSURD * np.maximum(seen["reach"], np.finfo(float).tiny)
    if far.any():
        row, column = np.argwhere(far)[0]
        name = property_name(column, values.shape[1])
        warnings.warn(
            f"{int(far.any(axis=1).sum())} of {len(values)} predictions lie more than {ABSURD:g} times the extent of "
            f"the references away from them, first {values[row, column]:.3g} of {name} in row {row}, where "
            f"references are around {seen['centre'][column]:.3g}. Check these spectra: they are of another kind than "
            "those of fit, or hold a fill value.",
            AbsurdPredictionWarning,
            stacklevel=4,
        )
