"""Spectra with what belongs to them: axis, samples, instruments, references, and where each row came from."""

import numpy as np

from ..._core.matrices import refuse_masked
from ..._core.optional import import_optional
from ..._core.quantities import check_quantity
from ..._core.units import check_plausible
from ...exceptions import TableError, UnknownInstrumentError
from ..units import check_unit, column_labels
from ._conversions import Conversions
from ._validation import ascending, count_replicates, reference_matrix, refuse_not_positive, row_labels
from .summary import summary

__all__ = ["SpectraTable"]


class SpectraTable(Conversions):
    """Spectra in long form: one row is one spectrum of one sample on one instrument.

    `read_spectra` makes one from files. The axis ascends, whatever the order in which it was given.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_channels)
        Spectra; where instruments have axes of different length, padded on the right with NaN.
    wavelengths : array-like of shape (n_channels,), or dict of {instrument: array-like}
        The axis, or the axis of each instrument, in ``unit``.
    unit : {"nm", "um", "cm-1", "Raman shift"}, default="nm"
        Unit of the axis.
    quantity : str or dict of {instrument: str}, default="unknown"
        What the spectra are: "absorbance", "log 1/R", "reflectance", "% reflectance", "transmittance",
        "% transmittance", "Kubelka-Munk", "counts" or "unknown".
    instrument : array-like of shape (n_spectra,), optional
        Instrument of each row; None where it is not known.
    sample_id : array-like of shape (n_spectra,), optional
        Sample of each row; None where it is not known.
    replicate : array-like of int of shape (n_spectra,), optional
        Number of the scan among those of its sample on its instrument; counted by default.
    y : array-like of shape (n_spectra,) or (n_spectra, n_properties), optional
        Reference values, NaN (or masked) where there is none.
    properties : sequence of str, optional
        Names of the columns of ``y``.
    columns : dict of str to sequence, optional
        Whatever else is known of each row.
    meta : dict of str to dict, optional
        What each file says of all its spectra.
    files, places : sequence of str, optional
        Where each row came from.
    flaws : sequence of str, optional
        Why the spectrum of a row cannot be used; None where it can.
    notes : sequence of str, optional
        What a user should know of how the spectra were read.

    Attributes
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    wavelengths : ndarray of shape (n_channels,) or dict of {instrument: ndarray}
        Ascending; a dict only where the axes of instruments differ. Every estimator takes it as it is.
    y : ndarray of shape (n_spectra, n_properties)
    instruments : list
        In the order of their first rows.

    Raises
    ------
    TableError
        If lengths do not fit.
    AxisMismatchError
        If the axis is not strictly monotonic, cannot be in its unit, or does not fit the spectra.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.io import SpectraTable
    >>> table = SpectraTable([[0.5, 0.1]], [4000.0, 5000.0], unit="cm-1", quantity="reflectance", sample_id=["s1"])
    >>> nm = table.in_unit("nm").to_absorbance()
    >>> nm.wavelengths, nm.X.round(3), nm.quantity
    (array([2000., 2500.]), array([[1.   , 0.301]]), 'absorbance')
    """

    def __init__(
        self,
        X,
        wavelengths,
        *,
        unit="nm",
        quantity="unknown",
        instrument=None,
        sample_id=None,
        replicate=None,
        y=None,
        properties=None,
        columns=None,
        meta=None,
        files=None,
        places=None,
        flaws=None,
        notes=(),
    ):
        refuse_masked(X)
        X = np.asarray(X, dtype=np.float64)
        if X.ndim != 2:
            raise TableError(f"X must have shape (n_spectra, n_channels), got {X.shape}.")
        n = len(X)
        self.unit = check_unit(unit)
        self.instrument = row_labels(instrument, n, "instrument")
        self.sample_id = row_labels(sample_id, n, "sample_id")
        self.X, self._axes = ascending(X, wavelengths, self.instrument, self.instruments)
        for name, axis in self._axes.items():
            refuse_not_positive(axis, self.unit, name)
            whose = "" if name is None else f" of {name!r}"
            check_plausible(axis, self.unit, name=f"wavelengths{whose}", option="unit")
        given = quantity if isinstance(quantity, dict) else dict.fromkeys(self.instruments, quantity)
        self._quantities = {name: check_quantity(given.get(name, "unknown")) for name in self.instruments}
        self.y, self.properties = reference_matrix(y, properties, n)
        self.replicate = (
            count_replicates(self.instrument, self.sample_id) if replicate is None else np.asarray(replicate)
        )
        self.columns = {label: row_labels(cells, n, label) for label, cells in (columns or {}).items()}
        self.meta = dict(meta or {})
        self.files = row_labels(files, n, "files")
        self.places = row_labels(places, n, "places")
        self.flaws = row_labels(flaws, n, "flaws")
        self.notes = list(notes)

    @property
    def instruments(self):
        """Instruments in the order of their first rows."""
        return list(dict.fromkeys(self.instrument))

    @property
    def wavelengths(self):
        """The axis (n_channels,), or a dict of {instrument: axis} where the axes differ."""
        axes = list(self._axes.values())
        if all(axis is axes[0] or np.array_equal(axis, axes[0]) for axis in axes):
            return axes[0]
        return dict(self._axes)

    @property
    def quantity(self):
        """What the spectra are, or a dict of {instrument: quantity} where that differs."""
        found = set(self._quantities.values())
        return found.pop() if len(found) == 1 else dict(self._quantities)

    @property
    def shape(self):
        """Numbers of spectra and channels."""
        return self.X.shape

    def __len__(self):
        return len(self.X)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.X, dtype=dtype, copy=True if copy is None else copy)

    def __repr__(self):
        return summary(self)

    def rows_of(self, instrument):
        """Row numbers of one instrument, ndarray of shape (n_rows,)."""
        if instrument not in self._axes:
            raise UnknownInstrumentError(
                f"There is no instrument {instrument!r} in this table, only {', '.join(map(repr, self.instruments))}."
            )
        return np.flatnonzero([name == instrument for name in self.instrument])

    def spectra_of(self, instrument):
        """Spectra of one instrument on its own axis, ndarray of shape (n_rows, n_channels)."""
        return self.X[self.rows_of(instrument), : len(self._axes[instrument])]

    def axis_of(self, instrument):
        """Axis of one instrument, ndarray of shape (n_channels,)."""
        self.rows_of(instrument)
        return self._axes[instrument]

    def quantity_of(self, instrument):
        """What the spectra of one instrument are."""
        self.rows_of(instrument)
        return self._quantities[instrument]

    def where(self, row):
        """Name a row as a user finds it: file, place and sample."""
        sample = self.sample_id[row]
        parts = [self.files[row], self.places[row], None if sample is None else f"sample {sample}"]
        return ", ".join(str(part) for part in parts if part is not None) or f"row {row}"

    def select(self, rows=None, *, instruments=None):
        """Take some rows.

        Parameters
        ----------
        rows : array-like of bool or int, optional
            Mask or row numbers, in the order wanted.
        instruments : sequence, optional
            Only rows of these instruments.

        Returns
        -------
        SpectraTable
        """
        index = np.arange(len(self))
        if instruments is not None:
            wanted = [instruments] if isinstance(instruments, str) or instruments is None else list(instruments)
            keep = np.sort(np.concatenate([self.rows_of(name) for name in wanted]))
            index = index[keep]
        if rows is not None:
            rows = np.asarray(rows)
            chosen = np.arange(len(self))[rows]
            index = chosen if instruments is None else chosen[np.isin(chosen, index)]
        if not len(index):
            raise TableError("No row is left.")
        left = dict.fromkeys(self.instrument[index])
        width = max(len(self._axes[name]) for name in left)
        return self._with(
            X=self.X[index, :width],
            axes={name: self._axes[name] for name in left},
            rows=index,
            quantities={name: self._quantities[name] for name in left},
        )

    def __getitem__(self, rows):
        """Take rows, as scikit-learn's searches do; see `select`."""
        return self.select(rows[0] if isinstance(rows, tuple) else rows)

    def fit_arguments(self):
        """Give what ``fit`` takes: ``model.fit(**table.fit_arguments())``.

        Returns
        -------
        dict
            ``X`` as a DataFrame whose labels are the wavelengths in nm where all instruments share an axis (text with
            the unit beyond 3300 nm, in wavenumbers, and for a Raman shift) and whose ``attrs`` say the quantity, else
            the padded array; ``y`` of shape (n_spectra,) for one property, (n_spectra, n_properties) for several, None
            for none; ``instrument`` and ``sample_id``, None where not known.
        """
        X = self.X
        if not isinstance(self.wavelengths, dict):
            pandas = import_optional("pandas", extra="io", feature="Labelling spectra by their wavelengths")
            X = pandas.DataFrame(X, columns=column_labels(self.wavelengths, self.unit))
            X.attrs["quantity"] = self.quantity
        y = self.y[:, 0] if len(self.properties) == 1 else self.y
        return {
            "X": X,
            "y": y if self.properties else None,
            "instrument": None if all(name is None for name in self.instrument) else self.instrument,
            "sample_id": None if all(name is None for name in self.sample_id) else self.sample_id,
        }

    def to_frame(self):
        """Make a DataFrame in long form, which `from_frame` and `read_spectra` understand.

        Returns
        -------
        pandas.DataFrame
            Columns ``instrument`` and ``sample_id``, the properties, other columns, and one per wavelength with a
            number as label.

        Raises
        ------
        TableError
            If the axes of the instruments differ.
        """
        pandas = import_optional("pandas", extra="io", feature="Tables of pandas")
        axis = self.wavelengths
        if isinstance(axis, dict):
            raise TableError("The axes of the instruments differ; bring them onto one with on('overlap') first.")
        head = {"instrument": self.instrument, "sample_id": self.sample_id, "replicate": self.replicate}
        head.update(zip(self.properties, self.y.T))
        head.update({label: cells for label, cells in self.columns.items() if label not in head})
        frame = pandas.DataFrame(head)
        spectra = pandas.DataFrame(self.X, columns=axis)
        return pandas.concat([frame, spectra], axis=1)

    @classmethod
    def from_frame(cls, frame, *, unit=None, quantity=None, properties=None, id_column=None, instrument_column=None):
        """Make a table of a DataFrame in long form.

        Parameters
        ----------
        frame : DataFrame
            Of pandas or with ``to_pandas`` (polars, pyarrow); columns labelled by wavelengths are the spectrum.
        unit, quantity, properties, id_column, instrument_column
            See `read_spectra`.

        Returns
        -------
        SpectraTable
        """
        from .from_frame import table_of_frame

        return table_of_frame(
            frame,
            unit=unit,
            quantity=quantity,
            properties=properties,
            id_column=id_column,
            instrument_column=instrument_column,
        )

    @staticmethod
    def concat(tables):
        """Join tables below each other, such as those of two instruments.

        Parameters
        ----------
        tables : sequence of SpectraTable
            All in one unit, or in units that convert; an instrument in two of them must have one axis and quantity.

        Returns
        -------
        SpectraTable
            Properties and other columns of all; blank where a table has none.
        """
        from ._concat import concat

        return concat(tables)

    def plot(self, ax=None, **kwargs):
        """Draw the spectra, one colour per instrument.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        **kwargs : dict
            For ``Axes.plot``.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from ._plot import plot_table

        return plot_table(self, ax, **kwargs)

    def _with(self, *, X=None, axes=None, unit=None, quantities=None, rows=None):
        """Copy with some parts replaced; what is not replaced is shared."""
        new = object.__new__(SpectraTable)
        new.__dict__.update(self.__dict__)
        if rows is not None:
            for name in ("instrument", "sample_id", "replicate", "y", "files", "places", "flaws"):
                setattr(new, name, getattr(self, name)[rows])
            new.columns = {label: cells[rows] for label, cells in self.columns.items()}
        new.X = self.X if X is None else X
        new._axes = self._axes if axes is None else axes
        new.unit = self.unit if unit is None else unit
        new._quantities = self._quantities if quantities is None else quantities
        new.notes = list(self.notes)
        return new
