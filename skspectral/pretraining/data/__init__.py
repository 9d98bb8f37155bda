"""Real spectra: a corpus read from a folder, the pairs of instruments in it, and the batches drawn from it."""
