"""The losses of the network, each a small module, and their weighted sum."""

from .balance import WEIGHTS, LossBalance
from .bottleneck import CrossCovarianceLoss, InstrumentLoss, VIBLoss
from .contrastive import BYOLLoss, EMATarget
from .physics import PhysicsLoss
from .reconstruction import DenoiseLoss, MSRPLoss
from .routing import MoELoss
from .transport import OTLoss

__all__ = [
    "BYOLLoss",
    "CrossCovarianceLoss",
    "DenoiseLoss",
    "EMATarget",
    "InstrumentLoss",
    "LossBalance",
    "MSRPLoss",
    "MoELoss",
    "OTLoss",
    "PhysicsLoss",
    "VIBLoss",
    "WEIGHTS",
]
