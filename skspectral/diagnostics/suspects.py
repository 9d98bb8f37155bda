"""Standards that look like another vial: their spectrum is another sample's, and their reference is missed, too."""

import numpy as np

from ._pairing import PairModel, rival_evidence, source_scores
from ._wrong_pairs import sorted_pairs

__all__ = ["suspect_standards"]

FEWEST_PAIRS = 5
# more pairs than that outvote one, and take their time
MOST_PAIRS = 100
# chosen so that fewer than one in a hundred good sets of standards of real pairs is suspected: odds (natural logarithm)
# that a spectrum is another sample's
TAKEN = 6.0
# the held-out error is so many times the usual one (the median made a standard deviation) and the second largest
FAR, NORMAL_MAD, AHEAD = 3.0, 1.4826, 1.6
# the spectrum's squared distance from where the others put it is so many times the second largest
FARTHEST = 4.0


def suspect_standards(rows, held_out):
    """Find standards whose target spectrum is, on two grounds, that of another sample.

    On real pairs spectra alone raise too many false alarms: a sample that was packed unevenly looks as odd as a wrong
    vial. Two standards are named where exchanging their target spectra is far likelier than chance among all exchanges,
    *and* their references are missed most, by models that have not seen them; one is named where its spectrum is the
    farthest from where the others put it and fits another sample better, *and* its reference is missed far more than
    all others.

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
    if rows.sample_id is None or not FEWEST_PAIRS <= len(rows.pairs) <= MOST_PAIRS:
        return []
    ids, on_source, on_target, target_at, source_at = sorted_pairs(rows)
    samples, _, codes = rows.source_samples
    scores, s_scores, t_scores = source_scores(samples, on_source, on_target)
    if s_scores.shape[1] == 0:
        return []
    properties = [errors for errors in np.abs(held_out[target_at]).T if np.isfinite(errors).sum() >= FEWEST_PAIRS]
    if not properties:
        return []
    order, _ = PairModel(s_scores, t_scores).most_likely()
    moved = np.flatnonzero(order != np.arange(len(ids)))
    if len(moved) == 2 and any(set(_largest(errors)) == set(moved) for errors in properties):
        one, other = (repr(ids[i]) for i in moved)
        return [f"the target spectra of {one} and {other} look exchanged"]
    evidence, rival, distance = rival_evidence(scores, s_scores, t_scores, source_at)
    i, second = np.argsort(-distance)[:2]
    if evidence[i] <= TAKEN or distance[i] <= FARTHEST * distance[second]:
        return []
    if not any(_largest(errors)[0] == i and _stands_out(errors, i) for errors in properties):
        return []
    sample = codes[rival[i]]
    other = "another sample" if sample < 0 else repr(rows.sample_id[np.flatnonzero(rows.codes == sample)[0]])
    return [f"the target spectrum of {ids[i]!r} fits {other} better than itself on the source"]


def _largest(errors):
    """Positions of the two largest errors (n_pairs,), the largest first; NaN is none."""
    return np.argsort(-np.where(np.isfinite(errors), errors, -1.0))[:2]


def _stands_out(errors, i):
    others = np.delete(errors, i)
    return errors[i] > max(FAR * NORMAL_MAD * np.nanmedian(errors), AHEAD * np.nanmax(others))
