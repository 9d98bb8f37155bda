"""Model updating: the standards join the calibration set, each as many times as their weight says."""

from dataclasses import dataclass

import numpy as np

from .._core.folds import content_folds
from .._core.labels import UNPAIRED
from .._core.property_names import property_name
from .._core.references import finite_mean_square, spread
from ..base import BaseTransferRegressor, TransferTags
from ..calibration import PLSRegressionCV
from ..calibration.pls1 import pls1_path
from ..calibration.wrapping import fit_calibration, predict_2d, refuse_transfer
from ..exceptions import MissingReferenceError
from ._mapping import LEAST_PAIRS_FOR_SELECTION, MOST_FOLDS

__all__ = ["ModelUpdate"]


class ModelUpdate(BaseTransferRegressor):
    """Calibration on the source rows and the weighted standards.

    The mean difference between the instruments over the pairs is removed from the target spectra. The standards are
    then entered into the source calibration set, each ``weight`` times, so that ten of them are heard among hundreds of
    source spectra.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components. It is fitted anew, so an existing one
        cannot be used.
    weight : int or "cv", default="cv"
        How many times each standard is entered, replicates counting once. With 0 the result is the source calibration
        after :class:`MeanShift`. ``"cv"`` chooses among 0, 1, and weights that give the standards together about as
        much say as the source rows, less (the square root of that weight) or four times as much.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    weight_ : int
        Chosen weight.
    shift_ : ndarray of shape (n_channels,)
        What is added to target spectra: mean source minus mean target spectrum of the pairs.
    estimator_ : fitted estimator
        The calibration on source rows and shifted standards. Of the default one, ``rmsecv_`` is the cross-validated
        error on source rows.
    transfer_rmse_ : ndarray of shape (n_targets,)
        Error on standards of which neither spectrum was used, in units of ``y``. Only where something was chosen, and
        with 3 standards and pairs or more.
    n_standards_, n_pairs_ : int
    source_, target_ : object

    Raises
    ------
    NoStandardsError
        Without a pair.
    ExistingCalibrationError
        If ``estimator`` is frozen.

    Notes
    -----
    Weight and, with the default calibration, the number of latent variables are chosen together. The criterion is the
    mean squared error on held-out source rows plus that on held-out standards, in folds that keep the spectra of a
    sample together and find the mean difference without them.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import ModelUpdate
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> ModelUpdate(weight=3, source="A", target="B").fit(data.X, data.y, **labels).weight_
    3
    """

    def __init__(self, estimator=None, *, weight="cv", source=None, target=None):
        super().__init__(estimator, source=source, target=target)
        self.weight = weight

    def __transfer_tags__(self):
        return TransferTags(needs="pairs", carries_source_model=False, refits=True)

    def _fit_source(self, rows):
        self.shift_ = np.zeros(self.n_features_in_)
        super()._fit_source(rows)

    def _fit_transfer(self, rows):
        refuse_transfer(self, self.estimator)
        data = _CalibrationSet.of(rows)
        n_source, n_target = int((~data.on_target).sum()), int(data.on_target.sum())
        weights = self._candidates(n_source, n_target)
        # nothing to choose: the user named the calibration and the weight
        fixed = len(weights) == 1 and self.estimator is not None
        best, errors = 0, None
        if not fixed and min(len(data.differences), n_target) >= LEAST_PAIRS_FOR_SELECTION:
            errors = [data.held_out_errors(weight, self._fit_predictor) for weight in weights]
            scale = spread(data.y[~data.on_target])
            best = int(np.argmin([((e + gap).min(axis=1) / scale).sum() for e, gap in errors]))
        self.weight_, self.shift_ = weights[best], data.shift()
        X, y, counts, groups = data.rows(np.ones(len(data.y), dtype=bool), self.shift_, self.weight_)
        if errors is not None:
            on_source, on_target = errors[best]
            chosen = np.zeros(len(on_target), dtype=int)
        if errors is None or self.estimator is not None:
            self.estimator_ = self._fit_repeated(X, y, counts, groups)
        else:
            self.estimator_ = _selected(on_source, on_target, *_pls_paths(X, y, counts, on_source.shape[1]))
            chosen = self.estimator_.n_components_ - 1
        if errors is not None:
            self.transfer_rmse_ = np.sqrt(on_target[np.arange(len(chosen)), chosen])

    def _candidates(self, n_source, n_target):
        if self.weight == "cv":
            equal = n_source / max(n_target, 1)
            return sorted({0, 1, *(max(1, round(w)) for w in (np.sqrt(equal), equal, 4 * equal))})
        if not isinstance(self.weight, (int, np.integer)) or self.weight < 0:
            raise ValueError(f'weight must be a whole number of at least 0 or "cv", got {self.weight!r}.')
        return [int(self.weight)]

    def _fit_repeated(self, X, y, counts, groups):
        """Fit the calibration on each row as often as it counts, which any regressor understands."""
        each = np.repeat(np.arange(len(y)), counts)
        return fit_calibration(self, self.estimator, X[each], y[each], groups[each])

    def _fit_predictor(self, X, y, counts, groups, n_components):
        """Fit, and return a function from spectra to predictions of shape (n_targets, n_candidates, n_spectra)."""
        if self.estimator is None:
            coefs, intercepts = _pls_paths(X, y, counts, n_components)
            return lambda spectra: coefs @ spectra.T + intercepts[:, :, None]
        model = self._fit_repeated(X, y, counts, groups)
        return lambda spectra: predict_2d(model, spectra).T[:, None, :]

    def _predict(self, X):
        return predict_2d(self.estimator_, X + self.shift_)

    def _predict_source(self, X):
        return predict_2d(self.estimator_, X)


@dataclass(frozen=True, eq=False)
class _CalibrationSet:
    """Labelled source rows and target samples, with the differences of the pairs.

    ``groups`` numbers the samples, so that both spectra of one are held out together.
    """

    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray
    on_target: np.ndarray
    differences: np.ndarray
    pair_groups: np.ndarray

    @classmethod
    def of(cls, rows):
        on_source = ~rows.is_target & rows.has_reference
        target, references, codes = rows.target_samples
        labelled = np.isfinite(references).any(axis=1)
        groups = np.concatenate([rows.codes[on_source], codes[labelled]])
        alone = groups == UNPAIRED
        groups[alone] = np.arange(alone.sum()) + rows.codes.max(initial=0) + 1
        source_codes = rows.codes[~rows.is_target]
        return cls(
            X=np.vstack([rows.X[on_source], target[labelled]]),
            y=np.vstack([rows.y[on_source], references[labelled]]),
            groups=groups,
            on_target=np.arange(len(groups)) >= on_source.sum(),
            differences=rows.pairs.source - rows.pairs.target,
            pair_groups=codes[np.isin(codes, source_codes[source_codes != UNPAIRED])],
        )

    def shift(self, held_out=()):
        """Mean difference between the instruments, without the pairs of the held-out samples."""
        return self.differences[~np.isin(self.pair_groups, held_out)].mean(axis=0)

    def rows(self, kept, shift, weight):
        """Spectra at the level of the source, references, how often each counts, and samples."""
        counts = np.where(self.on_target, weight, 1)
        kept = kept & (counts > 0)
        X = self.X + np.where(self.on_target[:, None], shift, 0.0)
        return X[kept], self.y[kept], counts[kept], self.groups[kept]

    def folds(self):
        """Fold of each row: the standards are dealt out evenly, and so are the other samples."""
        standards = {group: i for i, group in enumerate(self.groups[self.on_target])}
        folds = np.array([standards.get(group, 0) % MOST_FOLDS for group in self.groups])
        others = np.array([group not in standards for group in self.groups])
        if others.any():
            X, y = self.X[others], np.nan_to_num(self.y[others])
            folds[others] = content_folds(X, y, self.groups[others], MOST_FOLDS)
        return folds

    def held_out_errors(self, weight, fit):
        """Mean squared errors (n_targets, n_candidates) on source rows and on standards that were left out."""
        folds = self.folds()
        known = np.isfinite(self.y) & ~self.on_target[:, None]
        smallest = min(int(known[folds != fold].sum(axis=0).min()) for fold in np.unique(folds))
        n_components = max(1, min(PLSRegressionCV().max_components, smallest - 1, self.X.shape[1]))
        errors = None
        for fold in np.unique(folds):
            out = folds == fold
            shift = self.shift(self.groups[out])
            predict = fit(*self.rows(~out, shift, weight), n_components)
            spectra = self.X[out] + np.where(self.on_target[out, None], shift, 0.0)
            residuals = predict(spectra) - self.y[out].T[:, None, :]
            if errors is None:
                errors = np.full((*residuals.shape[:2], len(folds)), np.nan)
            errors[:, :, out] = residuals
        return tuple(_mean_squares(errors[:, :, part]) for part in (~self.on_target, self.on_target))


def _mean_squares(errors):
    """Mean squares over the last axis, where finite; 0 where nothing is."""
    flat = finite_mean_square(errors.reshape(-1, errors.shape[2]).T)
    return np.nan_to_num(flat).reshape(errors.shape[:2])


def _pls_paths(X, y, counts, n_components):
    """PLS on rows that count several times: (n_targets, n_components, n_channels) and the intercepts."""
    coefs, intercepts = [], []
    for j, column in enumerate(y.T):
        known = np.isfinite(column)
        if known.sum() < 2:
            raise MissingReferenceError(
                f"{known.sum()} references of {property_name(j, y.shape[1])} are in a fold, which needs two; "
                "the others are NaN in y. Give them, or leave the property out."
            )
        root = np.sqrt(counts[known])
        x_mean, y_mean = (np.average(part[known], axis=0, weights=counts[known]) for part in (X, column))
        path = pls1_path((X[known] - x_mean) * root[:, None], (column[known] - y_mean) * root, n_components)
        coefs.append(path)
        intercepts.append(y_mean - path @ x_mean)
    return np.stack(coefs), np.stack(intercepts)


def _selected(on_source, on_target, coefs, intercepts):
    """Put paths that were fitted here into the default calibration, which chooses among them."""
    model = PLSRegressionCV()
    model.n_features_in_, model._y_is_1d = coefs.shape[2], False
    model.mse_path_, model._coef_path, model._intercept_path = on_source, coefs, intercepts
    return model._select(on_target)
