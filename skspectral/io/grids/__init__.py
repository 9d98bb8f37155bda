"""From grids of cells, whatever file they come from, to spectra on one axis."""
