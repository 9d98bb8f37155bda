"""Gaussian process over several instruments."""

from ._kernels import InstrumentCovariance, InstrumentNoise
from ._multi_instrument import MultiInstrumentGP

__all__ = ["InstrumentCovariance", "InstrumentNoise", "MultiInstrumentGP"]
