"""Standards whose source and target spectra do not belong together."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.base import BaseEstimator

from .._core.labels import UNPAIRED, id_order
from .._core.references import check_references
from .._core.roles import TransferRows
from .._core.validation import validate_spectra
from ..exceptions import AmbiguousInstrumentError, ConstantSpectraError, TooFewStandardsError
from ._pairing import N_COMPONENTS, PairModel, source_scores

__all__ = ["WrongPairs", "find_wrong_pairs", "sorted_pairs"]

LEAST_PAIRS = 5
# of the whole set of pairs: each pair is tested at this level divided by their number
SIGNIFICANCE = 0.01
# medians of absolute deviations, scaled to standard deviations
LARGEST_ROUGHNESS = 7.0
# Cube roots of sums of squares below this share of the spectra are rounding.
NOISE_FLOOR = 1e-9


@dataclass(frozen=True, eq=False)
class WrongPairs:
    """What was found; arrays and lists follow ``sample_id``.

    Attributes
    ----------
    sample_id : list
        The pairs, sorted.
    belongs_to : dict
        The sample whose source spectrum fits the target spectrum filed under each id; the id itself where nothing
        contradicts.
    swapped : list of tuple
        Samples whose target spectra were exchanged, most often two; the spectrum filed under the first belongs to the
        second and so on in a circle.
    evidence : float
        Natural logarithm of how much likelier the corrected pairing is than the filed one, less that of the number of
        alternatives; 0 where nothing is swapped.
    suspect : list
        Samples one of whose spectra is wrong in itself or belongs to none of the other pairs.
    p_value : ndarray of shape (n_pairs,)
        Of the difference between the two spectra, judged by the other pairs after swaps are undone, in the space in
        which the source samples vary. Not corrected for the number of pairs.
    roughness : ndarray of shape (n_pairs,)
        Robust z of what the difference leaves outside that space, in first differences along the channels: noise,
        spikes, a failed scan.
    """

    sample_id: list
    belongs_to: dict
    swapped: list
    evidence: float
    suspect: list
    p_value: np.ndarray = field(repr=False)
    roughness: np.ndarray = field(repr=False)

    def __str__(self):
        n = len(self.sample_id)
        if not self.swapped and not self.suspect:
            return f"{n} pairs checked: none contradicts the others."
        lines = [f"{n} pairs checked."]
        for circle in self.swapped:
            names = " -> ".join(map(repr, (*circle, circle[0]))) if len(circle) > 2 else " and ".join(map(repr, circle))
            what = "Target spectra in the wrong places" if len(circle) > 2 else "Target spectra exchanged"
            lines.append(f"{what}: {names} (log evidence {self.evidence:.1f}).")
        for label in self.suspect:
            i = self.sample_id.index(label)
            lines.append(
                f"Wrong spectrum: {label!r} (p {self.p_value[i]:.1g} against the other pairs, roughness z "
                f"{self.roughness[i]:.1f}). Measure it again on both instruments, or leave it out."
            )
        return "\n".join(lines)


class _Caller(BaseEstimator):
    """Gives messages about the input the name of the function."""


_Caller.__name__ = "find_wrong_pairs"


def find_wrong_pairs(X, y=None, *, instrument, sample_id, source=None, target=None):
    r"""Find exchanged standards and wrong spectra among the samples measured on two instruments.

    No reference value is used. The differences between the spectra of a pair must be alike for all pairs, up to noise
    and a slight distortion; exchanging two target spectra breaks this, unless the two samples look the same. Every
    exchange is tried, the best is kept if it makes the data likelier by more than the number of possible exchanges
    times :math:`e^{1.5}`, and the search goes on from there. A second search starts from the assignment of least
    distance, which finds a whole list that has slipped by one row.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_channels)
        Spectra of both instruments; source samples without a twin help to tell samples apart.
    y : array-like of shape (n_spectra,) or (n_spectra, n_targets), optional
        Only checked for samples with conflicting references.
    instrument, sample_id : array-like of shape (n_spectra,)
        Labels of the rows. Replicates are averaged.
    source, target : object, optional
        Labels of the two instruments; needed with more than two.

    Returns
    -------
    WrongPairs
        ``print`` says what was found.

    Raises
    ------
    TooFewStandardsError
        With fewer than five pairs.
    ConstantSpectraError
        If the source samples do not differ from one another.
    UnknownInstrumentError, AmbiguousInstrumentError, ConflictingReferenceError
        If the labels cannot be used.

    Notes
    -----
    Two samples with nearly the same spectrum cannot be told apart, and exchanging them does little harm. With spectra
    that are preprocessed as the calibration needs them, the search looks at what matters to the calibration.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.diagnostics import find_wrong_pairs
    >>> data = make_instruments(n_samples=10)
    >>> X = data.X[[*range(10), 13, 11, 12, 10, *range(14, 20)]]
    >>> find_wrong_pairs(X, instrument=data.instrument, sample_id=data.sample_id, source="A", target="B").swapped
    [('S0', 'S3')]
    """
    caller = _Caller()
    X = validate_spectra(caller, X, reset=True, min_channels=2, forbid_constant=True)
    y = np.full(len(X), np.nan) if y is None else check_references(caller, y, len(X), allow_missing=True)
    rows = TransferRows.sort_out(
        X, y.reshape(len(X), -1), instrument=instrument, sample_id=sample_id, source=source, target=target
    )
    if rows.target is None:
        raise AmbiguousInstrumentError("find_wrong_pairs compares two instruments, and the rows name only one.")
    ids, on_source, on_target, _, _ = sorted_pairs(rows)
    if len(ids) < LEAST_PAIRS:
        raise TooFewStandardsError(
            f"find_wrong_pairs judges each pair by the others: it needs at least {LEAST_PAIRS} samples measured on "
            f"both instruments (the same sample_id), and found {len(ids)}."
        )
    samples = rows.source_samples[0]
    _, s_scores, t_scores = source_scores(samples, on_source, on_target)
    if s_scores.shape[1] == 0:
        raise ConstantSpectraError("All source samples have the same spectrum, so no two samples can be told apart.")
    model = PairModel(s_scores, t_scores)
    order, evidence = model.most_likely()
    p_value = model.held_out_p(order)
    roughness = _roughness(samples, on_source, on_target[order])
    # both were computed for source spectra; report them for the target spectrum's id
    owner = np.argsort(order)
    p_value, roughness = p_value[owner], roughness[owner]
    wrong = (p_value < SIGNIFICANCE / len(ids)) | (roughness > LARGEST_ROUGHNESS)
    return WrongPairs(
        sample_id=ids,
        belongs_to={ids[i]: ids[owner[i]] for i in range(len(ids))},
        swapped=_circles(ids, owner),
        evidence=evidence,
        suspect=[ids[i] for i in np.flatnonzero(wrong)],
        p_value=p_value,
        roughness=roughness,
    )


def sorted_pairs(rows):
    """Ids, source and target spectra of the pairs in the order of the ids, and their places among the samples."""
    first = {code: row for row, code in reversed(list(enumerate(rows.codes))) if code != UNPAIRED}
    source_of = {code: i for i, code in enumerate(rows.source_samples[2]) if code != UNPAIRED}
    target_of = {code: i for i, code in enumerate(rows.target_samples[2]) if code in source_of}
    label_of = {code: rows.sample_id[first[code]] for code in target_of}
    codes = sorted(target_of, key=lambda code: id_order(label_of[code]))
    source_at, target_at = (np.array([place[code] for code in codes], dtype=int) for place in (source_of, target_of))
    spectra = rows.source_samples[0][source_at], rows.target_samples[0][target_at]
    return [label_of[code] for code in codes], *spectra, target_at, source_at


def _circles(ids, owner):
    """Cycles of the permutation as tuples of ids, each beginning with its first id."""
    circles, seen = [], set()
    for start in range(len(ids)):
        circle = []
        while start not in seen:
            seen.add(start)
            circle.append(ids[start])
            start = owner[start]
        if len(circle) > 1:
            circles.append(tuple(circle))
    return circles


def _roughness(samples, source, target):
    """Robust z, (n_pairs,), of the differences outside the space of the source samples, in first differences."""
    samples, source, target = (np.diff(X, axis=1) for X in (samples, source, target))
    axes = np.linalg.svd(samples - samples.mean(axis=0), full_matrices=False)[2][:N_COMPONENTS]
    gap = target - source
    left = gap - gap @ axes.T @ axes
    # the cube root of a sum of squares is nearly normal
    size = np.cbrt(((left - np.median(left, axis=0)) ** 2).sum(axis=1))
    away = size - np.median(size)
    spread = 1.4826 * np.median(np.abs(away))
    noise = NOISE_FLOOR * np.cbrt((target**2).sum(axis=1)).max()
    return away / max(spread, noise)
