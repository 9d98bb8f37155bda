"""Q residuals and Hotelling T2 of spectra in the principal component model of the source instrument."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._core.matrices import as_matrix
from .._core.roles import TransferRows
from .._core.validation import check_finite, validate_spectra
from .._core.versions import VersionedState

__all__ = ["QT2Result", "SpectralLimits", "q_and_t2"]

Q_LIMITS = ("box", "jackson-mudholkar")
# Variance left over by the components below this share of the whole is rounding, against which nothing can be judged.
NEGLIGIBLE = 1e-24


@dataclass(frozen=True, eq=False)
class QT2Result:
    """Q and T2 of some spectra with the limits of the model.

    Attributes
    ----------
    q : ndarray of shape (n_spectra,)
        Sum of squares of what the model does not describe, in squared units of the spectra.
    t2 : ndarray of shape (n_spectra,)
        Squared Mahalanobis distance from the centre inside the model.
    q_limit, t2_limit : float
        Limits for spectra of the source instrument.
    """

    q: np.ndarray
    t2: np.ndarray
    q_limit: float
    t2_limit: float

    @property
    def q_outside(self):
        """Spectra with something that the source never showed, ndarray of bool of shape (n_spectra,)."""
        return self.q > self.q_limit

    @property
    def t2_outside(self):
        """Spectra farther out than the source's, ndarray of bool of shape (n_spectra,)."""
        return self.t2 > self.t2_limit

    @property
    def outside(self):
        """Spectra beyond either limit, ndarray of bool of shape (n_spectra,)."""
        return self.q_outside | self.t2_outside

    def __str__(self):
        n = len(self.q)
        return (
            f"{self.outside.sum()} of {n} spectra outside the source model: {self.q_outside.sum()} by Q (limit "
            f"{self.q_limit:.3g}, median {np.median(self.q):.3g}), {self.t2_outside.sum()} by T2 (limit "
            f"{self.t2_limit:.3g}, median {np.median(self.t2):.3g})."
        )


class SpectralLimits(VersionedState, BaseEstimator):
    r"""Principal component model of the source spectra, with limits for spectra that claim to be like them.

    A calibration may be trusted with a transferred spectrum only where its own spectra lay. A transfer that lowers the
    error of prediction on the standards and leaves Q outside the limit makes the calibration extrapolate.

    Parameters
    ----------
    n_components : int or float, default=0.999
        Number of components, or the share of the variance that they explain at least (one component is always left
        out).
    alpha : float, default=0.05
        Share of source spectra expected beyond each limit.
    q_limit : {"box", "jackson-mudholkar"}, default="box"
        How the limit of Q follows from the variances :math:`\lambda_i` of the components left out, with
        :math:`\theta_j = \sum_i \lambda_i^j`. ``"box"``: :math:`(\theta_2 / \theta_1)\,
        \chi^2_{1 - \alpha}(\theta_1^2 / \theta_2)`. ``"jackson-mudholkar"``: the normal approximation of a power of Q,
        which does not exist for every set of variances.

    Attributes
    ----------
    pca_ : sklearn.decomposition.PCA
        The model with all its components.
    n_components_ : int
        Number of components in use.
    q_limit_, t2_limit_ : float
        The limits. That of T2 is :math:`k (n^2 - 1) / (n (n - k)) F_{1 - \alpha}(k, n - k)`, which holds for spectra
        that the model has not seen.
    n_features_in_ : int
        Number of channels.

    Raises
    ------
    ValueError
        If a parameter is out of range, the source spectra do not vary, or the components leave nothing for Q.

    Notes
    -----
    The variances left out are those of the calibration spectra, which the components fit a little better than new
    ones. With few source spectra the limit of Q is therefore somewhat strict.

    References
    ----------
    Box, G. E. P. (1954). Some theorems on quadratic forms applied in the study of analysis of variance problems, I.
    Annals of Mathematical Statistics 25, 290-302. https://doi.org/10.1214/aoms/1177728786

    Jackson, J. E., Mudholkar, G. S. (1979). Control procedures for residuals associated with principal component
    analysis. Technometrics 21, 341-349. https://doi.org/10.1080/00401706.1979.10489779

    Tracy, N. D., Young, J. C., Mason, R. L. (1992). Multivariate control charts for individual observations. Journal of
    Quality Technology 24, 88-95. https://doi.org/10.1080/00224065.1992.12015232

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.diagnostics import SpectralLimits
    >>> data = make_instruments(80)
    >>> limits = SpectralLimits().fit(data.X[:80])
    >>> bool(limits.check(data.X[:80]).outside.mean() < 0.2), bool(limits.check(data.X[80:]).q_outside.all())
    (True, True)
    """

    def __init__(self, n_components=0.999, *, alpha=0.05, q_limit="box"):
        self.n_components = n_components
        self.alpha = alpha
        self.q_limit = q_limit

    def fit(self, X, y=None):
        """Model the source spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of the source instrument, preprocessed as the calibration sees them.
        y : ignored

        Returns
        -------
        SpectralLimits
            Itself.
        """
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, got {self.alpha!r}.")
        if self.q_limit not in Q_LIMITS:
            raise ValueError(f"q_limit must be one of {Q_LIMITS}, got {self.q_limit!r}.")
        X = validate_spectra(self, X, reset=True, min_samples=4, min_channels=2)
        if np.mean((X - X.mean(axis=0)) ** 2) <= NEGLIGIBLE * np.mean(X**2):
            raise ValueError("The source spectra are all the same: there is no variation to model.")
        # centring takes one degree of freedom: n spectra have n - 1 components, the last row is rounding
        variances = PCA(svd_solver="full").fit(X).explained_variance_[: len(X) - 1]
        self.n_components_ = k = self._count(variances)
        left = variances[k:]
        if left.sum() <= NEGLIGIBLE * variances.sum():
            raise ValueError(
                f"{k} components describe the {len(X)} source spectra completely and leave nothing to judge Q by; give "
                "fewer components or more source spectra."
            )
        self.q_limit_ = float(_Q_LIMIT[self.q_limit](left, self.alpha))
        if not np.isfinite(self.q_limit_):
            raise ValueError('The limit of Jackson and Mudholkar does not exist for these spectra; use q_limit="box".')
        # the other components are only needed for the limits
        self.pca_ = PCA(k, svd_solver="full").fit(X)
        n = len(X)
        self.t2_limit_ = float(k * (n**2 - 1) / (n * (n - k)) * stats.f.isf(self.alpha, k, n - k))
        return self

    def _count(self, variances):
        wanted = self.n_components
        if isinstance(wanted, Integral) and not isinstance(wanted, bool):
            if 1 <= wanted < len(variances):
                return int(wanted)
            raise ValueError(
                f"n_components must be between 1 and {len(variances) - 1} for these spectra, got {wanted!r}."
            )
        if isinstance(wanted, Real) and not isinstance(wanted, bool) and 0 < wanted < 1:
            enough = int(np.searchsorted(np.cumsum(variances), wanted * variances.sum())) + 1
            return min(enough, len(variances) - 1)
        raise ValueError(f"n_components must be a number of components or a share between 0 and 1, got {wanted!r}.")

    def check(self, X):
        """Compute Q and T2 of spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of the source, or of the target as mapped to the source.

        Returns
        -------
        QT2Result
        """
        check_is_fitted(self)
        X = validate_spectra(self, X, reset=False)
        axes = self.pca_.components_
        centred = X - self.pca_.mean_
        scores = centred @ axes.T
        q = np.sum((centred - scores @ axes) ** 2, axis=1)
        t2 = np.sum(scores**2 / self.pca_.explained_variance_, axis=1)
        return QT2Result(q, t2, self.q_limit_, self.t2_limit_)


def q_and_t2(
    source, X, *, n_components=0.999, alpha=0.05, q_limit="box", X_train=None, instrument=None, sample_id=None
):
    """Compute Q and T2 of spectra in the model of the source spectra; short for :class:`SpectralLimits`.

    Parameters
    ----------
    source : array-like of shape (n_source, n_channels), or fitted transfer estimator
        Spectra of the source instrument; or any transfer method, alone or at the end of a Pipeline, fitted to the rows
        that ``X_train`` gives. A method that maps spectra (``transform``) maps ``X``; for any other, such as
        ``AutoTransfer``, the source spectra are moved by the mean difference of the pairs, as the target sees them.
    X : array-like of shape (n_spectra, n_channels)
        Spectra to judge: with spectra as ``source`` those of the source or mapped to it (``PDS.transform``); with an
        estimator target spectra as measured.
    n_components, alpha, q_limit
        As in :class:`SpectralLimits`.
    X_train : array-like of shape (n_rows, n_channels), optional
        The rows that the estimator was fitted to.
    instrument, sample_id : array-like of shape (n_rows,), optional
        Their labels.

    Returns
    -------
    QT2Result

    Raises
    ------
    ValueError
        As :class:`SpectralLimits` does.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.diagnostics import q_and_t2
    >>> data = make_instruments(80)
    >>> source, target = data.X[:80], data.X[80:]
    >>> mapped = target - target.mean(axis=0) + source.mean(axis=0)
    >>> bool(q_and_t2(source, mapped).q.mean() < q_and_t2(source, target).q.mean())
    True
    """
    if hasattr(source, "predict"):
        source, X = _as_seen(source, X, X_train, instrument, sample_id)
    return SpectralLimits(n_components, alpha=alpha, q_limit=q_limit).fit(source).check(X)


def _as_seen(model, X, X_train, instrument, sample_id):
    """Source and new spectra where they can be compared: mapped to the source, or moved to the target."""
    if X_train is None or instrument is None or sample_id is None:
        raise ValueError(
            f"{type(model).__name__} keeps no source spectra: give the rows it was fitted to as X_train=, instrument= "
            "and sample_id=."
        )
    if isinstance(model, Pipeline):
        if len(model.steps) > 1:
            X_train, X = (model[:-1].transform(part) for part in (X_train, X))
        model = model.steps[-1][1]
    X_train, X = (as_matrix(part) for part in (X_train, X))
    check_finite(X_train, name="X_train")
    check_finite(X)
    rows = TransferRows.sort_out(
        X_train,
        np.zeros((len(X_train), 1)),
        instrument=instrument,
        sample_id=sample_id,
        source=model.source_,
        target=model.target_,
    )
    spectra = rows.X[~rows.is_target]
    if hasattr(model, "transform"):
        return spectra, model.transform(X)
    pairs = rows.pairs
    if len(pairs):
        return spectra + (pairs.target - pairs.source).mean(axis=0), X
    return spectra + rows.X[rows.is_target].mean(axis=0) - spectra.mean(axis=0), X


def _box(variances, alpha):
    first, second = variances.sum(), (variances**2).sum()
    return second / first * stats.chi2.isf(alpha, first**2 / second)


def _jackson_mudholkar(variances, alpha):
    first, second, third = ((variances**power).sum() for power in (1, 2, 3))
    h0 = 1 - 2 * first * third / (3 * second**2)
    if h0 == 0:
        return np.nan
    normal = stats.norm.isf(alpha)
    # with a negative power large Q lie at the lower end of the normal distribution
    inner = 1 + np.sign(h0) * normal * np.sqrt(2 * second * h0**2) / first + second * h0 * (h0 - 1) / first**2
    return first * inner ** (1 / h0) if inner > 0 else np.nan


_Q_LIMIT = {"box": _box, "jackson-mudholkar": _jackson_mudholkar}
