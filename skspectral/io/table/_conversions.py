"""What a table of spectra can be converted to: absorbance, another unit, another axis."""

import numpy as np

from ..._core.axis import check_axis
from ..._core.quantities import check_quantity, converted_spectra
from ...exceptions import QuantityError
from ...preprocessing import Resample, common_grid
from ..quantities import absorbance
from ..units import check_unit, convert_axis
from ._validation import ascending

__all__ = ["Conversions"]


class Conversions:
    """Conversions of `SpectraTable`; each gives a new table."""

    def to_absorbance(self):
        """Convert reflectance and transmittance, also in percent, to absorbance log10(1/R) or log10(1/T).

        Returns
        -------
        SpectraTable

        Raises
        ------
        QuantityError
            If spectra are counts or of an unknown quantity, or a value is zero or negative; the message names it.
        """
        X = np.full_like(self.X, np.nan)
        for name in self.instruments:
            rows, axis = self.rows_of(name), self._axes[name]

            def where(r, k, rows=rows, axis=axis):
                return f"{self.where(rows[r])}, {axis[k]:g} {self.unit}"

            X[rows, : len(axis)] = absorbance(self.spectra_of(name), self._quantities[name], where)
        return self._with(X=X, quantities=dict.fromkeys(self.instruments, "absorbance"))

    def in_quantity(self, quantity, *, instruments=None):
        """Convert between absorbance, reflectance and transmittance, and between percent and fractions.

        Parameters
        ----------
        quantity : str
            What is wanted.
        instruments : sequence, optional
            Whose spectra; default: all.

        Returns
        -------
        SpectraTable

        Raises
        ------
        QuantityError
            If what the spectra are is not known, there is no conversion, or a value has no logarithm.
        """
        quantity = check_quantity(quantity)
        chosen = self.instruments if instruments is None else list(instruments)
        X, quantities = self.X.copy(), dict(self._quantities)
        for name in chosen:
            rows, own = self.rows_of(name), self._quantities[name]
            if "unknown" in (own, quantity):
                raise QuantityError(f"What the spectra of {name!r} are is not known; say it with quantity=.")
            X[rows] = converted_spectra(X[rows], own, quantity, name)
            quantities[name] = quantity
        return self._with(X=X, quantities=quantities)

    def in_unit(self, unit):
        """Convert the axis; it ascends in the new unit.

        Parameters
        ----------
        unit : {"nm", "um", "cm-1"}

        Returns
        -------
        SpectraTable
        """
        unit = check_unit(unit)
        if unit == self.unit:
            return self
        axes = {name: convert_axis(axis, self.unit, unit) for name, axis in self._axes.items()}
        X, axes = ascending(self.X, axes, self.instrument, self.instruments)
        return self._with(X=X, axes=axes, unit=unit)

    def on(self, axis="overlap"):
        """Interpolate all spectra onto one axis.

        Parameters
        ----------
        axis : array-like of shape (n_points,) or "overlap"
            Axis wanted, in the unit of the table; "overlap" is the range that all instruments share, in steps of the
            coarsest of them and without regions that one of them has not measured.

        Returns
        -------
        SpectraTable

        Raises
        ------
        WavelengthRangeError
            If an instrument does not cover the axis, or the instruments share none.
        """
        grid = common_grid(self._axes) if isinstance(axis, str) and axis == "overlap" else check_axis(axis)
        grid = np.sort(grid)
        X = np.empty((len(self), grid.size))
        for name in self.instruments:
            own = self._axes[name]
            spectra = self.spectra_of(name)
            if not np.array_equal(own, grid):
                spectra = Resample(wavelengths=own, grid=grid).fit(spectra).transform(spectra)
            X[self.rows_of(name)] = spectra
        return self._with(X=X, axes=dict.fromkeys(self.instruments, grid))
