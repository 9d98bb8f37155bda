"""The table of spectra: how it is put together, and what it can do."""
