"""From a laboratory's files to checked tables of spectra."""

from ._read import read_spectra
from ._table import SpectraTable
from .tables import read_instrument_files, read_table

__all__ = ["SpectraTable", "read_instrument_files", "read_spectra", "read_table"]
