"""A Gaussian process whose instruments share a regression and keep a part of it to themselves."""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.utils.validation import check_is_fitted

from ..._core.labels import UNPAIRED
from ..._core.property_names import check_labelled
from ..._core.roles import shared_with
from ..._core.validation import validate_spectra
from ...base import TransferTags
from ...exceptions import UnknownInstrumentError
from .._operators import OPERATORS, Operator
from .._others import other_samples
from ..complete import CompleteTransferRegressor
from ._kernels import InstrumentCovariance, InstrumentNoise

__all__ = ["MultiInstrumentGP"]

# hyperparameters need no thousands of samples; each evaluation costs the cube of their number
MOST_FOR_HYPERPARAMETERS = 400
JITTER = 1e-9


class MultiInstrumentGP(CompleteTransferRegressor):
    """Gaussian process regression over any number of instruments.

    Each instrument has linear coefficients, an offset and a noise level of its own; the coefficients of two instruments
    are correlated (:class:`InstrumentCovariance`), and correlation and noise levels maximise the marginal likelihood of
    each property. Spectra are centred by instrument on the samples shared with the source.

    Parameters
    ----------
    preprocessing : {"raw", "sg1", "sg1n", "sg2", "snv", "snvsg1"}, default="raw"
        Operator inside the model, as in :class:`DifferenceRidge`.
    others : sequence of object, default=()
        Labels of further instruments whose rows are learned from; rows of instruments that are not named are ignored.
    wavelengths : array-like of shape (n_channels,), optional
        Axis of the channels, for the windows of the preprocessing.
    axis_unit : {"nm", "um", "cm-1", "Raman shift"}, default="nm"
        Unit of ``wavelengths``, and of labels that do not say theirs.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    models_ : list of GaussianProcessRegressor
        One for each property, with ``kernel_`` and ``log_marginal_likelihood_value_``.
    instruments_ : list
        Source, target and others; the number in the last column of the kernel's input is the position here.
    transfer_rmse_ : ndarray of shape (n_targets,)
        Leave-one-standard-out error in units of ``y``, with the hyperparameters kept; NaN with fewer than two.
    n_standards_, n_pairs_, source_, target_
        As in every transfer method.

    Raises
    ------
    NoStandardsError
        Without a target spectrum with a reference.
    UnknownInstrumentError, AmbiguousInstrumentError
        If ``others`` names an instrument without rows, or one of the roles.

    References
    ----------
    Rasmussen, C. E., Williams, C. K. I. (2006). Gaussian Processes for Machine Learning. MIT Press.
    Bonilla, E. V., Chai, K. M. A., Williams, C. K. I. (2007). Multi-task Gaussian process prediction. Advances in
    Neural Information Processing Systems 20.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import MultiInstrumentGP
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = MultiInstrumentGP(source="A", target="B", wavelengths=data.wavelengths).fit(data.X, data.y, **labels)
    >>> predicted, sd = model.predict(data.X[-2:], return_std=True)
    >>> sd.shape
    (2, 1)
    """

    def __init__(self, preprocessing="raw", *, others=(), wavelengths=None, axis_unit="nm", source=None, target=None):
        self.preprocessing = preprocessing
        self.others = others
        self.wavelengths = wavelengths
        self.axis_unit = axis_unit
        self.source = source
        self.target = target

    def __transfer_tags__(self):
        return TransferTags(needs="standards", min_samples=1, carries_source_model=False)

    def _check_params(self):
        if self.preprocessing not in OPERATORS:
            raise ValueError(f"preprocessing must be one of {', '.join(OPERATORS)}, got {self.preprocessing!r}.")

    def _fit_source(self, rows):
        self._fit_process(rows, [])

    def _fit_transfer(self, rows):
        self._fit_process(rows, list(self.others))

    def _fit_process(self, rows, others):
        X, y, instrument, sample_id = self._given
        if self.preprocessing == "raw" and not hasattr(self, "wavelengths_"):
            # without windows the axis does not matter, and is not asked for
            axis = np.arange(float(self.n_features_in_))
        else:
            axis = self._nm_axis()
        self._operator = Operator(self.preprocessing, axis)
        self.instruments_ = [rows.source] if rows.target is None else [rows.source, rows.target]
        samples = [rows.source_samples] if rows.target is None else [rows.source_samples, rows.target_samples]
        samples += other_samples(others, rows, X, y, instrument, sample_id)
        self.instruments_ += others
        _, y_source, source_codes = samples[0]
        on_source = np.isfinite(y_source)
        check_labelled(self, on_source)
        self._y_mean = np.nanmean(y_source, axis=0)
        spread = np.nanstd(y_source, axis=0)
        self._y_scale = np.where(spread > 0, spread, 1.0)
        spectra = [self._operator(part[0]) for part in samples]
        middle = spectra[0].mean(axis=0)
        self._scale = np.sqrt(((spectra[0] - middle) ** 2).sum(axis=1).mean()) or 1.0
        self._centres = [middle]
        for Z, (_, _, codes) in zip(spectra[1:], samples[1:]):
            self._centres.append(_centre(spectra[0], source_codes, Z, codes, middle))
        inputs = np.vstack([self._inputs(Z, i) for i, Z in enumerate(spectra)])
        r = (np.vstack([part[1] for part in samples]) - self._y_mean) / self._y_scale
        codes = np.concatenate([part[2] for part in samples])
        self.models_, errors = [], []
        for j in range(r.shape[1]):
            known = np.isfinite(r[:, j])
            model = _fit_property(inputs[known], r[known, j], len(self.instruments_))
            self.models_.append(model)
            errors.append(_held_out_error(model, codes[known]))
        self.transfer_rmse_ = np.array(errors) * self._y_scale

    def _inputs(self, Z, number):
        """Centred, scaled spectra with the number of their instrument as last column."""
        return np.column_stack([(Z - self._centres[number]) / self._scale, np.full(len(Z), float(number))])

    def predict(self, X, return_std=False, *, on=None):
        """Predict references from spectra of the target, or of another instrument that was learned.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        return_std : bool, default=False
            Also return the standard deviation of each reference, noise included.
        on : object, optional
            Label of the instrument the spectra come from. Default: the target.

        Returns
        -------
        predicted : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        std : ndarray of the same shape
            Only with ``return_std``.

        Raises
        ------
        UnknownInstrumentError
            If nothing was learned about the instrument.
        """
        check_is_fitted(self)
        number = len(self.instruments_[:2]) - 1
        if on is not None:
            if on not in self.instruments_:
                raise UnknownInstrumentError(f"{on!r} was not learned; known are {self.instruments_}.")
            number = self.instruments_.index(on)
        X = validate_spectra(self, X, reset=False, forbid_constant=True)
        inputs = self._inputs(self._operator(X), number)
        parts = [model.predict(inputs, return_std=return_std) for model in self.models_]
        if not return_std:
            return self._like_y(np.column_stack(parts) * self._y_scale + self._y_mean)
        predicted = np.column_stack([mean for mean, _ in parts]) * self._y_scale + self._y_mean
        std = np.column_stack([sd for _, sd in parts]) * self._y_scale
        return self._like_y(predicted), self._in_shape_of_y(std)

    def _predict(self, X):
        return self.predict(X).reshape(len(X), -1)


def _centre(source, source_codes, Z, codes, middle):
    """Where an instrument sees the middle of the source: on shared samples, or its own mean without any."""
    here, there = shared_with(codes, source_codes)
    return middle + (Z[here] - source[there]).mean(axis=0) if len(here) else Z.mean(axis=0)


def _fit_property(inputs, r, n_instruments):
    """Choose hyperparameters on a share of many samples, then fit them all."""
    kernel = InstrumentCovariance() + InstrumentNoise(np.full(n_instruments, 0.1))
    chosen = np.arange(len(r))
    if len(r) > MOST_FOR_HYPERPARAMETERS:
        others = np.flatnonzero(inputs[:, -1] == 0)
        n_kept = max(MOST_FOR_HYPERPARAMETERS - (len(r) - len(others)), MOST_FOR_HYPERPARAMETERS // 2)
        thinned = others[np.linspace(0, len(others) - 1, min(n_kept, len(others))).astype(int)]
        chosen = np.concatenate([thinned, np.flatnonzero(inputs[:, -1] != 0)])
    with warnings.catch_warnings():
        # a correlation or a noise level at its bound is an answer: equal instruments, or none to speak of
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = GaussianProcessRegressor(kernel, alpha=JITTER).fit(inputs[chosen], r[chosen])
    if len(chosen) < len(r):
        model = GaussianProcessRegressor(clone(model.kernel_), alpha=JITTER, optimizer=None).fit(inputs, r)
    return model


def _held_out_error(model, codes):
    """Error on target samples that left with all rows of the same sample; hyperparameters stay."""
    inputs, r = model.X_train_, model.y_train_
    inverse = np.linalg.inv(model.kernel_(inputs) + JITTER * np.eye(len(r)))
    alpha = inverse @ r
    squares = []
    for row in np.flatnonzero(inputs[:, -1] == 1):
        block = np.array([row])
        if codes[row] != UNPAIRED:
            block = np.flatnonzero(codes == codes[row])
        residuals = np.linalg.solve(inverse[np.ix_(block, block)], alpha[block])
        squares.append(residuals[block == row][0] ** 2)
    return np.sqrt(np.mean(squares)) if len(squares) > 1 else np.nan
