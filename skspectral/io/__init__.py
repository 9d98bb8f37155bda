"""From a laboratory's files to checked tables of spectra."""

from ._checks import check
from ._findings import Finding, Findings
from ._read import read_spectra
from ._summary import describe_axis
from ._table import SpectraTable
from .tables import read_instrument_files, read_table

__all__ = [
    "Finding",
    "Findings",
    "SpectraTable",
    "check",
    "describe_axis",
    "read_instrument_files",
    "read_spectra",
    "read_table",
]
