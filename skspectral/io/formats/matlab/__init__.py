"""MATLAB files."""

from ._blocks import read_matlab

__all__ = ["read_matlab"]
