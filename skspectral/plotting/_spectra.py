"""Spectra of two instruments before and after transfer."""

import numpy as np

from .._core.axis import check_axis
from ._common import COLORS, REFERENCE_COLOR, Display, bare, new_axes

__all__ = ["SpectraDifferenceDisplay"]


class SpectraDifferenceDisplay(Display):
    """Mean spectra, and their difference from the source before and after transfer.

    Make it with `from_spectra`.

    Parameters
    ----------
    wavelengths : ndarray of shape (n_channels,)
        The axis.
    source, target, transferred : ndarray of shape (n_samples, n_channels)
        Spectra of the same samples in the same order.
    axis_unit : {"nm", "cm-1"}
        Unit of the axis.
    spectrum_name : str
        Label of the ordinate.

    Attributes
    ----------
    ax_ : ndarray of matplotlib.axes.Axes of shape (2,)
        Mean spectra above, differences below.
    figure_ : matplotlib.figure.Figure
        Their figure.
    spectra_ : dict of str to matplotlib.lines.Line2D
        Mean spectra: "source", "target" and "transferred".
    differences_ : dict of str to matplotlib.lines.Line2D
        Mean differences: "before" and "after".
    bands_ : dict of str to matplotlib.collections.FillBetweenPolyCollection
        Mean plus and minus one standard deviation over the samples, "before" and "after".
    """

    def __init__(self, wavelengths, source, target, transferred, *, axis_unit="nm", spectrum_name="Absorbance"):
        self.wavelengths = wavelengths
        self.source = source
        self.target = target
        self.transferred = transferred
        self.axis_unit = axis_unit
        self.spectrum_name = spectrum_name

    @classmethod
    def from_spectra(
        cls, source, target, transferred, *, wavelengths, axis_unit="nm", spectrum_name="Absorbance", ax=None, **kwargs
    ):
        """Draw spectra of the same samples.

        Parameters
        ----------
        source : array-like of shape (n_samples, n_channels)
            Measured on the source.
        target : array-like of shape (n_samples, n_channels)
            The same samples measured on the target.
        transferred : array-like of shape (n_samples, n_channels)
            ``target`` as mapped to the source, such as by ``PDS.transform``.
        wavelengths : array-like of shape (n_channels,)
            The axis.
        axis_unit : {"nm", "cm-1"}, default="nm"
            Unit of the axis; wavenumbers are drawn from high to low.
        spectrum_name : str, default="Absorbance"
            Label of the ordinate.
        ax : array-like of two matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        **kwargs : dict
            For ``Axes.plot``.

        Returns
        -------
        SpectraDifferenceDisplay

        Raises
        ------
        ValueError
            If the shapes differ, or the unit is unknown.
        AxisMismatchError
            If the axis does not fit the spectra.
        OptionalDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from skspectral.datasets import make_instruments
        >>> from skspectral.plotting import SpectraDifferenceDisplay
        >>> data = make_instruments(20)
        >>> a, b = data.X[:20], data.X[20:]
        >>> mapped = b - b.mean(axis=0) + a.mean(axis=0)
        >>> display = SpectraDifferenceDisplay.from_spectra(a, b, mapped, wavelengths=data.wavelengths)
        >>> bool(abs(display.differences_["after"].get_ydata()).max() < 1e-12)
        True
        """
        source, target, transferred = (np.asarray(X, dtype=np.float64) for X in (source, target, transferred))
        if source.ndim != 2 or not source.shape == target.shape == transferred.shape:
            raise ValueError(
                "source, target and transferred must be spectra of the same samples in the same channels, got shapes "
                f"{source.shape}, {target.shape} and {transferred.shape}."
            )
        if axis_unit not in ("nm", "cm-1"):
            raise ValueError(f"axis_unit must be 'nm' or 'cm-1', got {axis_unit!r}.")
        wavelengths = check_axis(wavelengths, source.shape[1])
        display = cls(wavelengths, source, target, transferred, axis_unit=axis_unit, spectrum_name=spectrum_name)
        return display.plot(ax=ax, **kwargs)

    def _draw(self, ax, **kwargs):
        self.figure_, self.ax_ = new_axes(ax, n_rows=2, figsize=(7.0, 5.2))
        above, below = self.ax_
        self.spectra_, self.differences_, self.bands_ = {}, {}, {}
        shown = {
            "source": (self.source, COLORS[6], "-"),
            "target": (self.target, COLORS[1], "-"),
            "transferred": (self.transferred, COLORS[0], "--"),
        }
        for name, (X, color, dashes) in shown.items():
            options = {"color": color, "linestyle": dashes, "linewidth": 1.4, **kwargs}
            (self.spectra_[name],) = above.plot(self.wavelengths, X.mean(axis=0), label=name, **options)
        below.axhline(0, color=REFERENCE_COLOR, linewidth=0.8)
        for name, X, color in (("before", self.target, COLORS[1]), ("after", self.transferred, COLORS[0])):
            gap = X - self.source
            mean, sd, rms = gap.mean(axis=0), gap.std(axis=0), np.sqrt(np.mean(gap**2))
            options = {"color": color, "linewidth": 1.4, **kwargs}
            label = f"{name} transfer (RMS {rms:.2g})"
            (self.differences_[name],) = below.plot(self.wavelengths, mean, label=label, **options)
            band = below.fill_between(self.wavelengths, mean - sd, mean + sd, color=color, alpha=0.15, linewidth=0)
            self.bands_[name] = band
        above.set_ylabel(f"Mean {self.spectrum_name[:1].lower()}{self.spectrum_name[1:]}")
        below.set_ylabel("Difference from source")
        below.set_xlabel("Wavelength (nm)" if self.axis_unit == "nm" else "Wavenumber (cm⁻¹)")
        ends = self.wavelengths.min(), self.wavelengths.max()
        for axes in (above, below):
            axes.set_xlim(*(ends if self.axis_unit == "nm" else ends[::-1]))
            axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
            bare(axes)
