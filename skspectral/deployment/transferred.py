"""The thing that is deployed: a transferred calibration that knows what it predicts, how well, and when not."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from .._core.property_names import properties_named
from .._core.versions import current_versions
from ..exceptions import ModelFileError, UnknownInstrumentError
from ..io import read_spectra
from ..io.options import options_for, refuse_strangers
from ._incoming import Incoming, is_path
from ._methods import method_of
from ._onto_model import onto_model
from ._record import fit_record
from ._summary import summary
from ._training import TrainingTable
from .coefficients import fold
from .per_instrument import PerInstrument
from .persistence import load as load_file
from .persistence import save as save_file
from .predictions import Predictions

__all__ = ["TransferredModel"]


class TransferredModel:
    """A calibration that was moved to one or several instruments, ready to be used there.

    Make it with :meth:`fit` or read it with :meth:`load`.

    Attributes
    ----------
    source : object
        The instrument that the calibration comes from.
    targets : list
        The instruments that it predicts for.
    properties : list of str
        What it predicts.
    units : dict of {str: str}
        Units of the properties that have one.
    unit : {"nm", "um", "cm-1"}
        Unit of the axes.
    method : str
        The method, as an expression.
    reading : dict
        Options with which files were read and will be read.
    records : dict of {target: TransferRecord}
        For each target the fitted ``model``, its axis, ``standards``, ``held_out`` (``rmsep``, ``bias``, ``sep``, ``n``
        and ``how``), ``limits`` and ``intervals``.
    created : str
        When it was made, in UTC.
    versions : dict of {str: str}
        What it was made with.

    Examples
    --------
    >>> from skspectral import MeanShift, TransferredModel
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=40, random_state=0)
    >>> model = TransferredModel.fit(data, source="A", target="B", method=MeanShift())
    >>> predicted = model.predict(data.X[-2:])
    >>> predicted.value.shape, bool((predicted.lower < predicted.upper).all())
    ((2, 1), True)
    """

    def __init__(self, records, *, source, properties, units, unit, method, reading, created, versions):
        self.records = records
        self.source = source
        self.properties = properties
        self.units = units
        self.unit = unit
        self.method = method
        self.reading = reading
        self.created = created
        self.versions = versions

    @classmethod
    def fit(
        cls,
        table=None,
        *,
        source,
        target,
        method="auto",
        X=None,
        y=None,
        instrument=None,
        sample_id=None,
        wavelengths=None,
        unit=None,
        quantity=None,
        properties=None,
        units=None,
        reading=None,
        validate=True,
        conformal=False,
        progress=False,
    ):
        """Transfer a calibration, validate it, and learn when not to believe it.

        Parameters
        ----------
        table : SpectraTable or Bunch, optional
            Source spectra with references, and target spectra of the standards, in long form: something with ``X``,
            ``y``, ``instrument``, ``sample_id`` and ``wavelengths``. The keywords below stand for its parts, or replace
            them.
        source : object
            The instrument that the calibration comes from.
        target : object or list of object
            The instrument, or instruments, that it moves to; each gets a transfer of its own.
        method : "auto" or estimator, default="auto"
            "auto" is :class:`~skspectral.AutoTransfer`. An estimator is cloned; its roles, and its axis where it asks
            for one, are filled in.
        X : array-like of shape (n_spectra, n_channels), optional
        y : array-like of shape (n_spectra,) or (n_spectra, n_properties), optional
            References; NaN where there is none.
        instrument, sample_id : array-like of shape (n_spectra,), optional
        wavelengths : array-like of shape (n_channels,) or dict of {instrument: array-like}, optional
            The axis. Instruments with different axes are brought onto the range that they share; predictions are then
            made from spectra on the target's own axis.
        unit : {"nm", "um", "cm-1"}, optional
            Unit of the axis; default: that of the table, else nm.
        quantity : str or dict of {instrument: str}, optional
            What the spectra are; default: what the table says. The source's are converted to the target's quantity.
        properties : sequence of str, optional
            Names of the columns of ``y``.
        units : dict of {str: str}, optional
            Units of the properties.
        reading : dict, optional
            Options with which the files were read; files to predict are read with them, or with those of their target.
        validate : bool, default=True
            Whether to leave each standard out, fit anew and predict it. Takes as many fits as there are standards.
        conformal : bool, default=False
            As in :class:`~skspectral.diagnostics.TransferIntervals`; by the errors of the validation.
        progress : bool, default=False
            Whether to show progress bars.

        Returns
        -------
        TransferredModel

        Raises
        ------
        UnknownInstrumentError
            If there are no rows of an instrument.
        QuantityError
            If spectra are mirror images of the other instrument's, and nobody said what they are.
        ValueError
            With ``conformal`` and no validation, and as the method does.
        """
        given = {"X": X, "y": y, "instrument": instrument, "sample_id": sample_id, "wavelengths": wavelengths}
        training = TrainingTable.read(table, **given, unit=unit, quantity=quantity, properties=properties)
        targets = list(target) if isinstance(target, (list, tuple)) else [target]
        if source in targets or len(set(targets)) < len(targets) or not targets:
            raise UnknownInstrumentError(f"Targets must be different instruments other than {source!r}; got {targets}.")
        unknown = sorted(set(units or {}) - set(training.properties))
        if unknown:
            raise ValueError(f"units names {unknown}, but the properties are {training.properties}.")
        estimator = method_of(method)
        how = {"validate": validate, "conformal": conformal, "progress": progress}
        with properties_named(training.properties):
            # no comprehension, which would be a frame between a warning and who called
            records = {}
            for name in targets:
                records[name] = fit_record(estimator, training.pair(source, name), training.quantity_of(name), **how)
        return cls(
            records,
            source=source,
            properties=training.properties,
            units=dict(units or {}),
            unit=training.unit,
            method=str(estimator),
            reading=dict(reading or {}),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            versions=current_versions(),
        )

    @property
    def targets(self):
        """Instruments that it predicts for."""
        return list(self.records)

    @property
    def estimator(self):
        """The fitted estimator for spectra on the target's own axis; a PerInstrument for several targets."""
        fitted = {name: record.pipeline for name, record in self.records.items()}
        return PerInstrument(fitted) if len(fitted) > 1 else next(iter(fitted.values()))

    @property
    def holds_spectra(self):
        """Whether the model keeps spectra that it was made from, because its method needs them."""
        return any(record.holds_spectra for record in self.records.values())

    def read(self, files, *, instrument=None, **options):
        """Read files to predict, with the options with which the model's own files were read.

        A spectrum or a file that cannot be used is a row of its own, which will be rejected with the reason; it spoils
        no others.

        Parameters
        ----------
        files : path-like, sequence of path-like, or dict of {instrument: any of these}
        instrument : object, optional
            The target that measured them.
        **options : dict
            Options of :func:`~skspectral.io.read_spectra` that are to be others than those of the model's files.

        Returns
        -------
        SpectraTable

        Raises
        ------
        TableError, OSError
            If nothing in the files can be used, or one is missing.
        ReadingOptionError
            If an option has a value that it cannot have, or names an instrument that the model does not serve.
        """
        for option, value in options.items():
            refuse_strangers(value, self.targets, option)
        chosen = options_for(self.reading | options, instrument, self.targets)
        return read_spectra(files, **{"on_error": "keep", **chosen})

    def predict(self, new, *, instrument=None, per_sample=False, level=0.9):
        """Predict new spectra.

        Parameters
        ----------
        new : path-like, sequence of path-like, SpectraTable, DataFrame or array-like of shape (n_spectra, n_channels)
            Spectra as measured on a target. An axis, where there is one, is compared with the model's; a DataFrame
            has wavelengths as labels and may have the columns ``instrument`` and ``sample_id``. An array is taken as it
            is.
        instrument : object, optional
            The target that measured them, where rows do not say. Where they do, only its rows are predicted.
        per_sample : bool, default=False
            Whether to average the spectra of each sample.
        level : float, default=0.9
            What share of the intervals is to hold the reference value.

        Returns
        -------
        Predictions
            For each property value, lower, upper, flag ("", "note", "warning", "reject") and reason.

        Raises
        ------
        UnknownInstrumentError
            If rows come from an instrument without model.
        ChannelMismatchError, WavelengthRangeError, AxisMismatchError, QuantityError
            If the spectra cannot be those of the instrument.
        """
        incoming = Incoming.read(self.read(new, instrument=instrument) if is_path(new) else new)
        rows, labels, notes = incoming.instrument_of_rows(self.targets, instrument)
        if not len(rows):
            raise UnknownInstrumentError(f"No spectrum of {instrument!r} is left to predict.")
        shape = (len(rows), len(self.properties))
        value, lower, upper = (np.full(shape, np.nan) for _ in range(3))
        flag, reason = np.empty(shape, dtype=object), np.empty(shape, dtype=object)
        for name in dict.fromkeys(labels):
            at = np.flatnonzero([label == name for label in labels])
            record, samples = self.records[name], incoming.sample_id[rows[at]]
            X, said, failed, clues = onto_model(incoming, rows[at], record, self.unit)
            with properties_named(self.properties):
                value[at], lower[at], upper[at], flags = record.predict(X, level, failed, samples, clues)
            for severity, text in said:
                for row in range(len(at)):
                    flags.add(row, severity, text)
            flags.add_copies(incoming.copies(rows[at]))
            flag[at], reason[at] = flags.flag(), flags.reason()
            notes += record.notes
        kept = {"file": incoming.file, "sample_id": incoming.sample_id}
        kept = {key: list(values[rows]) for key, values in kept.items() if any(v is not None for v in values)}
        predicted = Predictions(
            self.properties,
            self.units,
            kept | {"instrument": list(labels)},
            value,
            lower,
            upper,
            flag,
            reason,
            level,
            notes=[*incoming.notes, *dict.fromkeys(notes)],
        )
        return predicted.per_sample() if per_sample else predicted

    def coefficients(self, target=None, *, approximate=False):
        """Fold transfer and calibration into one coefficient vector per property, for spectra as measured.

        Parameters
        ----------
        target : object, optional
            The instrument, where the model serves several.
        approximate : bool, default=False
            Whether to linearise at the mean spectrum a model that is not affine (with SNV inside, for example).

        Returns
        -------
        Coefficients
            ``coef``, ``intercept``, ``wavelengths``; ``error`` of a linearisation.

        Raises
        ------
        NonLinearCalibrationError
            If the model is not affine, and ``approximate`` is false or impossible.
        UnknownInstrumentError
            If the target is not one of the model's.
        """
        if target is None and len(self.records) == 1:
            target = self.targets[0]
        if target is None:
            raise UnknownInstrumentError(
                f"The model serves {', '.join(map(repr, self.targets))}; say with target= for which of them."
            )
        if target not in self.records:
            raise UnknownInstrumentError(f"There is no model for {target!r}; name one of {self.targets}.")
        return fold(self.records[target], approximate)

    def save(self, path):
        """Write the model to a file that can be loaded without running code from it; see :func:`skspectral.save`.

        Parameters
        ----------
        path : path-like
            By custom with the suffix ``.skspectral``. A file that exists is replaced when everything is written.
        """
        save_file(self, path)

    @classmethod
    def load(cls, path, trusted=None):
        """Read a model from a file of :meth:`save`; see :func:`skspectral.load`.

        Parameters
        ----------
        path : path-like
        trusted : list of str or type, optional
            Further types that you know and vouch for.

        Returns
        -------
        TransferredModel

        Raises
        ------
        ModelFileError
            If the file holds something else, or is damaged.
        """
        model = load_file(path, trusted)
        if not isinstance(model, cls):
            raise ModelFileError(
                f"{Path(path)} holds a bare {type(model).__name__}, which knows neither properties nor axis. Make a "
                "TransferredModel with TransferredModel.fit, or `skspectral transfer`."
            )
        return model

    def __str__(self):
        return summary(self)

    def __repr__(self):
        return f"TransferredModel({self.properties} from {self.source!r} to {self.targets})"
