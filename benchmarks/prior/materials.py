"""Real spectra of many materials, and what a laboratory measured of them.

Nothing here reads corn, tablets or any other set that methods are evaluated on.
"""

import os
from pathlib import Path

import numpy as np

__all__ = ["SHORTEST", "load_materials", "load_vibrational"]

# range in nm that a set has at least
SHORTEST = 200.0
LEAST_SAMPLES = 60
FEWEST_VALUES = 8
# more spectra of one set than these are taken for nothing
MOST_SAMPLES = 1000


def load_vibrational(modality, folder=None):
    """Read mid-infrared or Raman sets ("MIR", "RAMAN") as :func:`load_materials` does, with axes in 1/cm.

    Intensities are in units of their own mean; transmittance and reflectance become absorbance.
    """
    folder = Path(folder or os.environ["SKSPECTRAL_CORPUS"])
    materials = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as stored:
            if str(stored["modality"]) != modality or len(stored["X"]) < LEAST_SAMPLES:
                continue
            X, axis, quantity = stored["X"].astype(float), stored["axis"].astype(float), str(stored["quantity"])
            numeric = _numeric_references(stored, len(X))
        if "reflectance" in quantity or "transmittance" in quantity:
            X = -np.log10(np.clip(X / (100.0 if X.max() > 2 else 1.0), 1e-3, None))
        elif modality == "RAMAN":
            X = X / np.abs(X).mean()
        if len(X) > MOST_SAMPLES:
            X, numeric = X[:MOST_SAMPLES], None if numeric is None else numeric[:MOST_SAMPLES]
        materials.append((path.stem, X, axis, numeric))
    return materials


def _numeric_references(stored, n):
    if "y" not in stored.files or stored["y"].dtype.kind != "f":
        return None
    numeric = np.asarray(stored["y"], dtype=float).reshape(n, -1)
    usable = [j for j, column in enumerate(numeric.T) if _is_continuous(column)]
    return numeric[:, usable] if usable else None


def load_materials(folder=None):
    """Read near-infrared sets as (spectra in absorbance, axis in nm, references or None)."""
    folder = Path(folder or os.environ["SKSPECTRAL_CORPUS"])
    materials = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as stored:
            if "NIR" not in str(stored["modality"]) or len(stored["X"]) < LEAST_SAMPLES:
                continue
            X, axis = stored["X"].astype(float), stored["axis"].astype(float)
            quantity, unit = str(stored["quantity"]), str(stored["axis_unit"])
            numeric = _numeric_references(stored, len(X))
        if "absorbance" in quantity:
            absorbance = X
        elif "reflectance" in quantity:
            absorbance = -np.log10(np.clip(X / (100.0 if X.max() > 2 else 1.0), 1e-3, None))
        else:
            continue
        if unit == "cm-1":
            axis, absorbance = 1e7 / axis[::-1], absorbance[:, ::-1]
        kept = (axis >= 800) & (axis <= 2500)
        if np.ptp(axis[kept]) < SHORTEST or (X.max() > 100 and "reflectance" not in quantity):
            continue
        materials.append((path.stem, absorbance[:, kept], axis[kept], numeric))
    return materials


def _is_continuous(column):
    known = column[np.isfinite(column)]
    return len(known) >= LEAST_SAMPLES and len(np.unique(known)) >= FEWEST_VALUES
