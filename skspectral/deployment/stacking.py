"""Bring instruments with their own axes into one table, and a model back to one of them."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch
from sklearn.utils.validation import check_array, check_is_fitted

from .._core.axis import check_axis
from .._core.axis_identity import find_order, known_axis
from .._core.channels import Labels, channel_labels, spectra_of
from .._core.matrices import as_matrix
from .._core.nested import nested_fits
from .._core.references import masked_as_nan
from .._core.units import check_plausible, check_unit, convert, likely_unit
from .._core.validation import check_finite
from ..exceptions import (
    AxisMismatchError,
    AxisUnitError,
    ChannelMismatchError,
    UnknownInstrumentError,
    WavelengthRangeError,
)
from ..preprocessing import Resample, common_grid

__all__ = ["deploy", "stack_instruments"]


def stack_instruments(spectra, *, wavelengths=None, axis_unit=None, y=None, sample_id=None, grid="overlap"):
    """Stack the spectra of several instruments in long form: one row is one spectrum of one sample on one instrument.

    Parameters
    ----------
    spectra : dict of {instrument: array-like of shape (n_spectra, n_channels)}
        Spectra of each instrument on its own axis.
    wavelengths : dict of {instrument: array-like of shape (n_channels,)}, optional
        Axis of each instrument. One that is left out must be a table or a DataFrame with numeric column labels.
    axis_unit : {"nm", "um", "cm-1", "Raman shift"} or dict of {instrument: str}, optional
        Unit of the axes, or of each where they differ; labels that say their unit need none. Axes in several units are
        stacked in nm. Where no axis says its unit, all are in one, whichever that is, and none must look like another.
    y : dict of {instrument: array-like of shape (n_spectra,) or (n_spectra, n_targets)}, optional
        Reference values. Instruments that are left out get NaN.
    sample_id : dict of {instrument: array-like of shape (n_spectra,)}, optional
        Names of the samples; rows of one name on two instruments are a pair. Instruments that are left out get None.
    grid : "overlap", array-like of shape (n_points,) or None, default="overlap"
        "overlap" is the range that all instruments share, from its lowest wavelength in steps of the coarsest median
        step among the instruments, since a finer grid would invent resolution, and without regions inside which one of
        them has measured nothing; where all axes agree it is that axis. An array, in the unit of the axes (nm where
        they differ), is used as it is, with a warning where it covers such a region. None leaves every instrument on
        its own axis and pads rows on the right with NaN.

    Returns
    -------
    sklearn.utils.Bunch
        X : ndarray of shape (n_rows, n_points)
            Spectra, in the order in which the instruments were given.
        y : ndarray of shape (n_rows,) or (n_rows, n_targets), or None
            Reference values.
        instrument : ndarray of shape (n_rows,)
            Instrument of each row.
        sample_id : ndarray of object of shape (n_rows,), or None
            Sample of each row.
        wavelengths : ndarray of shape (n_points,), or dict of {instrument: ndarray of shape (n_channels,)}
            The common axis, or with ``grid=None`` the axis of each instrument.
        axis_unit : str or None, or dict of {instrument: str}
            Unit of ``wavelengths``; None where nobody said.
        resamplers : dict of {instrument: Resample}
            Fitted map from the axis of each instrument to the common one, for :func:`deploy`; empty with ``grid=None``.

    Raises
    ------
    WavelengthRangeError
        If the instruments share no range, or one of them does not cover the grid.
    AxisMismatchError
        If the axis of an instrument is not known or does not fit its spectra.
    AxisUnitError
        If an axis cannot be in its unit, or without ``axis_unit`` one looks like nm and another like wavenumbers.
    UnknownInstrumentError
        If ``wavelengths``, ``y`` or ``sample_id`` names an instrument without spectra.
    ValueError
        If lengths do not fit, or spectra are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.deployment import stack_instruments
    >>> axes = {"A": np.arange(1000.0, 1100.0, 2.0), "B": np.arange(1050.0, 1150.0, 5.0)}
    >>> data = stack_instruments({name: axis[None, :] for name, axis in axes.items()}, wavelengths=axes)
    >>> data.wavelengths[[0, -1]], data.X.shape, data.instrument.tolist()
    (array([1050., 1095.]), (2, 10), ['A', 'B'])
    """
    if not isinstance(spectra, dict) or not spectra:
        raise ValueError("spectra must be a dict of {instrument: X} with at least one instrument.")
    for name, given in (("wavelengths", wavelengths), ("y", y), ("sample_id", sample_id)):
        _check_names(name, given, spectra)
    values = {instrument: _spectra(instrument, X) for instrument, X in spectra.items()}
    axes = {instrument: _axis(instrument, X, wavelengths, axis_unit) for instrument, X in spectra.items()}
    axes, unit = _in_known_units(axes)

    if grid is None:
        X = _pad(values.values())
        axis, resamplers = {instrument: own.values for instrument, own in axes.items()}, {}
        unit = unit if len({own.unit for own in axes.values()}) == 1 else {name: own.unit for name, own in axes.items()}
    else:
        if isinstance(grid, str) and grid != "overlap":
            raise ValueError(f"grid must be 'overlap', an array or None, got {grid!r}.")
        in_unit = {name: _converted(own, unit) for name, own in axes.items()}
        axis = common_grid(in_unit) if isinstance(grid, str) else check_axis(grid, name="grid")
        resamplers = {name: _resampler(name, values[name], own, axis, unit) for name, own in axes.items()}
        X = np.concatenate([resamplers[name].transform(values[name]) for name in spectra])

    sizes = {instrument: len(rows) for instrument, rows in values.items()}
    return Bunch(
        X=X,
        y=_stack_references(y, sizes),
        instrument=_labels(list(sizes), list(sizes.values())),
        sample_id=_stack_ids(sample_id, sizes),
        wavelengths=axis,
        axis_unit=unit,
        resamplers=resamplers,
    )


def deploy(model, resample):
    """Join a fitted model on the common axis with the resampling of one instrument.

    Parameters
    ----------
    model : estimator
        Fitted on the common axis, with ``predict``.
    resample : Resample
        Fitted map from the axis of the instrument to the common one, from :func:`stack_instruments`.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Predicts from spectra on the instrument's own axis at once; labelled ones may be on any axis that covers the
        model's. It holds the two estimators given, not copies.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If one of the two is not fitted.
    ChannelMismatchError, AxisMismatchError
        If the model was fitted on other channels than the resampling gives.
    TypeError
        If ``resample`` is not a Resample, or the model does not predict.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skspectral.deployment import deploy, stack_instruments
    >>> axes = {"A": np.arange(1000.0, 1100.0, 2.0), "B": np.arange(1050.0, 1150.0, 5.0)}
    >>> data = stack_instruments({name: np.sin([axis, 2 * axis]) for name, axis in axes.items()}, wavelengths=axes)
    >>> model = Ridge().fit(data.X, [0.0, 1.0, 0.0, 1.0])
    >>> deploy(model, data.resamplers["B"]).predict(np.sin([axes["B"]])).shape
    (1,)
    """
    if not isinstance(resample, Resample):
        raise TypeError(f"resample must be a fitted Resample, got {type(resample).__name__}.")
    if not hasattr(model, "predict"):
        raise TypeError(f"model must have predict, {type(model).__name__} has none.")
    check_is_fitted(resample)
    check_is_fitted(model)
    expected = getattr(model, "n_features_in_", resample.grid_.size)
    if expected != resample.grid_.size:
        raise ChannelMismatchError(
            f"{type(model).__name__} was fitted on {expected} channels, but the resampling gives "
            f"{resample.grid_.size}. Use the resampler of the table that the model was fitted on."
        )
    own, grid = known_axis(model), Labels(resample.grid_, resample.grid_unit_)
    order = None if own is None else find_order(own, grid)
    if own is not None and (order is None or (np.diff(order) != 1).any()):
        raise AxisMismatchError(
            f"{type(model).__name__} was fitted on {own}, but the resampling gives {grid}"
            f"{'' if order is None else ' in another order'}. Use the resampler of the table that the model was fitted "
            "on, or Resample(grid=...) with the model's axis."
        )
    return Pipeline([("resample", resample), ("model", model)])


def _check_names(name, given, spectra):
    if given is None:
        return
    if not isinstance(given, dict):
        raise ValueError(f"{name} must be a dict of {{instrument: ...}}, got {type(given).__name__}.")
    unknown = [str(instrument) for instrument in given if instrument not in spectra]
    if unknown:
        raise UnknownInstrumentError(
            f"{name} names {unknown}, but there are spectra of {[str(i) for i in spectra]} only."
        )


def _spectra(instrument, X):
    name = f"spectra['{instrument}']"
    values = as_matrix(X, name=name, ensure_min_features=2)
    check_finite(values, name=name)
    return values


def _axis(instrument, X, wavelengths, axis_unit):
    """Axis of an instrument, as the channels stand."""
    unit = axis_unit.get(instrument) if isinstance(axis_unit, dict) else axis_unit
    unit = None if unit is None else check_unit(unit)
    name = f"wavelengths['{instrument}']"
    given = (wavelengths or {}).get(instrument)
    labels = channel_labels(X)
    if given is None and (labels is None or labels.counted):
        raise AxisMismatchError(
            f"the axis of instrument '{instrument}' is not known: pass wavelengths={{'{instrument}': axis}}, or a "
            "DataFrame with numeric column labels."
        )
    own = labels._replace(unit=labels.unit or unit) if given is None else Labels(given, unit)
    own = own._replace(values=check_axis(own.values, np.shape(spectra_of(X))[1], name=name))
    if own.unit is not None:
        check_plausible(own.values, own.unit, name=name, stacklevel=4)
    return own


def _in_known_units(axes):
    """Axes with their units, and the unit in which they meet; None where nobody said any."""
    looks = {name: own.unit or likely_unit(own.values) for name, own in axes.items()}
    told = any(own.unit for own in axes.values())
    if None in looks.values() if told else len(set(looks.values()) - {None}) > 1:
        ranges = ", ".join(f"'{name}' {own} (looks like {looks[name]})" for name, own in axes.items())
        raise AxisUnitError(
            f"the axes cannot be in one unit: {ranges}. Say the unit of each with axis_unit={{instrument: unit}}, such "
            "as 'nm' or 'cm-1' (wavenumbers)."
        )
    if not told:
        return axes, None
    # beside axes that say their unit, one that does not is in the unit that it looks like
    axes = {name: own._replace(unit=looks[name]) for name, own in axes.items()}
    units = set(looks.values())
    return axes, units.pop() if len(units) == 1 else "nm"


def _converted(own, unit):
    return own.values if own.unit in (None, unit) else convert(own.values, own.unit, unit)


def _resampler(instrument, values, own, grid, unit):
    resample = Resample(wavelengths=own.values, grid=grid, axis_unit=own.unit or unit or "nm", grid_unit=unit)
    try:
        with nested_fits():
            return resample.fit(values)
    except WavelengthRangeError as error:
        raise WavelengthRangeError(f"instrument '{instrument}': {error}") from error


def _pad(blocks):
    blocks = list(blocks)
    width = max(block.shape[1] for block in blocks)
    padded = [np.pad(block, ((0, 0), (0, width - block.shape[1])), constant_values=np.nan) for block in blocks]
    return np.concatenate(padded)


def _labels(labels, counts):
    """Repeat labels without turning a mixture of numbers and text into text."""
    if all(isinstance(label, str) for label in labels):
        return np.repeat(np.array(labels), counts)
    out = np.empty(len(labels), dtype=object)
    out[:] = labels
    return np.repeat(out, counts)


def _stack_references(y, sizes):
    if y is None:
        return None
    blocks = {}
    for instrument, values in y.items():
        name = f"y['{instrument}']"
        block = check_array(
            masked_as_nan(values),
            dtype=np.float64,
            ensure_2d=False,
            ensure_all_finite="allow-nan",
            input_name=name,
            allow_nd=True,
        )
        if block.ndim not in (1, 2) or len(block) != sizes[instrument]:
            raise ValueError(f"{name} has shape {block.shape}, but there are {sizes[instrument]} spectra.")
        blocks[instrument] = block
    shapes = {block.shape[1:] for block in blocks.values()}
    if len(shapes) != 1:
        raise ValueError(
            "y must hold the same properties for every instrument, got shapes "
            f"{ {str(instrument): block.shape for instrument, block in blocks.items()} }."
        )
    shape = shapes.pop()
    return np.concatenate(
        [blocks[name] if name in blocks else np.full((size, *shape), np.nan) for name, size in sizes.items()]
    )


def _stack_ids(sample_id, sizes):
    if sample_id is None:
        return None
    out = np.empty(sum(sizes.values()), dtype=object)
    start = 0
    for instrument, size in sizes.items():
        if instrument in sample_id:
            ids = list(sample_id[instrument])
            if len(ids) != size:
                raise ValueError(f"sample_id['{instrument}'] has {len(ids)} entries, but there are {size} spectra.")
            out[start : start + size] = ids
        start += size
    return out
