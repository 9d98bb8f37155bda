"""Influence of each transfer standard as bars."""

import numpy as np

from ._common import REFERENCE_COLOR, STYLES, Display, bare, new_axes

__all__ = ["StandardsInfluenceDisplay"]


class StandardsInfluenceDisplay(Display):
    """How far predictions move without each standard, the most influential first.

    Make it with `from_influence`.

    Parameters
    ----------
    influence : skspectral.diagnostics.StandardsInfluence
        The result of :func:`~skspectral.diagnostics.influence_of_standards`.
    max_standards : int
        Number of standards shown at most.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of ``ax_``.
    bars_ : dict of str to matplotlib.container.BarContainer
        The bars by property.
    line_ : matplotlib.lines.Line2D
        The typical influence, 1.
    """

    def __init__(self, influence, *, max_standards=30):
        self.influence = influence
        self.max_standards = max_standards

    @classmethod
    def from_influence(cls, influence, *, max_standards=30, ax=None, **kwargs):
        """Draw influences that were computed.

        Parameters
        ----------
        influence : skspectral.diagnostics.StandardsInfluence
            The result of :func:`~skspectral.diagnostics.influence_of_standards`.
        max_standards : int, default=30
            Number of standards shown at most, the most influential ones.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        **kwargs : dict
            For ``Axes.barh``.

        Returns
        -------
        StandardsInfluenceDisplay

        Raises
        ------
        ValueError
            If ``max_standards`` is not positive.
        OptionalDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import numpy as np
        >>> from skspectral.diagnostics import StandardsInfluence
        >>> from skspectral.plotting import StandardsInfluenceDisplay
        >>> influence = StandardsInfluence(["a", "b"], np.array([[0.1], [0.3]]), np.array([[0.1], [0.3]]), ["oil"])
        >>> [tick.get_text() for tick in StandardsInfluenceDisplay.from_influence(influence).ax_.get_yticklabels()]
        ['b', 'a']
        """
        if max_standards < 1:
            raise ValueError(f"max_standards must be at least 1, got {max_standards!r}.")
        return cls(influence, max_standards=max_standards).plot(ax=ax, **kwargs)

    def _draw(self, ax, **kwargs):
        values = self.influence.standardised
        order = np.argsort(-values.max(axis=1), kind="stable")[: self.max_standards]
        n_targets = values.shape[1]
        height = 0.8 / n_targets
        size = (6.4, 1.4 + len(order) * max(0.22, 0.1 * n_targets))
        self.figure_, self.ax_ = new_axes(ax, figsize=size)
        self.bars_ = {}
        at = np.arange(len(order))
        for j, (name, style) in enumerate(zip(self.influence.target_names, STYLES)):
            options = {"color": style["color"], "label": name, **kwargs}
            self.bars_[name] = self.ax_.barh(at - 0.4 + (j + 0.5) * height, values[order, j], height, **options)
        self.line_ = self.ax_.axvline(1.0, color=REFERENCE_COLOR, linestyle="--", linewidth=1.0, label="typical")
        self.ax_.set_yticks(at, [str(self.influence.sample_id[i]) for i in order])
        self.ax_.set_ylim(len(order) - 0.4, -0.6)
        self.ax_.set(xlabel="Change of predictions without the standard (1 is typical)", ylabel="Standard")
        self.ax_.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
        bare(self.ax_)
