"""Splits that keep the rows of one sample together on every instrument, and the choice of transfer standards."""

from ._inherit import inherit_references
from ._splits import StandardsSplit, TransferSplit
from ._standards import select_standards
from .metadata import as_groups, detach

__all__ = ["StandardsSplit", "TransferSplit", "as_groups", "detach", "inherit_references", "select_standards"]
