"""What leaves for a laboratory: models on an instrument's own axis, several targets in one, model files."""

from .per_instrument import PerInstrument
from .persistence import load, save
from .stacking import deploy, stack_instruments

__all__ = ["PerInstrument", "deploy", "load", "save", "stack_instruments"]
