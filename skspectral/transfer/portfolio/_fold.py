"""All members as one function of the spectrum, so that hundreds of them predict in two matrix products.

What a family hands over
------------------------
A member is a coefficient vector and an intercept for spectra *as its view shows them*. A view is a callable that shows
spectra (n_spectra, n_channels), and has a method ``pull_back(coefs)``: coefficients (n, n_shown) for what it shows
become coefficients on the features ``[x, snv(x), 1]`` of the spectrum x as measured, (n, 2 * n_channels + 1), made by
:func:`on_features`. So everything behind SNV, and everything where there is no SNV, must be affine: derivatives, maps
and calibrations are, and a second SNV behind a map is not. A new family needs nothing else to be folded.
"""

from dataclasses import dataclass

import numpy as np

from ..._core.scatter import standardised
from .._operators import Operator
from ._disagreement import Disagreement

__all__ = ["Folded", "fold", "on_features"]

# numbers that are worked on at once: what belongs to some spectra stays in the processor's cache
BLOCK = 100_000


def on_features(coefs, constants, scatter):
    """Place coefficients (n, n_channels) and constants (n,) among those of the features.

    Parameters
    ----------
    coefs : ndarray of shape (n, n_channels)
        For spectra, or for their SNV.
    constants : ndarray of shape (n,)
    scatter : bool
        Whether SNV comes first.

    Returns
    -------
    ndarray of shape (n, 2 * n_channels + 1)
    """
    nothing = np.zeros_like(coefs)
    return np.hstack([*((nothing, coefs) if scatter else (coefs, nothing)), constants[:, None]])


@dataclass(frozen=True, eq=False)
class Folded:
    """Prediction and disagreement of weighted members.

    Attributes
    ----------
    raw : ndarray of shape (n_targets, n_channels)
        Coefficients for the spectrum.
    scatter : ndarray of shape (n_targets, n_channels) or None
        Coefficients for its SNV; None where no member begins with it.
    intercept : ndarray of shape (n_targets,)
    resample : transformer or None
        Before SNV, where the steps of the axis are unequal.
    disagreement : Disagreement
    """

    raw: np.ndarray
    scatter: np.ndarray | None
    intercept: np.ndarray
    resample: object
    disagreement: Disagreement

    def predict(self, X):
        """Predict target spectra (n_spectra, n_channels): (n_spectra, n_targets)."""
        return self._by_blocks(X, self._mean, 1)[0]

    def predict_with_variance(self, X):
        """Predict, and give the weighted variance between members: two arrays (n_spectra, n_targets)."""
        return self._by_blocks(X, self._mean_and_variance, 2)

    def _by_blocks(self, X, work, n_results):
        results = [np.empty((len(X), len(self.intercept))) for _ in range(n_results)]
        step = max(1, BLOCK // X.shape[1])
        for start in range(0, len(X), step):
            for whole, part in zip(results, work(X[start : start + step]), strict=True):
                whole[start : start + step] = part
        return results

    def _mean(self, X):
        values = X @ self.raw.T + self.intercept
        if self.scatter is not None:
            values += _snv(X, self.resample) @ self.scatter.T
        return (values,)

    def _mean_and_variance(self, X):
        features = X if self.scatter is None else np.hstack([X, _snv(X, self.resample)])
        coefs = self.raw if self.scatter is None else np.hstack([self.raw, self.scatter])
        return features @ coefs.T + self.intercept, self.disagreement.variance(features)


def _snv(X, resample):
    return standardised(X if resample is None else resample.transform(X))


def fold(fitted, weights, expert, expert_weight, axis, source, target):
    """Fold fitted members.

    Parameters
    ----------
    fitted : Fitted
    weights : ndarray of shape (n_members, n_targets)
        Columns sum to one.
    expert : tuple of (ndarray of shape (n_targets, n_channels), ndarray of shape (n_targets,)) or None
        Coefficients and intercepts of one more model, for the spectrum as measured.
    expert_weight : ndarray of shape (n_targets,)
        Its share; the members have the rest.
    axis : ndarray of shape (n_channels,)
        Wavelengths in nm.
    source, target : ndarray of shape (n_spectra, n_channels)
        Spectra that say what is usual.

    Returns
    -------
    Folded
    """
    n_channels, n_targets = len(axis), weights.shape[1]
    resample = Operator("snv", axis).before_scatter
    mean, differences = np.empty((n_targets, 2 * n_channels + 1)), []
    for j in range(n_targets):
        rows = _member_rows(fitted, j, n_channels)
        w = weights[:, j]
        mean[j] = w @ rows
        apart = np.sqrt(w)[:, None] * (rows - mean[j])
        if expert is not None:
            share = expert_weight[j]
            own = on_features(expert[0][[j]], expert[1][[j]], scatter=False)
            apart = np.vstack([apart, np.sqrt(share * (1.0 - share)) * (own - mean[j])])
            mean[j] = share * own[0] + (1.0 - share) * mean[j]
        differences.append(apart)
    begins_with_snv = any(apart[:, n_channels:-1].any() for apart in differences) or mean[:, n_channels:-1].any()
    used = np.arange(2 * n_channels if begins_with_snv else n_channels)
    usual = [np.hstack([X, _snv(X, resample)]) if begins_with_snv else X for X in (source, target)]
    return Folded(
        raw=mean[:, :n_channels].copy(),
        scatter=mean[:, n_channels:-1].copy() if begins_with_snv else None,
        intercept=mean[:, -1].copy(),
        resample=resample if begins_with_snv else None,
        disagreement=Disagreement.of(
            [apart[:, used] for apart in differences], [apart[:, -1] for apart in differences], *usual, n_channels
        ),
    )


def _member_rows(fitted, j, n_channels):
    """Coefficients of all members for one property on the features (n_members, 2 * n_channels + 1)."""
    rows = np.empty((len(fitted.members), 2 * n_channels + 1))
    for name, view in fitted.views.items():
        own = [i for i, member in enumerate(fitted.members) if member.view.name == name]
        rows[own] = view.pull_back(np.stack([fitted.coefs[i][j] for i in own]))
    rows[:, -1] += fitted.intercepts[:, j]
    return rows
