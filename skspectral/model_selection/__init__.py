"""Splits that keep the rows of one sample together on every instrument, and the choice of transfer standards."""

from ._metadata import as_groups, detach
from ._splits import StandardsSplit, TransferSplit
from ._standards import select_standards

__all__ = ["StandardsSplit", "TransferSplit", "as_groups", "detach", "select_standards"]
