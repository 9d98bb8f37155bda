"""The method to try first: it looks at what the target rows are, and says what it did."""

import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._core.known_instruments import check_others
from .._core.references import check_references
from .._core.roles import TransferRows
from ..base import TransferTags
from ..calibration import PLSRegressionCV
from ..calibration.wrapping import predict_2d
from ..exceptions import NoStandardsError, PopulationWarning, SuspectStandardsWarning, WrongPairsWarning
from ._population import check_population
from ._several_sources import fit_sources, left_out_errors
from .complete import CompleteTransferRegressor, PredictsWithStd
from .portfolio import TransferPortfolio
from .portfolio._mixture import LEAST_FOR_EVIDENCE
from .portfolio._portfolio import MOST_WITH_UNLABELLED

__all__ = ["AutoTransfer"]

LEAST_FOR_CHECK = 5


class AutoTransfer(PredictsWithStd, CompleteTransferRegressor):
    """Transfer with whatever the target rows are: none but unlabelled spectra, a pair or two, ten standards, fifty.

    One rule for all of them, :class:`TransferPortfolio`: families of closed-form models whose weights move with the
    number of standards and with their held-out errors. What this class adds is the look at the rows: pairs that
    contradict the others, unlabelled spectra that may not be of the source's population, and a sentence that says what
    was used.

    ==========================================  =======================================================
    target rows                                 what speaks
    ==========================================  =======================================================
    3 or more standards                         the portfolio, weighted by held-out errors, too
    pairs or standards, fewer than 3 labelled   the portfolio with its prior weights
    up to 4 standards, and further spectra      these, and the mean of the further spectra
    spectra without pair and reference          the mean of the spectra (``ZeroShotWarning``)
    ==========================================  =======================================================

    Parameters
    ----------
    robust : bool, default=False
        Leave out standards whose two spectra do not belong together
        (:func:`~skspectral.diagnostics.find_wrong_pairs`, from five pairs on) and warn. Without it, a
        ``SuspectStandardsWarning`` names standards whose spectra and references both speak of an exchanged vial.
    population : {"check", "same", "other"}, default="check"
        Whether target spectra without pair and reference come from the population of samples that the source was
        calibrated on. ``"check"`` compares what can be compared, warns where it differs (``PopulationWarning``) and
        then leaves the spectra aside if there is a pair or a standard; ``"same"`` takes it for granted; ``"other"``
        leaves them aside. They are used with up to four standards.
    others : sequence of object, default=()
        Labels of further known instruments, those with references for the samples that they measured: every one is a
        source, too. The predictions from all of them are averaged by their errors on held-out standards, and what the
        known instruments differ by says how the target may differ. Rows of instruments that are not named are ignored.
    scatter : {"auto", True, False}, default="auto"
    target_cleaner : bool, default=False
        As in :class:`TransferPortfolio`.
    wavelengths : array-like of shape (n_channels,), optional
        Axis of the channels. Default: numeric column labels of ``X``, else 2 nm a channel (with a warning).
    axis_unit : {"nm", "um", "cm-1", "Raman shift"}, default="nm"
        Unit of ``wavelengths``, and of labels that do not say theirs.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    strategy_ : list of str
        For each property, what its prediction stands on.
    portfolio_ : TransferPortfolio or None
        The fitted method, from ``source``; None without target rows.
    source_weights_ : dict of {object: ndarray of shape (n_targets,)}
        Share of the predictions from each known instrument; ``source`` alone without ``others``.
    population_ : PopulationCheck or None
        What came of the comparison; None where there was nothing to compare.
    transfer_rmse_ : ndarray of shape (n_targets,)
        Leave-one-standard-out error in units of ``y``; NaN where too few standards could be left out.
    held_out_ : ndarray of shape (n_target_samples, n_targets)
        Reference minus prediction of every target sample by models that have not seen it, in units of ``y``; NaN where
        there is none.
    left_out_ : list
        Samples that ``robust=True`` did not trust.
    suspects_ : list of str
        What :class:`~skspectral.exceptions.SuspectStandardsWarning` said.
    n_standards_, n_pairs_, source_, target_
        As in every transfer method.

    Raises
    ------
    NoStandardsError
        Without any target row, and where ``robust=True`` leaves none.
    UnknownInstrumentError, AmbiguousInstrumentError
        If ``others`` names an instrument without rows, or one of the roles.
    MissingReferenceError
        If a known instrument has no reference for a property.
    ConflictingReferenceError
        If known instruments have different references for one sample.

    Examples
    --------
    >>> from skspectral import AutoTransfer
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = AutoTransfer(wavelengths=data.wavelengths, source="A", target="B").fit(data.X, data.y, **labels)
    >>> model.strategy_
    ['portfolio: 30 standards']
    """

    # 1 held portfolios of the first layout, and did not know of several sources
    _layout = 2

    def __init__(
        self,
        *,
        robust=False,
        population="check",
        others=(),
        scatter="auto",
        target_cleaner=False,
        wavelengths=None,
        axis_unit="nm",
        source=None,
        target=None,
    ):
        self.robust = robust
        self.population = population
        self.others = others
        self.scatter = scatter
        self.target_cleaner = target_cleaner
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
        # models that begin with SNV make predictions no affine function of the spectrum
        return TransferTags(
            needs="target_rows", zero_shot=True, carries_source_model=False, affine=self.scatter is False
        )

    def _check_params(self):
        if self.population not in ("check", "same", "other"):
            raise ValueError(f'population must be "check", "same" or "other", got {self.population!r}.')

    def _fit_source(self, rows):
        self.estimator_ = PLSRegressionCV().fit(rows.X, rows.y, sample_id=rows.sample_id)
        self.portfolio_, self._sources, self.population_, self.left_out_, self.suspects_ = None, None, None, [], []
        self.source_weights_ = {}
        self.strategy_ = ["source calibration: no target rows"] * rows.y.shape[1]
        self.transfer_rmse_ = np.full(rows.y.shape[1], np.nan)
        self.held_out_ = np.empty((0, rows.y.shape[1]))

    def _fit_transfer(self, rows):
        self.estimator_, self.suspects_ = None, []
        ids = rows.sample_id
        axis = self._nm_axis()
        self.left_out_ = self._wrong_pairs(rows) if self.robust else []
        kept = np.ones(len(rows.X), dtype=bool)
        if self.left_out_:
            wrong = np.array([label in set(self.left_out_) for label in ids], dtype=bool)
            kept = ~(wrong & rows.is_target)
            if not (kept & rows.is_target).any():
                raise NoStandardsError(
                    f"robust=True trusts none of the {self.n_pairs_} pairs ({', '.join(map(str, self.left_out_))}), "
                    "and nothing else is left of the target. Look at sample_id: ids off by one row make every pair "
                    "wrong."
                )
        n_pairs = self.n_pairs_ - len(self.left_out_)
        labelled = self._standards_per_property(rows, kept)
        same = self._same_population(rows, axis, max(n_pairs, labelled.max()))

        def portfolio(source, others):
            return TransferPortfolio(
                scatter=self.scatter,
                target_cleaner=self.target_cleaner,
                same_population=same,
                others=others,
                wavelengths=axis,
                source=source,
                target=self.target_,
            )

        self._fit_sources(rows, kept, portfolio)
        n_further = int((~rows.says_something).sum())
        known = f", from {1 + len(self.others)} known instruments" if len(self.others) else ""
        self.strategy_ = [self._describe(n, n_pairs, n_further) + known for n in labelled]

    def _fit_sources(self, rows, kept, portfolio):
        """Fit a portfolio from the source, or one from every known instrument."""
        n_targets = rows.y.shape[1]
        self._sources = None
        if not len(self.others):
            labels = {
                "instrument": rows.instrument[kept],
                "sample_id": None if rows.sample_id is None else rows.sample_id[kept],
            }
            self.portfolio_ = portfolio(self.source_, ()).fit(rows.X[kept], rows.y[kept], **labels)
            own = TransferRows.sort_out(rows.X[kept], rows.y[kept], **labels, source=self.source_, target=self.target_)
            self.held_out_ = left_out_errors(self.portfolio_, own)
            self.source_weights_ = {self.source_: np.ones(n_targets)}
            self.transfer_rmse_ = self.portfolio_.transfer_rmse_
            return
        X, y, instrument, sample_id = self._given
        check_others(self.others, self.source_, self.target_, instrument)
        trusted = np.ones(len(X), dtype=bool)
        trusted[rows.order[~kept]] = False
        self._sources = fit_sources(
            portfolio,
            [self.source_, *self.others],
            self.target_,
            X[trusted],
            check_references(self, y, len(X), allow_missing=True).reshape(len(X), -1)[trusted],
            np.asarray(instrument, dtype=object)[trusted],
            None if sample_id is None else np.asarray(sample_id, dtype=object)[trusted],
        )
        self.portfolio_ = self._sources.models[self.source_]
        self.source_weights_ = dict(zip(self._sources.models, self._sources.weights))
        self.transfer_rmse_, self.held_out_ = self._sources.transfer_rmse, self._sources.held_out

    def _standards_per_property(self, rows, kept):
        """Count target samples with a reference, for each property."""
        _, y, codes = rows.target_samples
        trusted = np.isin(codes, rows.codes[kept & rows.is_target])
        return np.isfinite(y[trusted]).sum(axis=0)

    def _same_population(self, rows, axis, n_seen):
        """Decide whether the mean of unlabelled spectra may be used."""
        self.population_ = None
        unlabelled = rows.target_samples[0][~rows.says_something]
        if self.population != "check" or n_seen > MOST_WITH_UNLABELLED or not len(unlabelled):
            return self.population != "other"
        source, y, _ = rows.source_samples
        self.population_ = check_population(source, y, unlabelled, rows.pairs, axis)
        if self.population_.passed:
            return True
        then = "they are left aside" if n_seen else "but nothing else says where the target stands, and they are used"
        warnings.warn(
            f"The {len(unlabelled)} unlabelled target spectra do not look like samples of the source's population "
            f"({self.population_.what}, p = {self.population_.p_value:.1g}); {then}. population='same' or 'other' "
            "decides it without a test.",
            PopulationWarning,
            stacklevel=6,
        )
        return not n_seen

    def _describe(self, n_standards, n_pairs, n_further):
        """Say what the prediction of a property stands on."""
        used = self.portfolio_.n_unlabelled_
        n_seen = max(n_standards, n_pairs)
        if not n_seen:
            if used:
                return f"portfolio: the mean of {used} target samples, neither pairs nor references on the target"
            return "portfolio: source models as they are, neither pairs nor references on the target"
        said = f"portfolio: {n_standards} standards"
        if n_standards < LEAST_FOR_EVIDENCE:
            said = f"portfolio with prior weights: {n_standards} standards and {n_pairs} pairs"
        if used:
            return f"{said}, and the mean of {used} unlabelled spectra"
        if n_further:
            why = "not of the same population" if n_seen <= MOST_WITH_UNLABELLED else "there are enough standards"
            return f"{said}; {n_further} unlabelled spectra left aside: {why}"
        return said

    def _wrong_pairs(self, rows):
        """Name the standards that contradict the others, with a warning."""
        if self.n_pairs_ < LEAST_FOR_CHECK:
            return []
        # diagnostics look at fitted methods and so know this package
        from ..diagnostics import find_wrong_pairs

        found = find_wrong_pairs(
            rows.X, instrument=rows.instrument, sample_id=rows.sample_id, source=rows.source, target=rows.target
        )
        wrong = [label for circle in found.swapped for label in circle] + list(found.suspect)
        wrong = list(dict.fromkeys(wrong))
        if wrong:
            warnings.warn(
                f"AutoTransfer leaves {len(wrong)} of {self.n_pairs_} pairs out: {found}",
                WrongPairsWarning,
                stacklevel=6,
            )
        return wrong

    def _warn_of_doubts(self, rows):
        """Name standards whose vials look exchanged, where ``robust`` does not leave them out."""
        if self.robust:
            return
        from ..diagnostics.suspects import suspect_standards

        self.suspects_ = suspect_standards(rows, self.held_out_)
        if self.suspects_:
            text = "; ".join(self.suspects_)
            warnings.warn(
                f"{text[0].upper()}{text[1:]}, and the references say so, too. Was a vial taken for another? Measure "
                "again, or leave it out, as robust=True does with pairs that contradict the others.",
                SuspectStandardsWarning,
                stacklevel=4,
            )

    def _predict(self, X):
        if self.estimator_ is not None:
            return predict_2d(self.estimator_, X)
        # the spectra are checked, and on the axis that the portfolios were fitted on
        return self.portfolio_._predict(X) if self._sources is None else self._sources._predict(X)

    def _predict_with_std(self, X):
        if self.estimator_ is not None:
            return predict_2d(self.estimator_, X), np.tile(self.estimator_.rmsecv_, (len(X), 1))
        return (self.portfolio_ if self._sources is None else self._sources)._predict_with_std(X)

    def export_calibration(self):
        """Coefficients for the target instrument, where no model begins with SNV.

        Returns
        -------
        coef : ndarray of shape (n_targets, n_channels)
            ``b`` in ``y = X @ b.T + b0``, for spectra as measured on the target.
        intercept : ndarray of shape (n_targets,)
            ``b0``.

        Raises
        ------
        NonLinearCalibrationError
            If models with a weight begin with SNV; ``scatter=False`` leaves them out.
        """
        check_is_fitted(self)
        if self.estimator_ is not None:
            return super().export_calibration()
        return (self.portfolio_ if self._sources is None else self._sources).export_calibration()
