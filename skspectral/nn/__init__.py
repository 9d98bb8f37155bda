"""The SpectralFM network in pure PyTorch.

Shapes are named by letter: B spectra, L channels or tokens, D channels inside a layer, N states of a channel.
"""

from .config import SpectralFMConfig
from .embedding import WaveletEmbedding
from .fno import FNOTransferHead, SpectralConv1d
from .kan import KANLinear
from .lora import LoRA
from .losses import (
    BYOLLoss,
    CrossCovarianceLoss,
    DenoiseLoss,
    EMATarget,
    InstrumentLoss,
    LossBalance,
    MoELoss,
    MSRPLoss,
    OTLoss,
    PhysicsLoss,
    VIBLoss,
)
from .model import SpectralFM, SpectralFMOutput
from .moe import MixtureOfExperts
from .objective import PretrainingBatch, PretrainingObjective
from .scan import selective_scan
from .ssm import MambaBackbone
from .transformer import TransformerEncoder
from .vib import InstrumentClassifiers, VIBHead, reverse_gradient
from .wavelet import WaveletTransform

__all__ = [
    "BYOLLoss",
    "CrossCovarianceLoss",
    "DenoiseLoss",
    "EMATarget",
    "FNOTransferHead",
    "InstrumentClassifiers",
    "InstrumentLoss",
    "KANLinear",
    "LoRA",
    "LossBalance",
    "MSRPLoss",
    "MambaBackbone",
    "MixtureOfExperts",
    "MoELoss",
    "OTLoss",
    "PhysicsLoss",
    "PretrainingBatch",
    "PretrainingObjective",
    "SpectralConv1d",
    "SpectralFM",
    "SpectralFMConfig",
    "SpectralFMOutput",
    "TransformerEncoder",
    "VIBHead",
    "VIBLoss",
    "WaveletEmbedding",
    "WaveletTransform",
    "reverse_gradient",
    "selective_scan",
]
