"""Reference values: beside the spectra and in files of their own."""
