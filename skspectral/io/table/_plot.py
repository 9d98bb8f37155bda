"""Drawing a table of spectra."""

import numpy as np

from ..._core.optional import import_optional

__all__ = ["plot_table"]

# more lines than this are one grey area
MOST_LINES = 300


def plot_table(table, ax=None, **kwargs):
    """Draw the spectra of each instrument on its own axis; a choice of evenly spread rows where there are many."""
    if ax is None:
        plt = import_optional("matplotlib.pyplot", extra="plot", feature="Plotting")
        _, ax = plt.subplots(layout="constrained")
    for k, name in enumerate(table.instruments):
        spectra, axis = table.spectra_of(name), table.axis_of(name)
        rows = np.unique(np.linspace(0, len(spectra) - 1, min(len(spectra), MOST_LINES)).astype(int))
        settings = {"color": f"C{k}", "linewidth": 0.8, "alpha": max(0.15, min(1.0, 10 / len(rows))), **kwargs}
        lines = ax.plot(axis, spectra[rows].T, **settings)
        lines[0].set_label(str(name) if name is not None else None)
    ax.set_xlabel({"nm": "Wavelength (nm)", "um": "Wavelength (µm)", "cm-1": "Wavenumber (cm⁻¹)"}.get(
        table.unit, "Raman shift (cm⁻¹)"))  # fmt: skip
    quantity = table.quantity
    said = ", ".join(sorted(set(quantity.values()))) if isinstance(quantity, dict) else quantity
    ax.set_ylabel(said.replace("unknown", "quantity not stated"))
    if len(table.instruments) > 1:
        legend = ax.legend()
        for handle in legend.legend_handles:
            handle.set_alpha(1.0)
    return ax
