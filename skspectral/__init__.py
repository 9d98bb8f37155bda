"""Calibration transfer between spectrometers behind the scikit-learn API."""

import importlib

from ._core.former_paths import serve_former_paths
from ._version import __version__
from .calibration import LinearCalibration, PLSRegressionCV
from .deployment import PerInstrument, deploy, load, save, stack_instruments
from .model_selection import StandardsSplit, TransferSplit, as_groups, detach, inherit_references, select_standards
from .preprocessing import SNV, Resample, SavitzkyGolay, WaveletTokenize
from .transfer import (
    CCA,
    DS,
    EPO,
    GLSW,
    PDS,
    SBC,
    SST,
    AutoTransfer,
    DifferenceRidge,
    MeanShift,
    ModelUpdate,
    MultiInstrumentGP,
    Pooled,
    SourceOnly,
    TargetOnly,
    TransferPortfolio,
    diPLS,
)

__all__ = [
    "AutoTransfer",
    "CCA",
    "CNNTransfer",
    "DS",
    "DifferenceRidge",
    "EPO",
    "GLSW",
    "LinearCalibration",
    "LoRACT",
    "MeanShift",
    "ModelUpdate",
    "MultiInstrumentGP",
    "PDS",
    "PLSRegressionCV",
    "PerInstrument",
    "Pooled",
    "Resample",
    "SBC",
    "SNV",
    "SST",
    "SavitzkyGolay",
    "SourceOnly",
    "SpectralFMTransfer",
    "StandardsSplit",
    "TargetOnly",
    "TestTimeTraining",
    "TransferPortfolio",
    "TransferSplit",
    "TransferredModel",
    "TransformerTransfer",
    "WaveletTokenize",
    "__version__",
    "as_groups",
    "deep",
    "deploy",
    "foundation",
    "detach",
    "diPLS",
    "inherit_references",
    "load",
    "nn",
    "pretraining",
    "save",
    "select_standards",
    "stack_instruments",
]

# torch takes seconds to import, so whatever needs it is loaded on first use (PEP 562); so is what a script that only
# fits a method does not need
_LAZY_MODULES = {"deep", "foundation", "nn", "pretraining"}
_LAZY_NAMES = {
    "CNNTransfer": "deep",
    "LoRACT": "deep",
    "TransformerTransfer": "deep",
    "SpectralFMTransfer": "foundation",
    "TestTimeTraining": "foundation",
    "TransferredModel": "deployment",
}

serve_former_paths()


def __getattr__(name):
    if name in _LAZY_MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _LAZY_NAMES:
        return getattr(importlib.import_module(f".{_LAZY_NAMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
