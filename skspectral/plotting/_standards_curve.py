"""RMSEP against the number of standards, with the fitted curve."""

import numpy as np

from ._common import STYLES, Display, bare, new_axes, show_numbers

__all__ = ["StandardsCurveDisplay"]


class StandardsCurveDisplay(Display):
    """RMSEP against the number of standards, its spread over repeats, and the curve through it.

    The curve is continued in dashes by five standards. Make it with `from_curve`.

    Parameters
    ----------
    curve : skspectral.diagnostics.StandardsCurve
        The result of :func:`~skspectral.diagnostics.standards_curve`.
    unit : str, optional
        Unit of the properties.
    relative : bool
        Whether errors are shown relative to that with most standards.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of ``ax_``.
    points_ : dict of str to matplotlib.container.ErrorbarContainer
        Means with the standard deviation over repeats, by property.
    fits_ : dict of str to tuple of matplotlib.lines.Line2D
        The fitted curve and its continuation, by property; empty with fewer than four numbers of standards.
    """

    def __init__(self, curve, *, unit=None, relative=False):
        self.curve = curve
        self.unit = unit
        self.relative = relative

    @classmethod
    def from_curve(cls, curve, *, unit=None, relative=None, ax=None, **kwargs):
        """Draw a curve that was measured.

        Parameters
        ----------
        curve : skspectral.diagnostics.StandardsCurve
            The result of :func:`~skspectral.diagnostics.standards_curve`.
        unit : str, optional
            Unit of the properties.
        relative : bool, optional
            Whether to divide errors by that with most standards; by default with more than one property, whose errors
            may differ in size.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        **kwargs : dict
            For ``Axes.errorbar``.

        Returns
        -------
        StandardsCurveDisplay

        Raises
        ------
        OptionalDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import numpy as np
        >>> from skspectral.diagnostics import StandardsCurve
        >>> from skspectral.plotting import StandardsCurveDisplay
        >>> curve = StandardsCurve(np.array([2, 4]), np.ones((3, 2, 5, 1)), 5, list("abcde"), ["oil"])
        >>> StandardsCurveDisplay.from_curve(curve, unit="%").ax_.get_ylabel()
        'RMSEP (%)'
        """
        relative = len(curve.target_names) > 1 if relative is None else relative
        return cls(curve, unit=unit, relative=relative).plot(ax=ax, **kwargs)

    def _draw(self, ax, **kwargs):
        curve = self.curve
        self.figure_, self.ax_ = new_axes(ax, figsize=(7.0, 4.2))
        self.points_, self.fits_ = {}, {}
        n, rmsep, repeats = curve.n_standards, curve.rmsep, curve.rmsep_of_repeats
        fitted = len(n) >= 4
        further = min(5, curve.n_available)
        # property names may be long or many: points beside each other stay apart
        shifts = np.linspace(-0.12, 0.12, len(curve.target_names)) if len(curve.target_names) > 1 else [0.0]
        for j, (name, style, shift) in enumerate(zip(curve.target_names, STYLES, shifts)):
            unit = rmsep[-1, j] if self.relative and rmsep[-1, j] > 0 else 1.0
            spread = repeats[:, :, j].std(axis=0, ddof=1) / unit if len(repeats) > 1 else None
            options = {"linestyle": "none", "markersize": 5, "elinewidth": 1.0, "capsize": 2, **style, **kwargs}
            self.points_[name] = self.ax_.errorbar(n + shift, rmsep[:, j] / unit, spread, label=name, **options)
            if fitted:
                measured = np.linspace(n[0], curve.n_available, 100)
                ahead = np.linspace(curve.n_available, curve.n_available + further, 20)
                lines = {"color": style["color"], "linewidth": 1.4}
                (solid,) = self.ax_.plot(measured, curve.predict(measured)[:, j] / unit, **lines)
                (dashed,) = self.ax_.plot(ahead, curve.predict(ahead)[:, j] / unit, linestyle="--", **lines)
                self.fits_[name] = (solid, dashed)
        show_numbers(self.ax_, [*n.tolist(), *([curve.n_available + further] if fitted else [])])
        unit = f" ({self.unit})" if self.unit and not self.relative else ""
        ordinate = f"RMSEP / RMSEP with {n[-1]} standards" if self.relative else f"RMSEP{unit}"
        self.ax_.set(xlabel="Number of transfer standards", ylabel=ordinate)
        self.ax_.set_ylim(bottom=0)
        self.ax_.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
        bare(self.ax_)
