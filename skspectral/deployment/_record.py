"""What a deployed model knows of one target instrument."""

import inspect
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._core.property_names import property_name
from .._core.roles import TransferRows
from ..calibration.wrapping import fit_with_metadata
from ..diagnostics import TargetLimits, TransferIntervals
from ..diagnostics.suspects import exchanged_standards
from ..exceptions import IndistinctSpectraError, MissingReferenceError, NoSourceError, SuspectStandardsWarning
from ._content import count_samples, pull, usual_of
from ._flags import Flags
from ._held_out import HeldOut, hold_out_standards
from ._methods import as_columns, has_std, last_step, predict_with_std, prepared
from ._onto_model import dwarfing, unusable
from .stacking import deploy

__all__ = ["TransferRecord", "fit_record"]

#: The method's own standard deviation is unusual beyond so many spreads of its logarithm over known spectra.
UNUSUAL_STD = 4.0
LEAST_FACTOR = 1.5
#: References of the calibration spread more than so many standard deviations of a usual prediction: the error of a
#: measured reference alone is seldom as small.
INCREDIBLE_RPD = 20.0
#: Level of the intervals that say what is worth a word.
CONTENT_LEVEL = 0.9


@dataclass(frozen=True, eq=False)
class TransferRecord:
    """A fitted transfer to one instrument.

    Attributes
    ----------
    target : object
    model : fitted estimator
        On the common axis.
    resample : Resample or None
        From the target's own axis to the common one.
    wavelengths : ndarray of shape (n_channels,) or None
        The target's own axis.
    quantity : str
        What the target's spectra were.
    standards : list
        Names of the standards.
    n_source_samples : int
    strategy : list of str
        What the method says it did, for each property; empty where it says nothing.
    held_out : HeldOut
        Validation by leaving standards out.
    limits : TargetLimits or None
        What target spectra look like; None where there were too few source spectra.
    intervals : TransferIntervals or None
        None where the source's references were not given.
    low, high : ndarray of shape (n_properties,)
        Range of the references.
    std_limit : ndarray of shape (n_properties,) or None
        Usual limit of the method's own standard deviations.
    holds_spectra : bool
        Whether the fitted method keeps spectra that it was fitted to.
    notes : list of str
    usual : ndarray of shape (3, n_properties) or None
        Mean and variance of predictions of the calibration's samples as the target sees them, and their number.
    """

    target: object
    model: object
    resample: object
    wavelengths: np.ndarray | None
    quantity: str
    standards: list
    n_source_samples: int
    strategy: list
    held_out: HeldOut
    limits: TargetLimits | None
    intervals: TransferIntervals | None
    low: np.ndarray
    high: np.ndarray
    std_limit: np.ndarray | None
    holds_spectra: bool
    notes: list
    usual: np.ndarray | None = None

    @property
    def pipeline(self):
        """The fitted estimator for spectra on the target's own axis."""
        return self.model if self.resample is None else deploy(self.model, self.resample)

    @property
    def n_channels(self):
        """Number of channels on the target's own axis."""
        return self.model.n_features_in_ if self.resample is None else self.resample.n_features_in_

    def predict(self, X, level, failed=None, samples=None, clues=None):
        """Predict spectra on the target's own axis.

        Parameters
        ----------
        X : ndarray of shape (n_spectra, n_channels)
            Spectra that cannot be used get NaN and "reject".
        level : float
        failed : list of str or None of length n_spectra, optional
            Why a spectrum cannot be used; by default what its numbers say.
        samples : ndarray of object of shape (n_spectra,), optional
            Names of the samples; None where one is not known.
        clues : Clues, optional
            What may explain spectra that are unlike those of the calibration.

        Returns
        -------
        value, lower, upper : ndarray of shape (n_spectra, n_properties)
        flags : Flags
        """
        shape = (len(X), len(self.low))
        value, lower, upper = (np.full(shape, np.nan) for _ in range(3))
        flags = Flags(*shape)
        if failed is None:
            failed = [f"the spectrum {reason}" if reason else None for reason in unusable(X)]
        if self.limits is not None:
            failed = [one or other for one, other in zip(failed, dwarfing(X, self.limits.largest_))]
        for row, reason in enumerate(failed):
            if reason is not None:
                flags.add(row, "reject", f"not predicted: {reason}")
        good = np.array([reason is None for reason in failed], dtype=bool)
        if good.any():
            seen = X[good] if self.resample is None else self.resample.transform(X[good])
            value[good], own = map(as_columns, predict_with_std(self.model, seen))
            found = Flags(int(good.sum()), shape[1])
            if self.limits is not None:
                clues = None if clues is None else clues.take(np.flatnonzero(good))
                found.add_spectra(seen, self.limits, self.target, clues)
            if self.intervals is not None:
                lower[good], upper[good] = self.intervals.interval(seen, value[good], own, level=level)
                std = (upper[good] - lower[good]) / (2 * self.intervals.quantile(level))
                if self.usual is not None:
                    self._add_content(found, value[good], own, std, None if samples is None else samples[good])
                found.add_uninformative(std, np.sqrt(self.intervals.spread_))
            found.add_range(value[good], self.low, self.high)
            if own is not None and self.std_limit is not None:
                found.add_disagreement(own, self.std_limit)
            flags.put(np.flatnonzero(good), found)
        return value, lower, upper, flags

    def _add_content(self, found, values, own, std, samples):
        """Judge by spectra that are no outliers whether they are of other content than the calibration's."""
        usable = ~found.warned()
        if not usable.any():
            return
        own = self.intervals.own_variance_ if own is None else own[usable] ** 2
        n_samples = count_samples(None if samples is None else samples[usable], values[usable], self.usual[1])
        missing = pull(
            values[usable],
            np.broadcast_to(own, values[usable].shape),
            self.intervals.quantile(CONTENT_LEVEL) * std[usable],
            n_samples,
            self.usual,
            self.intervals.spread_,
            self.intervals.n_standards_,
        )
        found.add_content(missing, values[usable].mean(axis=0), self.usual[0])


def fit_record(estimator, rows, quantity, *, validate, conformal, progress):
    """Fit a method to the rows of one source and one target, and learn when not to believe it.

    Parameters
    ----------
    estimator : estimator
    rows : TrainingRows
    quantity : str
    validate : bool
        Whether to leave standards out.
    conformal : bool
        Whether the errors of the left-out standards say how wide intervals are.
    progress : bool

    Returns
    -------
    TransferRecord
    """
    if conformal and not validate:
        raise ValueError("conformal=True learns from standards that were left out, and validate=False leaves none.")
    labels = {"instrument": rows.instrument, "sample_id": rows.sample_id}
    sorted_rows = TransferRows.sort_out(rows.X, rows.y, **labels, source=rows.source, target=rows.target)
    model = fit_with_metadata(prepared(estimator, rows), rows.X, rows.y, **labels)
    if validate:
        held_out = hold_out_standards(estimator, rows, progress=progress)
    else:
        nothing = np.empty((0, rows.y.shape[1]))
        held_out = HeldOut("not validated: validate=False", [], nothing, nothing, None)
    roles, notes = {"source": rows.source, "target": rows.target}, _suspected(model, sorted_rows)
    limits = intervals = std_limit = usual = None
    try:
        limits = TargetLimits(**roles, quantity=quantity).fit(rows.X, **labels)
    except (IndistinctSpectraError, NoSourceError) as error:
        notes.append(f"Spectra are not judged: {error}")
    try:
        left_out = len(held_out.samples) > 0
        conformal = conformal and left_out
        intervals = TransferIntervals(**roles, conformal=conformal).fit(
            rows.X,
            rows.y,
            **labels,
            residuals=held_out.residuals if left_out else None,
            left_out=held_out.samples if conformal else None,
            left_out_std=held_out.std if conformal else None,
        )
    except (MissingReferenceError, NoSourceError) as error:
        notes.append(f"No intervals: {error}")
    if limits is not None:
        known = _known_spectra(sorted_rows, limits)
        values, std = map(as_columns, predict_with_std(model, known))
        usual = usual_of(values[: len(sorted_rows.source_samples[0])])
        std_limit = None if std is None else _limit_of(std, held_out.std)
        if intervals is not None:
            seen = slice(len(sorted_rows.source_samples[0]), None)
            sure = intervals.std(known[seen], values[seen], None if std is None else std[seen])
            notes += _incredible(np.median(sure, axis=0), np.sqrt(intervals.spread_))
    if intervals is not None and not has_std(model):
        notes += _unwitnessed(intervals.n_standards_, type(last_step(model)).__name__)
    on_source, known = ~rows.is_target, np.isfinite(rows.y)
    notes += _few_references(sorted_rows)
    check_is_fitted(last_step(model))
    return TransferRecord(
        target=rows.target,
        model=model,
        resample=rows.resample,
        wavelengths=rows.native_axis,
        quantity=quantity,
        standards=rows.standards,
        n_source_samples=len(dict.fromkeys(rows.sample_id[on_source])),
        strategy=[str(text) for text in getattr(last_step(model), "strategy_", [])],
        held_out=held_out,
        limits=limits,
        intervals=intervals,
        low=np.where(known, rows.y, np.inf).min(axis=0),
        high=np.where(known, rows.y, -np.inf).max(axis=0),
        std_limit=std_limit,
        holds_spectra=_holds(model, rows.X),
        notes=notes,
        usual=usual,
    )


def _suspected(model, rows):
    """Say which standards look like another vial, with a warning where the method has not looked itself.

    This is where every method comes by once. A check in each `fit` would cost each fold of each search a calibration,
    and say the same thing as often.
    """
    found = getattr(last_step(model), "suspects_", None)
    if found is None:
        found = exchanged_standards(rows)
        for text in found:
            warnings.warn(
                f"On {rows.target!r} {text}, by spectra and references. Was a vial taken for another? Measure again, "
                "or leave them out.",
                SuspectStandardsWarning,
                stacklevel=4,
            )
    return [f"Are these the right standards? On {rows.target!r} {text}." for text in found]


def _unwitnessed(n_standards, method):
    """Properties whose intervals know nothing of the transfer, in words."""
    for j in np.flatnonzero(n_standards == 0):
        yield (
            f"{property_name(int(j), len(n_standards))}: intervals are of the source's errors alone, and too narrow "
            f"where the instruments differ from sample to sample: {method} does not say how sure it is, as "
            "AutoTransfer does, and no standard does"
        )


def _few_references(rows):
    """Properties that most source samples have no reference of, in words."""
    known = np.isfinite(rows.source_samples[1])
    n_known = known.sum(axis=0)
    for j in np.flatnonzero(2 * n_known < len(known)):
        yield (
            f"{property_name(int(j), known.shape[1])} is calibrated by {n_known[j]} of the {len(known)} samples of "
            f"{rows.source}, as the others have no reference of it"
        )


def _known_spectra(rows, limits):
    """The calibration's samples as the target sees them, then those that it measured."""
    on_source, on_target = rows.source_samples[0], rows.target_samples[0]
    return np.concatenate([on_source + (limits.mean_ - on_source.mean(axis=0)), on_target])


def _limit_of(std, left_out):
    """Upper limit of the method's own standard deviations (n_spectra, n_properties), here and where left out."""
    logs = np.log(np.maximum(np.concatenate([std, *([left_out] if left_out is not None else [])]), 1e-300))
    middle = np.median(logs, axis=0)
    return np.exp(middle + np.maximum(UNUSUAL_STD * logs.std(axis=0), np.log(LEAST_FACTOR)))


def _incredible(std, spread):
    """Properties whose predictions claim to be surer than references are, in words."""
    for j in np.flatnonzero(INCREDIBLE_RPD * std < spread):
        yield (
            f"{property_name(int(j), len(std))}: intervals claim a standard deviation of {std[j]:.2g}, "
            f"{spread[j] / std[j]:.2g} times smaller than that of the references ({spread[j]:.3g}), and the error of a "
            "reference method is seldom that small. Where references were computed, as by another calibration, their "
            "own error is not in the intervals"
        )


def _holds(model, X):
    """Whether an array somewhere in a fitted model has a row that is a training spectrum."""
    known = {row.tobytes() for row in np.ascontiguousarray(X)}
    waiting, seen = [model], set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, np.ndarray):
            alike = part.ndim == 2 and part.shape[1] == X.shape[1] and part.dtype == np.float64
            if alike and any(row.tobytes() in known for row in np.ascontiguousarray(part)):
                return True
        elif isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, (list, tuple)):
            waiting += part
        elif hasattr(part, "__dict__") and not isinstance(part, type) and not inspect.isroutine(part):
            waiting += vars(part).values()
    return False
