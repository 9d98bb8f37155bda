"""From a laboratory's files to checked tables of spectra."""

from .tables import read_instrument_files, read_table

__all__ = ["read_instrument_files", "read_table"]
