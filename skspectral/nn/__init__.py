"""The SpectralFM network in pure PyTorch."""

from .scan import selective_scan
from .ssm import MambaBackbone
from .wavelet import WaveletTransform

__all__ = ["MambaBackbone", "WaveletTransform", "selective_scan"]
