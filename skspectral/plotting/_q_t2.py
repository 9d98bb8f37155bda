"""Q residuals against Hotelling T2, with the limits of the source model."""

import numpy as np

from ._common import REFERENCE_COLOR, STYLES, Display, bare, label_log_axis, new_axes

__all__ = ["QT2Display"]


class QT2Display(Display):
    """Q against T2 of several sets of spectra, such as the target's before and after transfer.

    Both axes are in units of their limit and logarithmic; spectra like those of the source lie in the lower left
    corner. Make it with `from_limits`.

    Parameters
    ----------
    results : dict of str to skspectral.diagnostics.QT2Result
        Q and T2 by name of the set, all with the limits of one model.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of ``ax_``.
    scatter_ : dict of str to matplotlib.collections.PathCollection
        The points of each set.
    limits_ : tuple of matplotlib.lines.Line2D
        The limits of T2 and of Q.
    """

    def __init__(self, results):
        self.results = results

    @classmethod
    def from_limits(cls, limits, spectra, *, ax=None, **kwargs):
        """Judge sets of spectra by a fitted model of the source and draw them.

        Parameters
        ----------
        limits : skspectral.diagnostics.SpectralLimits
            Fitted to the source spectra.
        spectra : dict of str to array-like of shape (n_spectra, n_channels)
            The sets, such as ``{"before transfer": X, "after transfer": model.transform(X)}``.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        **kwargs : dict
            For ``Axes.scatter``.

        Returns
        -------
        QT2Display

        Raises
        ------
        ValueError
            If there is no set of spectra.
        OptionalDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from skspectral.datasets import make_instruments
        >>> from skspectral.diagnostics import SpectralLimits
        >>> from skspectral.plotting import QT2Display
        >>> data = make_instruments(20)
        >>> display = QT2Display.from_limits(SpectralLimits(4).fit(data.X[:20]), {"before transfer": data.X[20:]})
        >>> len(display.scatter_["before transfer"].get_offsets())
        20
        """
        if not spectra:
            raise ValueError("spectra has no set to draw; give a dict of spectra by name.")
        return cls({str(name): limits.check(X) for name, X in spectra.items()}).plot(ax=ax, **kwargs)

    def _draw(self, ax, **kwargs):
        self.figure_, self.ax_ = new_axes(ax, figsize=(6.4, 4.4))
        self.scatter_ = {}
        for (name, result), style in zip(self.results.items(), STYLES):
            t2, q = result.t2 / result.t2_limit, result.q / result.q_limit
            # a spectrum exactly in the model has no place on a logarithmic axis
            t2, q = (np.maximum(values, 1e-3) for values in (t2, q))
            label = f"{name}: {result.outside.sum()} of {len(q)} outside"
            options = {"s": 22, "alpha": 0.8, "linewidths": 0, **style, **kwargs}
            self.scatter_[name] = self.ax_.scatter(t2, q, label=label, **options)
        lines = {"color": REFERENCE_COLOR, "linestyle": "--", "linewidth": 1.0, "zorder": 0}
        self.limits_ = (self.ax_.axvline(1.0, label="limits of the source", **lines), self.ax_.axhline(1.0, **lines))
        self.ax_.set(xscale="log", yscale="log", xlabel="T² / limit", ylabel="Q / limit")
        for axis, values in ((self.ax_.xaxis, 0), (self.ax_.yaxis, 1)):
            shown = np.concatenate([[1.0], *(points.get_offsets()[:, values] for points in self.scatter_.values())])
            # over many powers of ten the numbers between them would lie over each other
            if shown.max() < 200 * shown.min():
                label_log_axis(axis)
        self.ax_.legend(frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0))
        bare(self.ax_)
