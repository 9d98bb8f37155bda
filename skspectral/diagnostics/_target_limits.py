"""Does a target spectrum look like what a transferred model was made from? One score for any method."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from .._core.roles import TransferRows
from ..exceptions import IndistinctSpectraError, NoSourceError, NoStandardsError
from ._spectra import checked_spectra, derivative, roughness

__all__ = ["TargetCheck", "TargetLimits"]

#: How a spectrum is looked at: as measured; as a derivative, where bands are not drowned by the level; and by how rough
#: it is from channel to channel, which has nothing to do with what it is of.
VIEWS = ("spectrum", "derivative", "roughness")
STATISTICS = ("q", "t2", "peak")
#: Share of the variance that the components hold, and how many samples each of them needs at least.
VARIANCE_KEPT = {"spectrum": 0.9999, "derivative": 0.99, "roughness": None}
SAMPLES_PER_COMPONENT = 5
MOST_COMPONENTS = 20
N_FOLDS = 10
MOST_SAMPLES = 300
LEAST_SAMPLES = 8
#: What the standards say about the target counts against the source: so many standards are worth its mean, and so many
#: its spread.
PRIOR_MEAN, PRIOR_SPREAD = 0.1, 8.0
#: Variance of a statistic's logarithm on the target beyond that on the source: instruments differ more on some samples
#: than on others.
EXTRA_SPREAD = 0.1


@dataclass(frozen=True, eq=False)
class TargetCheck:
    """Scores of some spectra.

    Attributes
    ----------
    score : ndarray of shape (n_spectra,)
        The largest of all statistics, each divided by its limit. Above 1 the spectrum is unlike those of the
        calibration as the target sees them.
    ratios : dict of {str: ndarray of shape (n_spectra,)}
        Each statistic divided by its limit, by view and statistic ("derivative q"): "q" is the sum of squares that the
        components leave over, "t2" the squared distance from the centre inside them, "peak" the largest single residual
        squared.
    """

    score: np.ndarray
    ratios: dict

    @property
    def outside(self):
        """Spectra beyond a limit, ndarray of bool of shape (n_spectra,)."""
        return self.score > 1.0

    @property
    def worst(self):
        """The view and statistic of each spectrum that is largest against its limit, list of str."""
        names = list(self.ratios)
        return [names[i] for i in np.argmax([self.ratios[name] for name in names], axis=0)]

    def __str__(self):
        median = np.median(self.score)
        return f"{self.outside.sum()} of {len(self.score)} spectra outside the limits; median score {median:.3g}."


class TargetLimits:
    r"""Principal components of the source calibration as the target sees it, with limits for target spectra.

    The source spectra are moved by the mean difference of the pairs, the target spectra of the standards are added, and
    the principal components of both are taken: once of the spectra as measured, once of their first derivative after
    SNV. A new target spectrum is judged by what the components leave over (Q), by its distance from the centre inside
    them (:math:`T^2`, the leverage), and by its largest single residual.

    The limits are cross-validated: each of these is computed for source samples and for standards that were left out.
    On a logarithmic scale they are close to normal; the limit is the quantile of the predictive distribution whose mean
    and spread come from the standards, with those of the source as prior. Any regression method can stand behind it,
    since nothing but spectra is used.

    Parameters
    ----------
    alpha : float, default=0.001
        Share of good spectra expected beyond each of the six limits.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    n_standards_ : int
        Standards whose target spectra set the limits.
    limits_ : dict of {str: float}
        By view and statistic.
    mean_ : ndarray of shape (n_channels,)
        Mean calibration spectrum as the target sees it.
    n_features_in_ : int

    Notes
    -----
    What is kept are means, components and limits, no spectrum.

    References
    ----------
    Jackson, J. E., Mudholkar, G. S. (1979). Control procedures for residuals associated with principal component
    analysis. Technometrics 21, 341-349. https://doi.org/10.1080/00401706.1979.10489779

    Gelman, A., Carlin, J. B., Stern, H. S., Dunson, D. B., Vehtari, A., Rubin, D. B. (2013). Bayesian Data Analysis,
    3rd edition, section 3.3 (the predictive distribution of a normal value). CRC Press.
    https://doi.org/10.1201/b16018

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.diagnostics import TargetLimits
    >>> data = make_instruments(60)
    >>> known = data.instrument == "A"
    >>> known[60:70] = True
    >>> labels = {"instrument": data.instrument[known], "sample_id": data.sample_id[known]}
    >>> limits = TargetLimits(source="A", target="B").fit(data.X[known], **labels)
    >>> int(limits.check(data.X[70:]).outside.sum()), bool(limits.check(data.X[70:, ::-1]).outside.all())
    (0, True)
    """

    def __init__(self, *, alpha=0.001, source=None, target=None):
        self.alpha = alpha
        self.source = source
        self.target = target

    def fit(self, X, y=None, *, instrument, sample_id):
        """Learn what target spectra of the calibration's samples look like.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Source spectra, and target spectra of the standards.
        y : ignored
        instrument, sample_id : array-like of shape (n_spectra,)

        Returns
        -------
        self

        Raises
        ------
        NoSourceError, NoStandardsError
            If there are fewer than eight source samples, or no target spectrum.
        IndistinctSpectraError
            If the source spectra differ in nothing but their level.
        """
        if not 0 < self.alpha < 0.5:
            raise ValueError(f"alpha must lie between 0 and 0.5, got {self.alpha!r}.")
        X = checked_spectra(self, X, reset=True)
        rows = TransferRows.sort_out(
            X,
            np.zeros((len(X), 1)),
            instrument=instrument,
            sample_id=sample_id,
            source=self.source,
            target=self.target,
        )
        source, target = rows.source_samples[0], rows.target_samples[0]
        if len(source) < LEAST_SAMPLES:
            raise NoSourceError(
                f"Limits for target spectra need at least {LEAST_SAMPLES} source samples, and found {len(source)}."
            )
        if not len(target):
            raise NoStandardsError("Limits for target spectra need at least one target spectrum, and found none.")
        twin = _twins(rows)
        shift = _shift(source, target, twin)
        kept = _thinned(len(source), twin)
        self.n_standards_ = len(target)
        self.mean_ = (source + shift).mean(axis=0)
        self.models_, self.limits_ = {}, {}
        for view in VIEWS:
            looked = [_look(view, part) for part in (source + shift, target)]
            self.models_[view] = model = _Model.of(view, *looked)
            on_source, on_target, noise = _left_out(view, source, target, twin, kept, model.n_components)
            model.noise[:] = noise
            for name in STATISTICS:
                self.limits_[f"{view} {name}"] = _limit(on_source[name], on_target[name], self.alpha)
        if not np.isfinite(list(self.limits_.values())).all():
            raise IndistinctSpectraError("All source spectra have one and the same shape: nothing to judge by.")
        return self

    def draw(self, n, *, random_state=0):
        """Draw spectra from the calibration as the target sees it, without noise.

        Parameters
        ----------
        n : int
        random_state : int

        Returns
        -------
        ndarray of shape (n, n_channels)
        """
        model = self.models_["spectrum"]
        scores = np.random.default_rng(random_state).standard_normal((n, model.n_components))
        return self.mean_ + (scores * np.sqrt(model.variances)) @ model.axes

    def check(self, X):
        """Score target spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            As measured on the target.

        Returns
        -------
        TargetCheck
        """
        X = checked_spectra(self, X, reset=False)
        ratios = {}
        for view, model in self.models_.items():
            found = model.statistics(_look(view, X))
            ratios.update({key: values / self.limits_[key] for key, values in _named(view, found)})
        return TargetCheck(np.max(list(ratios.values()), axis=0), ratios)


@dataclass(frozen=True, eq=False)
class _Model:
    """Components of one view.

    Attributes
    ----------
    mean : ndarray of shape (n_channels,)
    axes : ndarray of shape (n_components, n_channels)
    variances : ndarray of shape (n_components,)
    noise : ndarray of shape (n_channels,)
        Mean square of the residuals of left-out spectra, channel by channel.
    """

    mean: np.ndarray
    axes: np.ndarray
    variances: np.ndarray
    noise: np.ndarray

    @classmethod
    def of(cls, view, seen, target, n_components=None):
        """Model source spectra as the target sees them, and target spectra that weigh as much as a third of them."""
        mean = seen.mean(axis=0)
        weight = np.sqrt(max(1.0, len(seen) / (3.0 * max(len(target), 1))))
        centred = np.concatenate([seen - mean, weight * (target - mean)])
        values, vectors = np.linalg.eigh(centred @ centred.T)
        values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        if VARIANCE_KEPT[view] is None:
            # what is rough in a spectrum is rough, whatever directions the calibration's roughness has
            n_components, mean = 0, np.zeros_like(mean)
        if n_components is None:
            enough = int(np.searchsorted(np.cumsum(values), VARIANCE_KEPT[view] * values.sum())) + 1
            n_components = max(1, min(enough, len(seen) // SAMPLES_PER_COMPONENT, MOST_COMPONENTS))
        axes = (vectors[:, :n_components] / np.sqrt(np.maximum(values[:n_components], 1e-300))).T @ centred
        size = len(seen) + weight**2 * len(target)
        variances = np.maximum(values[:n_components] / size, 1e-300)
        # half the digits of the components are enough, and half a model file
        return cls(mean, axes.astype(np.float32), variances, np.ones(len(mean)))

    @property
    def n_components(self):
        return len(self.axes)

    def residuals(self, X):
        """Scores (n_spectra, n_components) and what they leave over (n_spectra, n_channels)."""
        scores = (X - self.mean) @ self.axes.T
        return scores, X - self.mean - scores @ self.axes

    def statistics(self, X):
        """Compute each statistic of the spectra: dict of {name: (n_spectra,)}."""
        scores, left = self.residuals(X)
        return {
            "q": np.sum(left**2, axis=1),
            "t2": np.sum(scores**2 / self.variances, axis=1) if self.n_components else np.ones(len(X)),
            "peak": np.max(left**2 / self.noise, axis=1),
        }


def _named(view, found):
    return [(f"{view} {name}", values) for name, values in found.items()]


def _look(view, X):
    """Spectra in a view: (n_spectra, n_channels) to the same."""
    return {"spectrum": np.asarray, "derivative": derivative, "roughness": roughness}[view](X)


def _twins(rows):
    """Position among the source samples of each target sample, -1 where it has none."""
    codes, source_codes = rows.target_samples[2], rows.source_samples[2]
    position = {code: i for i, code in enumerate(source_codes) if code >= 0}
    return np.array([position.get(code, -1) for code in codes])


def _shift(source, target, twin):
    """Mean difference of the pairs, else of the two sets: (n_channels,)."""
    paired = twin >= 0
    if paired.any():
        return (target[paired] - source[twin[paired]]).mean(axis=0)
    return target.mean(axis=0) - source.mean(axis=0)


def _thinned(n_source, twin):
    """Source samples whose left-out statistics are computed: all, or an even share of many."""
    others = np.setdiff1d(np.arange(n_source), twin)
    chosen = np.linspace(0, len(others) - 1, min(len(others), MOST_SAMPLES)).astype(int)
    return others[np.unique(chosen)] if len(others) else np.arange(n_source)


def _left_out(view, source, target, twin, kept, n_components):
    """Statistics of left-out source samples and standards, and the mean square of their residuals by channel."""
    seen = _look(view, source + _shift(source, target, twin))
    looked = _look(view, target)
    on_source, on_target, parts = [], [], []
    for fold in range(min(N_FOLDS, len(kept))):
        out = kept[fold :: min(N_FOLDS, len(kept))]
        model = _Model.of(view, np.delete(seen, out, axis=0), looked, n_components)
        on_source.append((model, seen[out]))
    folds = np.array_split(np.arange(len(target)), min(len(target), 2 * N_FOLDS)) if len(target) > 1 else []
    for out in folds:
        rest = np.delete(np.arange(len(target)), out)
        gone = twin[out][twin[out] >= 0]
        mapping = np.full(len(source), -1)
        mapping[np.delete(np.arange(len(source)), gone)] = np.arange(len(source) - len(gone))
        fewer = np.delete(source, gone, axis=0)
        left = np.where(twin[rest] >= 0, mapping[twin[rest]], -1)
        moved = _look(view, fewer + _shift(fewer, target[rest], left))
        on_target.append((_Model.of(view, moved, looked[rest], n_components), looked[out]))
    # of the source alone: a few standards would be judged by a profile that they made themselves
    noise = np.concatenate([model.residuals(X)[1] ** 2 for model, X in on_source]).mean(axis=0)
    # a channel that hardly varied would make every other spectrum an outlier
    noise = noise + noise.mean()
    for part in (on_source, on_target):
        found = [_Model(m.mean, m.axes, m.variances, noise).statistics(X) for m, X in part]
        parts.append({k: np.concatenate([f[k] for f in found]) if found else np.empty(0) for k in STATISTICS})
    return *parts, noise


def _limit(on_source, on_target, alpha):
    """Upper limit of a statistic from its values on left-out source samples and standards."""
    source, target = (np.log(np.maximum(values, 1e-300)) for values in (on_source, on_target))
    m, spread, n = source.mean(), source.var(), len(target)
    if n == 0:
        return float(np.exp(m + np.sqrt(spread * (1 + 1 / len(source))) * stats.t.isf(alpha, len(source) - 1)))
    # normal values with a normal inverse gamma prior: mean, spread and degrees of freedom after the standards
    mean = (PRIOR_MEAN * m + n * target.mean()) / (PRIOR_MEAN + n)
    between = PRIOR_MEAN * n / (PRIOR_MEAN + n) * (target.mean() - m) ** 2
    freedom = PRIOR_SPREAD + n
    variance = (PRIOR_SPREAD * (spread + EXTRA_SPREAD) + n * target.var() + between) / freedom
    quantile = stats.t.isf(alpha, freedom) * np.sqrt(variance * (1 + 1 / (PRIOR_MEAN + n)))
    return float(np.exp(mean + quantile))
