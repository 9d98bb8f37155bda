"""Domain-invariant partial least squares."""

import numpy as np

from .._core.folds import content_folds
from .._core.labels import check_labels, encode_samples
from .._core.property_names import check_labelled
from .._core.roles import TransferRows
from ..base import BaseTransferRegressor, TransferTags
from ..exceptions import AmbiguousInstrumentError, MissingReferenceError, UnknownInstrumentError
from ._dipls_path import Domains, dipls_path

__all__ = ["diPLS"]

PENALTIES = (0.0, 10.0, 1000.0)
MOST_COMPONENTS = 20
CV_FOLDS = 5
PARSIMONY = 1.02


class diPLS(BaseTransferRegressor):
    """Domain-invariant PLS: latent variables that vary alike on both instruments, without target references.

    Each weight vector maximises the covariance with ``y`` while the difference ``D`` between the covariance matrices of
    source and target spectra is penalised. The target's spectra need neither references nor pairs.

    Parameters
    ----------
    n_components : int or "cv", default="cv"
        Number of latent variables. ``"cv"`` minimises, per property, the cross-validated error on the source plus the
        mean squared disagreement of the pairs (leave-one-pair-out as far as the target mean is concerned).
    penalty : float, "cv" or "heuristic", default="cv"
        Strength relative to ``y'y / trace|D|``, so that it has no units; 0 is PLS centred on each instrument.
        ``"heuristic"`` balances fit and invariance anew for each latent variable.
    form : {"absolute", "signed"}, default="absolute"
        Whether ``D`` enters with the absolute values of its eigenvalues (a convex problem) or as it is (the form of
        2018; its solution can be unstable for a penalty above 1).
    centring : {"pairs", "target"}, default="pairs"
        Where the target is centred: so that the pairs agree on average (``"target"`` where there is none), or on the
        mean of all target spectra, which assumes the same population on both instruments.
    other_targets : sequence, default=()
        Further instruments whose spectra enter ``D`` (mdi-PLS); predictions are for ``target``.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_channels)
    intercept_ : ndarray of shape (n_targets,)
        For spectra of the target instrument.
    n_components_ : ndarray of int of shape (n_targets,)
    penalty_ : ndarray of shape (n_targets,)
        Chosen penalty, NaN for the heuristic.
    rmsecv_, transfer_rmse_ : ndarray of shape (n_targets,)
        Cross-validated error on the source, and disagreement of the pairs (NaN without pairs), in units of ``y``.
    n_standards_, n_pairs_, source_, target_
        As in every transfer method.

    References
    ----------
    Nikzad-Langerodi, R., Zellinger, W., Lughofer, E., Saminger-Platz, S. (2018). Domain-invariant partial-least-squares
    regression. Analytical Chemistry 90, 6693-6701. https://doi.org/10.1021/acs.analchem.8b00498

    Nikzad-Langerodi, R., Zellinger, W., Saminger-Platz, S., Moser, B. A. (2020). Domain adaptation for regression under
    Beer-Lambert's law. Knowledge-Based Systems 210, 106447. https://doi.org/10.1016/j.knosys.2020.106447

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import diPLS
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> diPLS(n_components=5, penalty=10, source="A", target="B").fit(data.X, data.y, **labels).n_components_
    array([5])
    """

    def __init__(
        self,
        n_components="cv",
        *,
        penalty="cv",
        form="absolute",
        centring="pairs",
        other_targets=(),
        source=None,
        target=None,
    ):
        self.n_components = n_components
        self.penalty = penalty
        self.form = form
        self.centring = centring
        self.other_targets = other_targets
        self.source = source
        self.target = target

    # BaseTransferRegressor reads it; this method is its own calibration
    estimator = None

    def __transfer_tags__(self):
        return TransferTags(needs="target_rows", min_samples=2, uses_target_references=False, zero_shot=True)

    def fit(self, X, y, *, instrument=None, sample_id=None):
        """Calibrate on labelled source rows and unlabelled target rows.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            References; those of target rows serve only to label the same samples on the source.
        instrument, sample_id : array-like of shape (n_spectra,), optional
            Instrument and sample of each row.

        Returns
        -------
        self

        Raises
        ------
        UnknownInstrumentError, AmbiguousInstrumentError
            If the roles, or ``other_targets``, cannot be resolved.
        """
        self._check_params()
        self._row_labels = instrument, sample_id
        try:
            return super().fit(X, y, instrument=instrument, sample_id=sample_id)
        finally:
            del self._row_labels
            vars(self).pop("_other_rows", None)

    def _read_spectra(self, X):
        values = super()._read_spectra(X)
        self._other_rows = self._rows_of_others(values, *self._row_labels)
        return values

    def _rows_of_others(self, X, instrument, sample_id):
        """Spectra of each further target, replicates averaged."""
        if not len(self.other_targets) or instrument is None:
            return []
        if self.source is None or self.target is None:
            raise AmbiguousInstrumentError("other_targets needs source= and target= to be named.")
        labels = check_labels(instrument, len(X), "instrument")
        ids = encode_samples(sample_id, len(X))
        found = []
        for other in self.other_targets:
            if other in (self.source, self.target):
                raise AmbiguousInstrumentError(f"other_targets holds {other!r}, which is the source or the target.")
            mask = np.array([label == other for label in labels], dtype=bool)
            if not mask.any():
                raise UnknownInstrumentError(f"other_targets names {other!r}, which is not among the instruments.")
            rows = TransferRows.sort_out(
                X[mask], np.zeros((mask.sum(), 1)), sample_id=[None if i < 0 else i for i in ids[mask]]
            )
            found.append(rows.source_samples[0])
        return found

    def _check_params(self):
        numbers = (int, float, np.number)
        if self.penalty not in ("cv", "heuristic") and not (isinstance(self.penalty, numbers) and self.penalty >= 0):
            raise ValueError(f'penalty must be >= 0, "cv" or "heuristic", got {self.penalty!r}.')
        whole = isinstance(self.n_components, (int, np.integer)) and self.n_components >= 1
        if self.n_components != "cv" and not whole:
            raise ValueError(f'n_components must be a positive integer or "cv", got {self.n_components!r}.')
        for name, options in (("form", ("absolute", "signed")), ("centring", ("pairs", "target"))):
            if getattr(self, name) not in options:
                raise ValueError(f"{name} must be one of {options}, got {getattr(self, name)!r}.")

    def _fit_source(self, rows):
        self._fit_paths(rows, [])

    def _fit_transfer(self, rows):
        self._fit_paths(rows, [rows.target_samples[0], *self._other_rows])

    def _fit_paths(self, rows, targets):
        on_source = ~rows.is_target
        X, y, codes = rows.X[on_source], rows.y[on_source], rows.codes[on_source]
        known = np.isfinite(y)
        check_labelled(self, known, least=2)
        results = [self._fit_property(X[k], c[k], codes[k], targets, rows.pairs) for k, c in zip(known.T, y.T)]
        names = ("coef_", "intercept_", "n_components_", "penalty_", "rmsecv_", "transfer_rmse_")
        for name, values in zip(names, zip(*results)):
            setattr(self, name, np.array(values))

    def _fit_property(self, X, y, codes, targets, pairs):
        """Fit one property; returns its coefficients, intercept, and what was chosen."""
        domains = Domains(X, targets, self.form)
        folds = content_folds(X, y[:, None], codes, CV_FOLDS)
        most = max(1, min(len(X) - np.bincount(folds).max() - 1, X.shape[1]))
        if self.n_components == "cv":
            candidates = np.arange(min(most, MOST_COMPONENTS))
        else:
            candidates = np.array([min(self.n_components, most) - 1])
        n_components = candidates[-1] + 1
        penalties = PENALTIES if self.penalty == "cv" else (self.penalty,)
        penalties = penalties if targets else (0.0,)
        shift, held_out = self._shift(X, targets, pairs)
        fitted = []
        for penalty in penalties:
            path = dipls_path(domains, y, n_components, penalty)
            cv = _cross_validate(domains, y, folds, n_components, penalty)
            gap = np.mean((path @ held_out.T) ** 2, axis=1) if len(held_out) else np.zeros(n_components)
            fitted.append((path, cv, gap))
        criteria = np.array([(cv + gap)[candidates] for _, cv, gap in fitted])
        limit = PARSIMONY * criteria.min()
        # fewest components first, then the mildest penalty
        best = min(zip(*np.nonzero(criteria <= limit)), key=lambda at: (at[1], at[0]))
        path, cv, gap = fitted[best[0]]
        chosen = candidates[best[1]]
        coef = path[chosen]
        intercept = y.mean() - (X.mean(axis=0) - shift) @ coef
        penalty = penalties[best[0]]
        return (
            coef,
            intercept,
            chosen + 1,
            np.nan if penalty == "heuristic" else penalty,
            np.sqrt(cv[chosen]),
            np.sqrt(gap[chosen]) if len(held_out) else np.nan,
        )

    def _shift(self, X, targets, pairs):
        """Source minus target position, and each pair's remaining difference when it does not take part in it."""
        if not targets:
            return np.zeros(X.shape[1]), np.empty((0, X.shape[1]))
        difference = pairs.target - pairs.source
        n = len(difference)
        held_out = (difference - difference.mean(axis=0)) * n / (n - 1) if n > 1 else difference[:0]
        if self.centring == "pairs" and n:
            return -difference.mean(axis=0), held_out
        return X.mean(axis=0) - targets[0].mean(axis=0), held_out

    def _predict(self, X):
        return X @ self.coef_.T + self.intercept_


def _cross_validate(domains, y, folds, n_components, penalty):
    """Mean squared error (n_components,) on held-out source rows; target rows always take part."""
    squares = np.zeros(n_components)
    for fold in np.unique(folds):
        test = folds == fold
        if test.all():
            raise MissingReferenceError("All references of a property belong to one sample; give more samples.")
        train = domains.without(test)
        path = dipls_path(train, y[~test], n_components, penalty)
        predicted = path @ (domains.source[test] - domains.source[~test].mean(axis=0)).T + y[~test].mean()
        squares += ((predicted - y[test]) ** 2).sum(axis=1)
    return squares / len(y)
