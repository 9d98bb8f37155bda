"""Two simulated instruments of a laboratory, and their spectra in files."""

import csv

from skspectral.datasets import make_instruments


def two_instruments(n_samples, seed):
    """Simulated data with the spectra of each instrument in ``on``, and one property, ``protein``."""
    data = make_instruments(n_samples=n_samples, n_channels=40, random_state=seed)
    data.on = {name: data.X[data.instrument == name] for name in "AB"}
    data.protein = data.y[data.instrument == "A", 0]
    return data


def write_spectra(path, axis, X, names, extra=None):
    """Write a table with the names of the samples, further columns, and spectra to the last digit."""
    extra = extra or {}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sample_id", *extra, *(repr(float(value)) for value in axis)])
        for i, (name, row) in enumerate(zip(names, X)):
            writer.writerow([name, *(column[i] for column in extra.values()), *(repr(float(v)) for v in row)])
    return path
