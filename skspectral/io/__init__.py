"""From a laboratory's files to checked tables of spectra."""

from ._read import read_spectra
from .checks.check import check
from .checks.findings import Finding, Findings
from .table.spectra_table import SpectraTable
from .table.summary import describe_axis
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
