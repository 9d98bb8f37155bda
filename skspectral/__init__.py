"""Calibration transfer between spectrometers behind the scikit-learn API."""

import importlib
from typing import TYPE_CHECKING

from ._core.former_paths import serve_former_paths
from ._version import __version__

if TYPE_CHECKING:
    from .calibration import LinearCalibration, PLSRegressionCV
    from .deep import CNNTransfer, LoRACT, TransformerTransfer
    from .deployment import PerInstrument, TransferredModel, deploy, load, save, stack_instruments
    from .foundation import SpectralFMTransfer, TestTimeTraining
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

# scikit-learn takes a second to import and torch several, so every name is loaded on first use (PEP 562)
_HOMES = {
    "calibration": (
        "LinearCalibration",
        "PLSRegressionCV",
    ),
    "deep": (
        "CNNTransfer",
        "LoRACT",
        "TransformerTransfer",
    ),
    "deployment": (
        "PerInstrument",
        "TransferredModel",
        "deploy",
        "load",
        "save",
        "stack_instruments",
    ),
    "foundation": (
        "SpectralFMTransfer",
        "TestTimeTraining",
    ),
    "model_selection": (
        "StandardsSplit",
        "TransferSplit",
        "as_groups",
        "detach",
        "inherit_references",
        "select_standards",
    ),
    "preprocessing": (
        "Resample",
        "SNV",
        "SavitzkyGolay",
        "WaveletTokenize",
    ),
    "transfer": (
        "AutoTransfer",
        "CCA",
        "DS",
        "DifferenceRidge",
        "EPO",
        "GLSW",
        "MeanShift",
        "ModelUpdate",
        "MultiInstrumentGP",
        "PDS",
        "Pooled",
        "SBC",
        "SST",
        "SourceOnly",
        "TargetOnly",
        "TransferPortfolio",
        "diPLS",
    ),
}
_LAZY_NAMES = {name: module for module, names in _HOMES.items() for name in names}
_LAZY_MODULES = {
    "base",
    "calibration",
    "cli",
    "comparison",
    "datasets",
    "deep",
    "deployment",
    "diagnostics",
    "exceptions",
    "foundation",
    "io",
    "metrics",
    "model_selection",
    "monitoring",
    "nn",
    "plotting",
    "preprocessing",
    "pretraining",
    "testing",
    "transfer",
}

serve_former_paths()


def __getattr__(name):
    if name in _LAZY_NAMES:
        found = getattr(importlib.import_module(f".{_LAZY_NAMES[name]}", __name__), name)
        # asked for once
        globals()[name] = found
        return found
    if name in _LAZY_MODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
