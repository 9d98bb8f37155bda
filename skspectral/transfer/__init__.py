"""Classical transfer methods, one estimator a file."""

from .auto import AutoTransfer
from .baselines import Pooled, SourceOnly, TargetOnly
from .cca import CCA
from .difference_ridge import DifferenceRidge
from .dipls import diPLS
from .ds import DS
from .epo import EPO
from .glsw import GLSW
from .gp import MultiInstrumentGP
from .mean_shift import MeanShift
from .model_update import ModelUpdate
from .pds import PDS
from .portfolio import TransferPortfolio
from .sbc import SBC
from .sst import SST

__all__ = [
    "CCA",
    "DS",
    "EPO",
    "GLSW",
    "PDS",
    "SBC",
    "SST",
    "AutoTransfer",
    "DifferenceRidge",
    "MeanShift",
    "ModelUpdate",
    "MultiInstrumentGP",
    "Pooled",
    "SourceOnly",
    "TargetOnly",
    "TransferPortfolio",
    "diPLS",
]
