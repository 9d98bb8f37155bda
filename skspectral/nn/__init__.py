"""The SpectralFM network in pure PyTorch."""

from .config import SpectralFMConfig
from .embedding import WaveletEmbedding
from .fno import FNOTransferHead, SpectralConv1d
from .lora import LoRA
from .losses import LossBalance
from .model import SpectralFM
from .moe import MixtureOfExperts
from .scan import selective_scan
from .ssm import MambaBackbone
from .transformer import TransformerEncoder
from .vib import VIBHead
from .wavelet import WaveletTransform

__all__ = [
    "FNOTransferHead",
    "LoRA",
    "LossBalance",
    "MambaBackbone",
    "MixtureOfExperts",
    "SpectralConv1d",
    "SpectralFM",
    "SpectralFMConfig",
    "TransformerEncoder",
    "VIBHead",
    "WaveletEmbedding",
    "WaveletTransform",
    "selective_scan",
]
