"""Pretraining on real spectra seen through simulated instruments."""

from .augment import Augmentation
from .corpus import Corpus, Material, RealPair
from .instruments import InstrumentPriors, Instruments, draw_instruments
from .masking import block_mask

__all__ = [
    "Augmentation",
    "Corpus",
    "InstrumentPriors",
    "Instruments",
    "Material",
    "RealPair",
    "block_mask",
    "draw_instruments",
]
