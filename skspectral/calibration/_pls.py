"""PLS with a cross-validated number of components."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from .._core.folds import content_folds
from .._core.labels import encode_samples
from .._core.plausible import fitted_range, warn_of_absurd
from .._core.property_names import check_labelled, properties_named
from .._core.quantities import learn_quantity, said_quantity
from .._core.references import check_references
from .._core.refitting import unchanged_on_failure
from .._core.validation import validate_spectra
from .._core.versions import VersionedState
from ..exceptions import MissingReferenceError
from .pls1 import pls1_path

__all__ = [
    "PLSRegressionCV",
]


class PLSRegressionCV(VersionedState, RegressorMixin, BaseEstimator):
    """PLS regression whose number of components comes from cross-validation, property by property.

    Parameters
    ----------
    max_components : int, default=30
        Largest number of latent variables tried.
    cv : int, default=10
        Number of folds (leave-one-sample-out where there are fewer samples). Folds depend on the content of the rows
        alone, and rows with the same ``sample_id`` stay together.
    tolerance : float, default=0.02
        The smallest number of components whose mean squared error is within this share of the minimum is taken.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_channels)
        Regression vectors.
    intercept_ : ndarray of shape (n_targets,)
    n_components_ : ndarray of int of shape (n_targets,)
    mse_path_ : ndarray of shape (n_targets, n_candidates)
        Cross-validated mean squared error with 1, 2, ... components, in squared units of ``y``.
    rmsecv_ : ndarray of shape (n_targets,)
        Root mean squared error of cross-validation at ``n_components_``.
    n_features_in_ : int
    wavelengths_ : ndarray of shape (n_channels,)
        Axis in nm, where column labels of a DataFrame or a table said it.

    References
    ----------
    Wold, S., Sjöström, M., Eriksson, L. (2001). PLS-regression: a basic tool of chemometrics. Chemometrics and
    Intelligent Laboratory Systems 58, 109-130. https://doi.org/10.1016/S0169-7439(01)00155-1

    Examples
    --------
    >>> from skspectral.calibration import PLSRegressionCV
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=40, random_state=0)
    >>> PLSRegressionCV().fit(data.X, data.y).coef_.shape
    (1, 200)
    """

    __metadata_request__fit = {"sample_id": True}

    def __init__(self, max_components=30, *, cv=10, tolerance=0.02):
        self.max_components = max_components
        self.cv = cv
        self.tolerance = tolerance

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X, y, *, sample_id=None):
        """Choose the number of components and fit.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra, in absorbance or preprocessed.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            References. A property is learned from the rows where it is not NaN.
        sample_id : array-like of shape (n_spectra,), optional
            Rows of one sample stay in one fold.

        Returns
        -------
        self
        """
        with unchanged_on_failure(self), properties_named(y):
            self._fit_path(X, y, sample_id)
            return self._select()

    def _fit_path(self, X, y, sample_id=None):
        """Fit every number of components; ``_select`` then decides among them."""
        if self.max_components < 1 or self.cv < 2:
            raise ValueError(f"max_components must be >= 1 and cv >= 2, got {self.max_components} and {self.cv}.")
        learn_quantity(self, said_quantity(X), None, None)
        X = validate_spectra(self, X, reset=True, min_samples=2, ordered=False)
        y = check_references(self, y, len(X), allow_missing=True)
        self._y_is_1d = y.ndim == 1
        y = y.reshape(len(X), -1)
        self._range = fitted_range(X, y)
        known = np.isfinite(y)
        check_labelled(self, known, least=2, what="references")
        folds = content_folds(X, np.nan_to_num(y), encode_samples(sample_id, len(X)), self.cv)
        sweeps = {}
        for j in range(y.shape[1]):
            pattern = known[:, j].tobytes()
            rows = known[:, j]
            if pattern not in sweeps:
                sweeps[pattern] = _Sweep(X[rows], folds[rows], self.max_components)
        n_candidates = min(sweep.n_candidates for sweep in sweeps.values())
        results = [sweeps[k.tobytes()].run(column[k], n_candidates) for k, column in zip(known.T, y.T)]
        self.mse_path_, self._coef_path, self._intercept_path = (np.stack(part) for part in zip(*results))
        return self

    def _select(self, extra=0.0):
        """Choose the number of components from the cross-validated error plus ``extra`` (n_targets, n_candidates)."""
        criterion = self.mse_path_ + extra
        limit = (1.0 + self.tolerance) * criterion.min(axis=1, keepdims=True)
        chosen = np.argmax(criterion <= limit, axis=1)
        each = np.arange(len(chosen))
        self.n_components_ = chosen + 1
        self.rmsecv_ = np.sqrt(self.mse_path_[each, chosen])
        self.coef_ = self._coef_path[each, chosen]
        self.intercept_ = self._intercept_path[each, chosen]
        del self._coef_path, self._intercept_path
        return self

    def predict(self, X):
        """Predict references.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)

        Returns
        -------
        ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        """
        check_is_fitted(self)
        X = validate_spectra(self, X, reset=False)
        predicted = X @ self.coef_.T + self.intercept_
        warn_of_absurd(self, predicted)
        return predicted[:, 0] if self._y_is_1d else predicted


class _Sweep:
    """PLS1 with every number of components on one set of rows, cross-validated and fitted.

    Wide spectra are rotated into at most n_samples scores first; PLS does not notice, and the sweep gets shorter.
    """

    def __init__(self, X, folds, max_components):
        self.mean = X.mean(axis=0)
        self.scores, self.basis = X - self.mean, None
        if X.shape[0] < X.shape[1]:
            left, singular, basis = np.linalg.svd(self.scores, full_matrices=False)
            kept = singular > max(X.shape) * np.finfo(float).eps * singular[0]
            kept[0] = True
            self.scores, self.basis = left[:, kept] * singular[kept], basis[kept]
        self.folds = folds
        smallest = len(X) - np.bincount(folds).max()
        self.n_candidates = max(1, min(max_components, smallest - 1, self.scores.shape[1]))

    def run(self, y, n_candidates):
        """Return the cross-validated mean squared errors, the regression vectors and the intercepts."""
        squares = np.zeros(n_candidates)
        for fold in np.unique(self.folds):
            test = self.folds == fold
            if test.all():
                raise MissingReferenceError("All references of a property belong to one sample; give more samples.")
            train = self.scores[~test]
            mean, y_mean = train.mean(axis=0), y[~test].mean()
            path = pls1_path(train - mean, y[~test] - y_mean, n_candidates)
            errors = path @ (self.scores[test] - mean).T - (y[test] - y_mean)
            squares += (errors**2).sum(axis=1)
        path = pls1_path(self.scores, y - y.mean(), n_candidates)
        coefs = path if self.basis is None else path @ self.basis
        return squares / len(y), coefs, y.mean() - coefs @ self.mean
