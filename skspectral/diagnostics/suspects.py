"""Standards that look like another vial: their spectrum is another sample's, and their reference is missed, too."""

import numpy as np

from ..calibration import PLSRegressionCV
from ._pairing import PairModel, rival_evidence, source_scores
from ._wrong_pairs import sorted_pairs

__all__ = ["exchanged_standards", "likeliest_exchange", "suspect_standards"]

FEWEST_PAIRS = 5
# more pairs than that outvote one, and take their time
MOST_PAIRS = 100
# chosen so that about one in a hundred good sets of standards of real pairs is suspected; measured by the command
# benchmarks.deployment vials. Odds (natural logarithm, beyond the number of exchanges) of an exchange
EXCHANGED = 11.0
# spectra and references speak of the same two target spectra as what a calibration reads of them: half a voice each
WEIGHT_OF_SPECTRA, WEIGHT_OF_REFERENCES = 0.5, 0.5
# variance of what a calibration reads of a pair's two spectra, in that of the references, before any pair is seen
READING_VARIANCE = 0.03
# references are nowhere known better than to this share of their variance
REFERENCE_VARIANCE = 1e-4
# odds (natural logarithm) that a spectrum is another sample's
TAKEN = 6.0
# the held-out error is so many times the usual one (the median made a standard deviation) and the second largest
FAR, NORMAL_MAD, AHEAD = 3.0, 1.4826, 1.6
# the spectrum's squared distance from where the others put it is so many times the second largest
FARTHEST = 4.0


def suspect_standards(rows, held_out):
    """Find standards whose target spectrum is, on two grounds, that of another sample.

    On real pairs spectra alone raise too many false alarms: a sample that was packed unevenly looks as odd as a wrong
    vial. Two standards are named by `exchanged_standards`; one is named where its spectrum is the farthest from
    where the others put it and fits another sample better, *and* its reference is missed far more than all others, by
    models that have not seen it.

    Parameters
    ----------
    rows : TransferRows
    held_out : ndarray of shape (n_target_samples, n_targets)
        Reference minus prediction by models that have not seen the sample, NaN where there is none; in the order of
        ``rows.target_samples``.

    Returns
    -------
    list of str
        One sentence for each finding, which names the sample.
    """
    found = exchanged_standards(rows)
    if found or not _can_be_judged(rows):
        return found
    ids, on_source, on_target, target_at, source_at = sorted_pairs(rows)
    samples, _, codes = rows.source_samples
    scores, s_scores, t_scores = source_scores(samples, on_source, on_target)
    if s_scores.shape[1] == 0:
        return []
    properties = [errors for errors in np.abs(held_out[target_at]).T if np.isfinite(errors).sum() >= FEWEST_PAIRS]
    if not properties:
        return []
    evidence, rival, distance = rival_evidence(scores, s_scores, t_scores, source_at)
    i, second = np.argsort(-distance)[:2]
    if evidence[i] <= TAKEN or distance[i] <= FARTHEST * distance[second]:
        return []
    if not any(np.nanargmax(errors) == i and _stands_out(errors, i) for errors in properties):
        return []
    sample = codes[rival[i]]
    other = "another sample" if sample < 0 else repr(rows.sample_id[np.flatnonzero(rows.codes == sample)[0]])
    return [f"the target spectrum of {ids[i]!r} fits {other} better than itself on the source"]


def exchanged_standards(rows):
    """Find two standards whose target spectra look exchanged, whatever method is fitted to them.

    Parameters
    ----------
    rows : TransferRows

    Returns
    -------
    list of str
        A sentence that names the two, or nothing.
    """
    odds, one, other = likeliest_exchange(rows)
    return [f"the target spectra of {one!r} and {other!r} look exchanged"] if odds > EXCHANGED else []


def likeliest_exchange(rows):
    """Find the exchange of two target spectra that explains most, and say how much.

    An exchange must explain three things together: how the spectra of the pairs differ where samples vary most, how
    what a calibration of the source reads of the two spectra differs, and what it reads beside the reference. Each is
    the likelihood of :class:`~skspectral.diagnostics._pairing.PairModel` with the exchange over that without; the first
    and the last count half. The calibration is a PLS of its own, so that any method can stand behind it.

    Parameters
    ----------
    rows : TransferRows

    Returns
    -------
    odds : float
        Natural logarithm, less that of the number of exchanges; minus infinity where nothing can be judged.
    one, other : object
        Names of the two standards, or None.
    """
    if not _can_be_judged(rows):
        return -np.inf, None, None
    ids, on_source, on_target, target_at, _ = sorted_pairs(rows)
    samples, y_source, _ = rows.source_samples
    y_pairs = rows.target_samples[1][target_at]
    usable = [j for j in range(y_source.shape[1]) if _enough(y_source[:, j]) and _enough(y_pairs[:, j])]
    if not usable:
        return -np.inf, None, None
    y_source, y_pairs = y_source[:, usable], y_pairs[:, usable]
    calibration, spread = PLSRegressionCV().fit(samples, y_source), np.nanstd(y_source, axis=0)
    on_scale = calibration.coef_.T / spread
    found = []
    for j, references in enumerate((y_pairs / spread).T):
        known = np.flatnonzero(np.isfinite(references))
        _, *scores = source_scores(samples, on_source[known], on_target[known])
        source, target = (X[known] @ on_scale[:, [j]] for X in (on_source, on_target))
        error = max((calibration.rmsecv_[j] / spread[j]) ** 2, REFERENCE_VARIANCE)
        gains = (
            WEIGHT_OF_SPECTRA * _gains(*scores)
            + _gains(source, target, READING_VARIANCE)
            + WEIGHT_OF_REFERENCES * _gains(references[known, None], target, error)
        )
        rivals = np.log(len(known) * (len(known) - 1) / 2 * len(usable))
        one, other = sorted(np.unravel_index(np.argmax(gains), gains.shape))
        found.append((float(gains[one, other] - rivals), ids[known[one]], ids[known[other]]))
    return max(found, key=lambda exchange: exchange[0])


def _enough(values):
    """Whether references (n_samples,) are known often enough, and differ."""
    known = values[np.isfinite(values)]
    return len(known) >= FEWEST_PAIRS and np.ptp(known) > 0


def _can_be_judged(rows):
    return rows.sample_id is not None and FEWEST_PAIRS <= len(rows.pairs) <= MOST_PAIRS


def _gains(source, target, *variance):
    """Gain in log likelihood by each exchange, (n_pairs, n_pairs); nothing is gained in no dimension."""
    if source.shape[1] == 0:
        return np.zeros((len(source), len(source)))
    return PairModel(source, target, *variance).exchange_gains(np.arange(len(source)))


def _stands_out(errors, i):
    others = np.delete(errors, i)
    return errors[i] > max(FAR * NORMAL_MAD * np.nanmedian(errors), AHEAD * np.nanmax(others))
