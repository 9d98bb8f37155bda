"""The foundation model: calibration transfer with a pretrained network."""

from ._encoder import foundation_hash
from .spectral_fm import SpectralFMTransfer
from .ttt import TestTimeTraining

__all__ = ["SpectralFMTransfer", "TestTimeTraining", "foundation_hash"]
