"""Ridge regression that treats the differences between instruments as noise."""

import numpy as np

from .._core.axis import usual_step
from .._core.labels import UNPAIRED
from .._core.property_names import check_labelled
from .._core.references import held_out_error
from .._core.roles import shared_with
from ..base import TransferTags
from ._augmented import AugmentedRows, OtherRows, difference_weights
from ._operators import OPERATORS, UNKNOWN_STEP, Operator
from ._others import known_differences, other_samples
from ._replicates import replicate_rows, together
from .complete import CompleteTransferRegressor

__all__ = ["DifferenceRidge", "augmented_rows"]

SMOOTHING_NM = 12.0


def augmented_rows(rows, operator, others=(), known=()):
    """Preprocess the samples of all instruments and line up the standards with their twins.

    Parameters
    ----------
    rows : TransferRows
    operator : Operator
    others : sequence of (X, y, codes)
        Samples of further instruments, as ``other_samples`` gives them; they join the calibration.
    known : sequence of (X, y, codes)
        The same, where only the differences of the instruments to the source are used.
    """
    source, y_source, source_codes = rows.source_samples
    target, y_target, target_codes = rows.target_samples
    here, there = shared_with(target_codes, source_codes)
    twin = np.full(len(target_codes), -1)
    twin[here] = there
    kept = rows.says_something
    X_target = operator(target[kept]) if kept.any() else np.empty((0, operator(source[:1]).shape[1]))
    standard = {code: k for k, code in enumerate(target_codes[kept]) if code != UNPAIRED}
    Z_source = operator(source)
    further = _other_rows(operator, Z_source, source_codes, standard, others) if others else None
    differences = known_differences(operator, Z_source, source_codes, [*others, *known], list(standard))
    nuisance = together([replicate_rows(rows, operator, list(standard)), differences])
    of_nuisance = None if nuisance is None else [standard.get(code, -1) for code in nuisance.codes]
    return AugmentedRows(Z_source, y_source, X_target, y_target[kept], twin[kept], further, nuisance, of_nuisance)


def _other_rows(operator, Z_source, source_codes, standard, others):
    """Shift samples of further instruments onto the source."""
    parts = []
    for X, y, codes in others:
        Z = operator(X)
        here, there = shared_with(codes, source_codes)
        shift = (Z[here] - Z_source[there]).mean(axis=0) if len(here) else Z.mean(axis=0) - Z_source.mean(axis=0)
        of = np.array([standard.get(code, -1) for code in codes], dtype=int)
        parts.append((Z - shift, y, of))
    return OtherRows(*(np.concatenate(values) for values in zip(*parts)))


class DifferenceRidge(CompleteTransferRegressor):
    """Ridge regression on source rows, paired differences with reference zero, and the target's standards.

    What laboratories call a repeatability file: spectra of the same sample on two instruments differ by something that
    carries no reference, so their difference is given the value zero and a weight. Here it is one linear system, with
    the leave-one-standard-out errors for free.

    Replicates (several rows of one sample on one instrument) are averaged and count as one sample. What tells them
    apart joins the differences: every source sample is given a share of the scatter of one scan, a quarter of the
    source's and half of the target's.

    Parameters
    ----------
    preprocessing : {"raw", "sg1", "sg1n", "sg2", "snv", "snvsg1"}, default="sg1"
        Operator inside the model: none; first derivative (30 nm, or narrow: 14 nm); second derivative (42 nm); SNV;
        SNV and first derivative.
    alpha : float, default=1e-2
        Ridge penalty relative to the mean squared norm of the centred source spectra.
    shrinkage : float, default=0.4
        Share of the covariance of the differences that is kept as it is; the rest is kept per channel only, which few
        pairs know better.
    difference_weight : float or "auto", default="auto"
        Weight of a difference relative to a source row. ``"auto"``: as if every source sample had been measured on both
        instruments.
    target_weight : float, default=1.0
        Weight of a standard's target row relative to a source row.
    others : sequence of object, default=()
        Labels of further instruments with references: their samples, shifted onto the source, join the calibration, and
        what the shift leaves of their differences to the source becomes rows with reference zero, with a weight of
        their own beside the target's own pairs. Rows of instruments that are not named are ignored.
    wavelengths : array-like of shape (n_channels,), optional
        Axis of the channels. Default: numeric column labels of ``X``, else 2 nm a channel (with a warning).
    axis_unit : {"nm", "um", "cm-1", "Raman shift"}, default="nm"
        Unit of ``wavelengths``, and of labels that do not say theirs.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_channels)
        For preprocessed target spectra.
    intercept_ : ndarray of shape (n_targets,)
    transfer_rmse_ : ndarray of shape (n_targets,)
        Leave-one-standard-out error in units of ``y``: source row, difference and target row of a standard leave at
        once. NaN without labelled standards.
    n_standards_, n_pairs_, source_, target_
        As in every transfer method.

    Raises
    ------
    NoStandardsError
        Without a pair.
    UnknownInstrumentError, AmbiguousInstrumentError
        If ``others`` names an instrument without rows, or one of the roles.

    References
    ----------
    Westerhaus, M. O. (1990). Improving repeatability of NIR calibrations across instruments. Proceedings of the Third
    International Near Infrared Spectroscopy Conference, Gembloux, 671-674.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import DifferenceRidge
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = DifferenceRidge(wavelengths=data.wavelengths, source="A", target="B").fit(data.X, data.y, **labels)
    >>> model.coef_.shape
    (1, 200)
    """

    def __init__(
        self,
        preprocessing="sg1",
        *,
        alpha=1e-2,
        shrinkage=0.4,
        difference_weight="auto",
        target_weight=1.0,
        others=(),
        wavelengths=None,
        axis_unit="nm",
        source=None,
        target=None,
    ):
        self.preprocessing = preprocessing
        self.alpha = alpha
        self.shrinkage = shrinkage
        self.difference_weight = difference_weight
        self.target_weight = target_weight
        self.others = others
        self.wavelengths = wavelengths
        self.axis_unit = axis_unit
        self.source = source
        self.target = target

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # channels are taken as neighbours: derivatives of unrelated features say little
        tags.regressor_tags.poor_score = True
        return tags

    def __transfer_tags__(self):
        return TransferTags(needs="pairs", min_samples=1, carries_source_model=False)

    def _check_params(self):
        if self.preprocessing not in OPERATORS:
            raise ValueError(f"preprocessing must be one of {', '.join(OPERATORS)}, got {self.preprocessing!r}.")
        if not 0 < self.alpha < np.inf:
            raise ValueError(f"alpha must be a positive number, got {self.alpha!r}.")
        if not 0 <= self.shrinkage <= 1:
            raise ValueError(f"shrinkage must be between 0 and 1, got {self.shrinkage!r}.")
        automatic = isinstance(self.difference_weight, str) and self.difference_weight == "auto"
        if not automatic and not (isinstance(self.difference_weight, (int, float)) and self.difference_weight > 0):
            raise ValueError(f'difference_weight must be positive or "auto", got {self.difference_weight!r}.')
        if not 0 < self.target_weight < np.inf:
            raise ValueError(f"target_weight must be a positive number, got {self.target_weight!r}.")

    def _fit_source(self, rows):
        self._fit_rows_together(rows, [])

    def _fit_transfer(self, rows):
        self._fit_rows_together(rows, other_samples(self.others, rows, *self._given))

    def _fit_rows_together(self, rows, others):
        axis = self._nm_axis()
        self._operator = Operator(self.preprocessing, axis)
        check_labelled(self, np.isfinite(rows.y[~rows.is_target]))
        system = augmented_rows(rows, self._operator, others)
        step = usual_step(axis) if len(axis) > 1 else UNKNOWN_STEP
        weights, difference = difference_weights(system, self.alpha, self.shrinkage, max(1, round(SMOOTHING_NM / step)))
        if self.difference_weight != "auto":
            difference = self.difference_weight
        solution = system.solve(1.0, difference, self.target_weight, channel_weights=weights)
        self.coef_, self.intercept_ = solution.coef, solution.intercept
        self.transfer_rmse_ = np.sqrt(held_out_error(solution.held_out))

    def _predict(self, X):
        return self._operator(X) @ self.coef_.T + self.intercept_
