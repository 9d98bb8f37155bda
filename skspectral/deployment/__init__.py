"""What leaves for a laboratory: models on an instrument's own axis, several targets in one, model files."""

import importlib

from .coefficients import Coefficients
from .per_instrument import PerInstrument
from .persistence import load, save
from .predictions import Predictions
from .stacking import deploy, stack_instruments

__all__ = [
    "Coefficients",
    "PerInstrument",
    "Predictions",
    "TransferredModel",
    "deploy",
    "load",
    "save",
    "stack_instruments",
]


def __getattr__(name):
    # it brings the diagnostics along, which a script that only fits a method does not need
    if name == "TransferredModel":
        return importlib.import_module(".transferred", __name__).TransferredModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
