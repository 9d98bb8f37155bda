"""Predicted against measured reference values."""

import numpy as np

from ..metrics import bias, r2, rmsep
from ._common import REFERENCE_COLOR, STYLES, Display, bare, new_axes

__all__ = ["PredictedMeasuredDisplay"]


class PredictedMeasuredDisplay(Display):
    """Predicted against measured values, with the 1:1 line and figures of merit.

    Make it with `from_predictions`.

    Parameters
    ----------
    series : dict of str to tuple of (ndarray of shape (n_samples,), ndarray of shape (n_samples,))
        Measured and predicted values by label of the legend.
    target_name : str, optional
        Name of the property.
    unit : str, optional
        Its unit.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of ``ax_``.
    scatter_ : dict of str to matplotlib.collections.PathCollection
        The points by label.
    line_ : matplotlib.lines.Line2D
        The 1:1 line.
    legend_ : matplotlib.legend.Legend
        Figures of merit by label.
    """

    def __init__(self, series, *, target_name=None, unit=None):
        self.series = series
        self.target_name = target_name
        self.unit = unit

    @classmethod
    def from_predictions(cls, y_true, y_pred, *, group=None, target_name=None, unit=None, ax=None, **kwargs):
        """Draw predictions of one property.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Measured values; rows with NaN are left out.
        y_pred : array-like of shape (n_samples,), or dict of str to array-like of shape (n_samples,)
            Predictions, or those of several methods by name.
        group : array-like of shape (n_samples,), optional
            Label of each row, such as the instrument; each gets its own colour and figures. Not with several methods.
        target_name : str, optional
            Name of the property, for the axes.
        unit : str, optional
            Its unit, for the axes.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        **kwargs : dict
            For ``Axes.scatter``.

        Returns
        -------
        PredictedMeasuredDisplay

        Raises
        ------
        ValueError
            If the lengths differ, ``y_true`` is not one property, or holds no value at all.
        OptionalDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from skspectral.plotting import PredictedMeasuredDisplay
        >>> display = PredictedMeasuredDisplay.from_predictions([1, 2, 3], [1.1, 2.1, 2.9], target_name="oil", unit="%")
        >>> display.ax_.get_xlabel()
        'Measured oil (%)'
        """
        y_true = _one_property(y_true, "y_true")
        if isinstance(y_pred, dict):
            if group is not None:
                raise ValueError("Give either several methods in y_pred or labels in group, not both.")
            pairs = {name: (y_true, _one_property(values, f"y_pred[{name!r}]")) for name, values in y_pred.items()}
        else:
            y_pred = _one_property(y_pred, "y_pred")
            labels = np.full(y_true.shape, "") if group is None else np.asarray(group)
            if labels.shape != y_true.shape:
                raise ValueError(f"group has shape {labels.shape}, y_true has {y_true.shape}.")
            names = list(dict.fromkeys(labels.tolist()))
            _same_length(y_true, y_pred)
            pairs = {str(name): (y_true[labels == name], y_pred[labels == name]) for name in names}
        series = {}
        for name, (measured, predicted) in pairs.items():
            _same_length(measured, predicted)
            known = ~np.isnan(measured)
            if known.any():
                series[name] = (measured[known], predicted[known])
        if not series:
            raise ValueError("y_true holds no measured value, so there is nothing to compare with.")
        return cls(series, target_name=target_name, unit=unit).plot(ax=ax, **kwargs)

    def _draw(self, ax, **kwargs):
        self.figure_, self.ax_ = new_axes(ax, figsize=(5.2, 4.9 + 0.22 * len(self.series)))
        values = np.concatenate([part for pair in self.series.values() for part in pair])
        margin = 0.04 * np.ptp(values) or 0.5
        ends = (values.min() - margin, values.max() + margin)
        (self.line_,) = self.ax_.plot(ends, ends, color=REFERENCE_COLOR, linewidth=1, zorder=1, label="_1:1")
        self.scatter_ = {}
        for (name, (measured, predicted)), style in zip(self.series.items(), STYLES):
            options = {"s": 22, "alpha": 0.75, "linewidths": 0, **style, **kwargs}
            self.scatter_[name] = self.ax_.scatter(measured, predicted, label=self._label(name), zorder=2, **options)
        what = f" {self.target_name}" if self.target_name else ""
        unit = f" ({self.unit})" if self.unit else ""
        self.ax_.set(xlim=ends, ylim=ends, xlabel=f"Measured{what}{unit}", ylabel=f"Predicted{what}{unit}")
        self.ax_.set_aspect("equal")
        # long lines would hide points, so it is below the axes, where the layout of an own figure keeps room
        look = {"frameon": False, "fontsize": "small"}
        if ax is None:
            self.legend_ = self.figure_.legend(loc="outside lower center", **look)
        else:
            self.legend_ = self.ax_.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), **look)
        bare(self.ax_)

    def _label(self, name):
        measured, predicted = self.series[name]
        unit = f" {self.unit}" if self.unit else ""
        figures = f"RMSEP {rmsep(measured, predicted):.3g}{unit}, bias {bias(measured, predicted):+.2g}{unit}"
        if np.ptp(measured) > 0:
            figures += f", R² {r2(measured, predicted):.3f}"
        return f"{name}: {figures}" if name else figures


def _one_property(values, name):
    values = np.asarray(values, dtype=np.float64)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}; choose one property.")
    return values


def _same_length(measured, predicted):
    if len(measured) != len(predicted):
        raise ValueError(f"There are {len(measured)} measured values but {len(predicted)} predictions.")
