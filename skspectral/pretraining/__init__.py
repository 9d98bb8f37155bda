"""Pretraining on real spectra seen through simulated instruments."""

from .averaging import average_weights
from .config import PretrainingConfig
from .data.corpus import Corpus, Material, RealPair
from .head.features import common_regions, regional_features, spectral_features
from .head.transfer_head import TransferHead
from .instruments.augmentation import Augmentation
from .instruments.simulation import InstrumentPriors, Instruments, draw_instruments
from .training.engine import pretrain
from .training.masking import block_mask
from .weights import available_weights, load_head, load_weights, save_weights

__all__ = [
    "Augmentation",
    "Corpus",
    "InstrumentPriors",
    "Instruments",
    "Material",
    "PretrainingConfig",
    "RealPair",
    "TransferHead",
    "available_weights",
    "average_weights",
    "block_mask",
    "common_regions",
    "draw_instruments",
    "load_head",
    "load_weights",
    "pretrain",
    "regional_features",
    "save_weights",
    "spectral_features",
]
