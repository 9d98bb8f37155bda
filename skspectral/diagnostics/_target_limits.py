"""Does a target spectrum look like what a transferred model was made from? One score for any method."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from .._core.plausible import sizes_of
from .._core.roles import TransferRows
from ..exceptions import IndistinctSpectraError, NoSourceError, NoStandardsError
from ._mistakes import NEARER, NOISE, SHARE, SHARE_OF_SLIGHT, SLIGHT, STEP, left_out_of_mistakes, ratios
from ._spectra import checked_spectra, derivative, roughness
from ._target_model import SpectraModel, folds_of, in_batches, mean_shift, twins_of

__all__ = ["TargetCheck", "TargetLimits"]

#: How a spectrum is looked at: as measured; as a derivative, where bands are not drowned by the level; and by how rough
#: it is from channel to channel, which has nothing to do with what it is of.
VIEWS = ("spectrum", "derivative", "roughness")
#: Share of the variance that the components hold, and how many samples each of them needs at least.
VARIANCE_KEPT = {"spectrum": 0.9999, "derivative": 0.99, "roughness": None}
SAMPLES_PER_COMPONENT = 5
MOST_COMPONENTS = 20
LEAST_SAMPLES = 8
#: What the standards say about the target counts against the source: so many standards are worth its mean, and so many
#: its spread.
PRIOR_MEAN, PRIOR_SPREAD = 0.1, 8.0
#: Variance of a statistic's logarithm on the target beyond that on the source: instruments differ more on some samples
#: than on others.
EXTRA_SPREAD = 0.1
#: A mistake is named where undoing it brings the distance below its limit, or down to this share of what it was.
EXPLAINED = 0.05
#: From so many spectra on they are judged together too. Spectra of one file are alike: more than so many count no more.
LEAST_OF_FILE, MOST_OF_FILE = 3, 10


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
        squared. Then "distance", a squared distance of level, slope and curvature at once, and for each mistake, by its
        name ("a reversed axis"), how many times nearer the spectrum is with the mistake undone.
    undone : dict of {str: ndarray of shape (n_spectra,)}
        The distance divided by its limit, with a mistake undone.
    file_mistake : str or None
        The mistake that all spectra have together, though each alone may not show it; three at least.
    """

    score: np.ndarray
    ratios: dict
    undone: dict
    file_mistake: str | None

    @property
    def outside(self):
        """Spectra beyond a limit, ndarray of bool of shape (n_spectra,)."""
        return self.score > 1.0

    @property
    def worst(self):
        """The view and statistic of each spectrum that is largest against its limit, list of str."""
        names = list(self.ratios)
        return [names[i] for i in np.argmax([self.ratios[name] for name in names], axis=0)]

    @property
    def mistakes(self):
        """What went wrong with each spectrum, in words, where undoing it explains it: list of str or None."""
        own, names = self.ratios["distance"], list(self.undone)
        # a scale has no limit of its own: the distance itself must be beyond its limit
        tested = np.stack([self.ratios.get(name, own) > 1.0 for name in names])
        left = np.where(tested, np.stack([self.undone[name] for name in names]), np.inf)
        best = np.argmin(left, axis=0)
        explained = left[best, np.arange(len(own))] < np.maximum(1.0, EXPLAINED * own)
        noisy = self.ratios[NOISE] > 1.0
        return [NOISE if n else names[i] if e else None for n, i, e in zip(noisy, best, explained)]

    def __str__(self):
        median = np.median(self.score)
        return f"{self.outside.sum()} of {len(self.score)} spectra outside the limits; median score {median:.3g}."


class TargetLimits:
    r"""Principal components of the source calibration as the target sees it, with limits for target spectra.

    The source spectra are moved by the mean difference of the pairs, the target spectra of the standards are added, and
    the principal components of both are taken: once of the spectra as measured, once of their first derivative after
    SNV. A new target spectrum is judged by what the components leave over (Q), by its distance from the centre inside
    them (:math:`T^2`, the leverage), and by its largest single residual.

    Beside these general statistics known mistakes are tested one by one: a reversed axis, reflectance for absorbance
    and the reverse, percent, another sign, a spectrum of the source instrument, a step. The statistic is how many times
    nearer to the calibration a spectrum comes with the mistake undone (a step wherever and however large it fits best),
    by a squared distance in as many components as predict left-out spectra best, of level, slope and curvature. A
    mistake is found where that is more than for good spectra, and at least twice as near (a step, and the source: at
    all). White noise is known by the ratio of von Neumann, steps to spread.

    The limits are cross-validated: each of these is computed for source samples and for standards that were left out.
    On a logarithmic scale they are close to normal; the limit is the quantile of the predictive distribution whose mean
    and spread come from the standards, with those of the source as prior. Any regression method can stand behind it,
    since nothing but spectra is used.

    Parameters
    ----------
    alpha : float, default=0.0005
        Share of good spectra expected beyond each limit of a general statistic; a hundred times that for the mistakes,
        five times for a step and for spectra of the source. Hardly any good spectrum reaches the limit of a mistake,
        which is never below two.
    source, target : object, optional
        Labels of the two instruments.
    quantity : str, optional
        What the spectra are, "absorbance", "reflectance", "% transmittance" and so on: which conversions can have been
        forgotten. By default all.

    Attributes
    ----------
    n_standards_ : int
        Standards whose target spectra set the limits.
    limits_ : dict of {str: float}
        By view and statistic, or mistake.
    mean_ : ndarray of shape (n_channels,)
        Mean calibration spectrum as the target sees it.
    sizes_, largest_ : ndarray of shape (2,), float
        Smallest and largest root mean square of a spectrum, and the largest magnitude of a value.
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

    von Neumann, J. (1941). Distribution of the ratio of the mean square successive difference to the variance. Annals
    of Mathematical Statistics 12, 367-395. https://doi.org/10.1214/aoms/1177731677

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

    #: Limits that were stored before they knew.
    sizes_, largest_ = None, np.inf

    def __init__(self, *, alpha=0.0005, source=None, target=None, quantity=None):
        self.alpha = alpha
        self.source = source
        self.target = target
        self.quantity = quantity

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
        twin = twins_of(rows)
        shift = mean_shift(source, target, twin)
        folds = folds_of(source, target, twin)
        on_target = np.concatenate([np.full(len(fold.out), fold.on_target) for fold in folds])
        self.n_standards_, sizes = len(target), sizes_of(X)
        self.sizes_, self.largest_ = np.array([sizes.min(), sizes.max()]), float(np.abs(X).max())
        self.mean_ = (source + shift).mean(axis=0)
        self.models_, self.limits_ = {}, {}
        for view in VIEWS:
            self.models_[view], found = _left_out(view, folds, source + shift, target)
            for name, values in found.items():
                self.limits_[f"{view} {name}"] = _limit(_expected(values[~on_target], values[on_target]), self.alpha)
        self.mistakes_, found = left_out_of_mistakes(folds, source + shift, target, shift, self.quantity)
        distance = np.concatenate([own for own, _ in found])
        undone = {name: np.concatenate([part[name] for _, part in found]) for name in found[0][1]}
        self.limits_["distance"] = _limit(_expected(distance[~on_target], distance[on_target]), self.alpha)
        self.expected_ = {}
        for name, values in ratios(np.concatenate([fold.out for fold in folds]), distance, undone).items():
            share = min(0.5, self.alpha * (SHARE_OF_SLIGHT if name in SLIGHT else SHARE))
            # what fits hardly better with the mistake undone is not mistaken
            least = 1.0 if name in SLIGHT or name == NOISE else NEARER
            self.expected_[name] = _expected(values[~on_target], values[on_target])
            self.limits_[name] = max(least, _limit(self.expected_[name], share))
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
        found = in_batches(self._of_views, X)
        distance, undone = self.mistakes_.statistics(X)
        found.update({"distance": distance}, **ratios(X, distance, undone))
        found = {name: values / self.limits_[name] for name, values in found.items()}
        undone = {name: values / self.limits_["distance"] for name, values in undone.items()}
        return TargetCheck(np.max(list(found.values()), axis=0), found, undone, self._of_file(found, undone))

    def _of_views(self, X):
        found = {}
        for view, model in self.models_.items():
            found.update({f"{view} {name}": values for name, values in model.statistics(_look(view, X)).items()})
        return found

    def _of_file(self, found, undone):
        """Name the mistake that all spectra have together, or None."""
        n, named = len(found["distance"]), {}
        if n < LEAST_OF_FILE or np.median(found[NOISE]) > 1.0:
            return None
        own = _geometric_mean(found["distance"])
        for name in set(undone) & set(found) - {STEP}:
            share = min(0.5, SHARE_OF_SLIGHT * self.alpha)
            limit = max(1.0, _limit(self.expected_[name], share, min(n, MOST_OF_FILE)))
            left = _geometric_mean(undone[name])
            if _geometric_mean(found[name]) * self.limits_[name] > limit and left < max(1.0, EXPLAINED * own):
                named[name] = left
        return min(named, key=named.get, default=None)


def _look(view, X):
    """Spectra in a view: (n_spectra, n_channels) to the same."""
    return {"spectrum": np.asarray, "derivative": derivative, "roughness": roughness}[view](X)


def _geometric_mean(values):
    return float(np.exp(np.mean(np.log(np.maximum(values, 1e-300)))))


def _left_out(view, folds, seen, target):
    """Model of a view, and each statistic of the spectra that the folds leave out."""
    seen, target = _look(view, seen), _look(view, target)

    def count(values):
        if VARIANCE_KEPT[view] is None:
            # what is rough in a spectrum is rough, whatever directions the calibration's roughness has
            return 0
        enough = int(np.searchsorted(np.cumsum(values), VARIANCE_KEPT[view] * values.sum())) + 1
        return max(1, min(enough, len(seen) // SAMPLES_PER_COMPONENT, MOST_COMPONENTS))

    model = SpectraModel.of(seen, target, count)
    parts = [
        (SpectraModel.of(_look(view, f.seen), _look(view, f.target), model.n_components, model.noise), f) for f in folds
    ]
    # of the source alone: a few standards would be judged by a profile that they made themselves
    noise = np.concatenate([m.residuals(_look(view, f.out))[1] ** 2 for m, f in parts if not f.on_target]).mean(axis=0)
    # a channel that hardly varied would make every other spectrum an outlier; all models share the array
    model.noise[:] = noise + noise.mean()
    found = [m.statistics(_look(view, f.out)) for m, f in parts]
    return model, {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _expected(on_source, on_target):
    """What is known of a statistic's logarithm, from left-out source samples and standards.

    Returns
    -------
    mean, variance, freedom, worth : float
        Predictive distribution of new values; the mean is known as from ``worth`` of them.
    """
    source, target = (np.log(np.maximum(values, 1e-300)) for values in (on_source, on_target))
    m, spread, n = source.mean(), source.var(), len(target)
    if n == 0:
        return float(m), float(spread), float(len(source) - 1), float(len(source))
    # normal values with a normal inverse gamma prior: mean, spread and degrees of freedom after the standards
    mean = (PRIOR_MEAN * m + n * target.mean()) / (PRIOR_MEAN + n)
    between = PRIOR_MEAN * n / (PRIOR_MEAN + n) * (target.mean() - m) ** 2
    freedom = PRIOR_SPREAD + n
    variance = (PRIOR_SPREAD * (spread + EXTRA_SPREAD) + n * target.var() + between) / freedom
    return float(mean), float(variance), float(freedom), float(PRIOR_MEAN + n)


def _limit(expected, share, n_new=1):
    """Give what the geometric mean of some new values exceeds in a share of cases."""
    mean, variance, freedom, worth = expected
    return float(np.exp(mean - stdtrit(freedom, share) * np.sqrt(variance * (1 / n_new + 1 / worth))))
