"""What any test of single spectra could find, by scores that see more than a laboratory does and limits it cannot know.

Where these find little, nothing can be found: what is wrong is smaller than what the samples differ by.
"""

import numpy as np

from skspectral.diagnostics._spectra import coarse, curvatures, slopes

from .flags import STEPS, wrong_spectra

__all__ = ["possible_rates"]

CASES = ("other material", "reflectance", *STEPS)
VIEWS = {"level": np.asarray, "slope": slopes, "curvature": curvatures}
COMPONENTS = (1, 2, 3, 5, 8, 12, 16, 20, 30)
N_FOLDS = 10
#: Share of good spectra beyond the limits.
SHARE = 0.015
#: Regularisations of a covariance, in shares of its mean variance.
RIDGES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)


def possible_rates(pair, others):
    """Say what share of wrong spectra the best of many scores finds, dict.

    All samples of the pair are known on the target, the limit of each score is the quantile of its values for left-out
    good spectra, and the best score is chosen by the wrong spectra themselves: distances to the nearest spectrum, and
    to principal components of any number, with and without what lies inside them, in three views. Of a step the place
    and the size are known too in ``"... known"``: the score is the projection that tells it best from the samples.

    Parameters
    ----------
    pair : Pair
    others : list of (name, X, axis)
        Other materials.
    """
    rng = np.random.default_rng(0)
    wrong = {case: wrong_spectra(case, pair.target, pair, others, rng) for case in CASES}
    best = dict.fromkeys(CASES, 0.0)
    for look in VIEWS.values():
        good = look(coarse(pair.target))
        for case, spectra in wrong.items():
            found = _scores(good, look(coarse(spectra)))
            best[case] = max(best[case], *(np.mean(w > np.quantile(g, 1 - SHARE)) for g, w in found))
    known = {f"{name} known": _known_step(pair.target, size) for name, size in STEPS.items()}
    return {"pair": pair.name} | {name: round(float(share), 3) for name, share in (best | known).items()}


def _scores(good, wrong):
    """Yield each score of good and of wrong spectra; the good ones are left out of what they are judged by."""
    between = np.sum((good[:, None] - good) ** 2, axis=2)
    np.fill_diagonal(between, np.inf)
    yield between.min(axis=1), np.min([np.sum((wrong - spectrum) ** 2, axis=1) for spectrum in good], axis=0)
    for k in [k for k in COMPONENTS if k < min(good.shape[1] - 1, len(good) // 2)]:
        left_out = [np.empty(len(good)) for _ in range(2)]
        for out in _folds(len(good)):
            for all_scores, scores in zip(left_out, _of_components(np.delete(good, out, axis=0), good[out], k)):
                all_scores[out] = scores
        yield from zip(left_out, _of_components(good, wrong, k))


def _folds(n):
    return [np.arange(first, n, N_FOLDS) for first in range(min(N_FOLDS, n))]


def _of_components(known, spectra, k):
    """What k components of the known spectra leave over of others, and that with the distance inside them."""
    mean = known.mean(axis=0)
    _, singular, axes = np.linalg.svd(known - mean, full_matrices=False)
    scores = (spectra - mean) @ axes[:k].T
    left = np.sum((spectra - mean - scores @ axes[:k]) ** 2, axis=1)
    noise = max(np.sum(singular[k:] ** 2) / len(known), 1e-300) / (known.shape[1] - k)
    return left, np.sum(scores**2 * len(known) / singular[:k] ** 2, axis=1) + left / noise


def _known_step(spectra, size):
    """Share of spectra in which a step of known place and size (in shares of their range) is found, over its places."""
    low, shares = coarse(spectra), []
    n = low.shape[1]
    steps = (np.arange(n) >= np.arange(n // 5, n - n // 5)[:, None]).astype(float)
    good, wrong = np.empty((2, len(RIDGES), len(low), len(steps)))
    for out in _folds(len(low)):
        known = np.delete(low, out, axis=0)
        covariance = np.cov(known.T)
        for i, ridge in enumerate(RIDGES):
            weights = np.linalg.solve(covariance + ridge * np.trace(covariance) / n * np.eye(n), steps.T)
            weights /= np.sqrt(np.einsum("pk,pk->k", covariance @ weights, weights))
            good[i, out] = (low[out] - known.mean(axis=0)) @ weights
            moved = size * np.ptp(spectra[out], axis=1, keepdims=True) * np.einsum("kp,pk->k", steps, weights)
            wrong[i, out] = good[i, out] + moved
    for place in range(len(steps)):
        limits = np.quantile(good[:, :, place], 1 - SHARE, axis=1, keepdims=True)
        shares.append(np.mean(wrong[:, :, place] > limits, axis=1).max())
    return np.mean(shares)
