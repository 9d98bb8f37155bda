"""Whether a table of spectra is plausible."""
