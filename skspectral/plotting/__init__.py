"""Displays of predictions, comparisons, spectra, diagnostics and control charts, in the manner of scikit-learn.

Each display is made by a class method such as ``from_predictions``, keeps the numbers that it shows, and can be drawn
again with ``plot(ax=...)``. Drawing needs matplotlib, which the extra ``plot`` brings.
"""

from ._control_chart import ControlChartDisplay
from ._heatmap import CellHeatmapDisplay
from ._influence import StandardsInfluenceDisplay
from ._predicted import PredictedMeasuredDisplay
from ._q_t2 import QT2Display
from ._ranks import CriticalDifferenceDisplay
from ._spectra import SpectraDifferenceDisplay
from ._spectral_drift import SpectralDriftDisplay
from ._standards_curve import StandardsCurveDisplay
from ._transfer_curve import TransferCurveDisplay

__all__ = [
    "CellHeatmapDisplay",
    "ControlChartDisplay",
    "CriticalDifferenceDisplay",
    "PredictedMeasuredDisplay",
    "QT2Display",
    "SpectraDifferenceDisplay",
    "SpectralDriftDisplay",
    "StandardsCurveDisplay",
    "StandardsInfluenceDisplay",
    "TransferCurveDisplay",
]
