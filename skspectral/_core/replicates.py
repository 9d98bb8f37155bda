"""Whether the replicates of a sample are scans of one sample: reused numbers average different samples in silence."""

import warnings

import numpy as np
from scipy.spatial.distance import pdist

from ..exceptions import ReplicatesDisagreeError, ReplicatesDisagreeWarning
from .inheritance import REFERENCE_TOLERANCE
from .labels import UNPAIRED

__all__ = ["check_replicates"]

# scans are compared by their shape: the steps between the means of this many blocks of channels, after SNV
MOST_BLOCKS, FEWEST_BLOCKS = 48, 8
MOST_SAMPLES = 200
# distances between the scans of one sample, relative to those between scans of different samples: handhelds on whole
# grain reach 0.8, reused ids 1; where the references speak of reuse, too, less will do
AS_FAR_AS_OTHERS, SUSPICIOUS = 0.9, 0.7
OUTLYING, TIMES_THE_OTHERS = 0.5, 5.0
LEAST_FOR_OUTLIERS, LEAST_FOR_REUSE = 5, 3
# so many scans, beyond the first of each sample, tell it of fewer samples too
LEAST_SCANS = 6
# share of the variance of a property that lies within the samples, above which ids do not explain it
UNEXPLAINED = 0.5
MOST_NAMED = 4


def check_replicates(rows, y):
    """Compare the replicates of every sample on one instrument, their spectra and their references.

    Parameters
    ----------
    rows : TransferRows
    y : ndarray of shape (n_spectra, n_targets)
        References as the user gave them, in the order of ``rows``.

    Raises
    ------
    ReplicatesDisagreeError
        If spectra and references of the same id differ as much as those of different ids do.

    Warns
    -----
    ReplicatesDisagreeWarning
        If the references of one id differ on one instrument, if the scans of all ids are as far apart as different
        samples, or those of some ids are much farther apart than those of the others.
    """
    for side, instrument in ((False, rows.source), (True, rows.target)):
        positions = np.flatnonzero((rows.is_target == side) & (rows.codes != UNPAIRED))
        codes, group, counts = np.unique(rows.codes[positions], return_inverse=True, return_counts=True)
        if len(codes) == 0 or counts.max() == 1:
            continue
        where = "" if instrument is None else f" on {instrument!r}"
        names = rows.sample_id[positions[np.unique(group, return_index=True)[1]]]
        typical, farthest = _relative_distances(rows.X[positions], group, counts, rows.X[rows.is_target != side])
        differing, unexplained, reference_text = _references(y[positions], group, counts, names)
        if typical >= SUSPICIOUS and unexplained:
            raise ReplicatesDisagreeError(
                f"The rows of one sample_id{where} are not scans of one sample: their spectra differ as much as those "
                f"of different samples, and so do their references ({reference_text}). Numbers that restart with "
                "every batch do that: make sample_id unique, for example by adding the batch to it."
            )
        if len(differing):
            warnings.warn(
                f"{len(differing)} of {int((counts > 1).sum())} samples with replicates{where} have references that "
                f"differ from row to row ({reference_text}); their mean is used. Make sure that sample_id is unique.",
                ReplicatesDisagreeWarning,
                stacklevel=3,
            )
        _warn_of_spectra(typical, farthest, names, where)


def _warn_of_spectra(typical, farthest, names, where):
    """Warn of scans of one sample that are far apart."""
    known = np.isfinite(farthest)
    if typical >= AS_FAR_AS_OTHERS:
        text = (
            f"The scans of one sample{where} differ as much as those of different samples: at the median over "
            f"{int(known.sum())} samples with replicates ({_listed(names[known])}), {typical:.2g} times. Either "
            "sample_id is not unique, or the scatter of single scans hides the samples."
        )
    else:
        if known.sum() < LEAST_FOR_OUTLIERS:
            return
        limit = max(OUTLYING, TIMES_THE_OTHERS * np.median(farthest[known]))
        outlying = np.flatnonzero(known & (np.nan_to_num(farthest) >= limit))
        if not len(outlying):
            return
        worst = outlying[np.argsort(-farthest[outlying], kind="stable")]
        text = (
            f"The scans of {len(worst)} of {int(known.sum())} samples with replicates{where} differ far more than "
            f"those of the others: {_listed(names[worst])}. They are averaged; check that each sample_id stands for "
            "one sample."
        )
    warnings.warn(text, ReplicatesDisagreeWarning, stacklevel=4)


def _relative_distances(X, group, counts, elsewhere):
    """Distances between the scans of a sample, relative to the median between scans of different samples.

    Where there are few samples, spectra of the other instrument (n_elsewhere, n_channels) say how far those lie apart.

    Returns
    -------
    typical : float
        Median over the samples of the root mean square distance; 0 where too few samples have replicates.
    farthest : ndarray of shape (n_samples,)
        Of the scan that is farthest from the mean of the others, scaled like the distance of two scans; NaN for
        samples with a single scan or beyond the first few hundred, and where there is no shape to compare.
    """
    farthest, typical = np.full(len(counts), np.nan), []
    repeated = np.flatnonzero(counts > 1)
    others = X[np.unique(group, return_index=True)[1]]
    if len(others) < LEAST_FOR_OUTLIERS <= len(elsewhere):
        others = elsewhere
    if X.shape[1] < FEWEST_BLOCKS or len(others) < 2:
        return 0.0, farthest
    repeated = repeated[np.unique(np.linspace(0, len(repeated) - 1, MOST_SAMPLES).astype(int))]
    others = others[np.unique(np.linspace(0, len(others) - 1, MOST_SAMPLES).astype(int))]
    between = np.median(pdist(_shapes(others), "sqeuclidean"))
    if between == 0:
        return 0.0, farthest
    for sample in repeated:
        scans, k = _shapes(X[group == sample]), counts[sample]
        squares = ((scans - scans.mean(axis=0)) ** 2).sum(axis=1)
        typical.append(np.sqrt(2 * squares.sum() / (k - 1) / between))
        farthest[sample] = np.sqrt(2 * squares.max() * k / (k - 1) / between)
    enough = len(typical) >= LEAST_FOR_REUSE or (counts[repeated] - 1).sum() >= LEAST_SCANS
    return float(np.median(typical)) if enough else 0.0, farthest


def _shapes(X):
    """Steps between block means of spectra with zero mean and unit variance."""
    edges = np.linspace(0, X.shape[1], min(MOST_BLOCKS, X.shape[1]) + 1).astype(int)
    blocks = np.add.reduceat(X, edges[:-1], axis=1) / np.diff(edges)
    spread = blocks.std(axis=1, keepdims=True)
    return np.diff((blocks - blocks.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0), axis=1)


def _references(y, group, counts, names):
    """Samples whose references differ, whether ids leave them unexplained, and a text that names the worst."""
    ranges = np.zeros((len(counts), y.shape[1]))
    scatter, degrees = np.zeros(y.shape[1]), np.zeros(y.shape[1])
    for sample in np.flatnonzero(counts > 1):
        values = y[group == sample]
        for j, column in enumerate(values.T):
            known = column[np.isfinite(column)]
            if len(known) > 1:
                extent = np.ptp(known)
                ranges[sample, j] = extent if extent > REFERENCE_TOLERANCE * np.abs(known).max() else 0.0
                scatter[j] += ((known - known.mean()) ** 2).sum()
                degrees[j] += len(known) - 1
    differing = np.flatnonzero((ranges > 0).any(axis=1))
    if not len(differing):
        return differing, False, ""
    total = np.array([column[np.isfinite(column)].var() if np.isfinite(column).any() else 0.0 for column in y.T])
    share = np.divide(scatter, degrees * total, out=np.zeros_like(total), where=degrees * total > 0)
    unexplained = len(differing) >= LEAST_FOR_REUSE and bool((share >= UNEXPLAINED).any())
    relative = ranges / np.sqrt(np.where(total > 0, total, 1.0))
    worst = differing[np.argsort(-relative[differing].max(axis=1), kind="stable")]
    sample, column = worst[0], int(relative[worst[0]].argmax())
    text = f"{_listed(names[worst])}; those of {names[sample]!r} by {ranges[sample, column]:.4g}"
    if total[column] > 0:
        text += f", where all references have a standard deviation of {np.sqrt(total[column]):.4g}"
    return differing, unexplained, text


def _listed(names):
    shown = ", ".join(repr(name) for name in names[:MOST_NAMED])
    return shown + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
