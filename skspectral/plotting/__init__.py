"""Displays of predictions, transfer curves, comparisons and spectra, in the manner of scikit-learn.

Each display is made by a class method such as ``from_predictions``, keeps the numbers that it shows, and can be drawn
again with ``plot(ax=...)``. Drawing needs matplotlib, which the extra ``plot`` brings.
"""

from ._heatmap import CellHeatmapDisplay
from ._predicted import PredictedMeasuredDisplay
from ._spectra import SpectraDifferenceDisplay
from ._transfer_curve import TransferCurveDisplay

__all__ = ["CellHeatmapDisplay", "PredictedMeasuredDisplay", "SpectraDifferenceDisplay", "TransferCurveDisplay"]
