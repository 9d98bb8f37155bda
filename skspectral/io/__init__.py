"""From a laboratory's files to checked tables of spectra."""
