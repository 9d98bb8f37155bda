"""Ordinary calibrations of one instrument."""

from ._linear import LinearCalibration
from ._pls import PLSRegressionCV

__all__ = ["LinearCalibration", "PLSRegressionCV"]
