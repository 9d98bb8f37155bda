"""Transfer tasks made of real spectra of many materials seen through two simulated instruments.

Most have the references that a laboratory measured: made-up ones, linear in the spectra as they are, favour models
without preprocessing more than real chemistry does.

Nothing here reads corn, tablets or any other set that methods are evaluated on.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

__all__ = ["Measured", "Task", "draw_measured", "draw_task", "load_materials"]

STEP = 2.0
SHORTEST, LONGEST = 200.0, 1400.0
LEAST_SAMPLES = 60
FEWEST_VALUES = 8
MEASURED = 0.6


@dataclass(frozen=True, eq=False)
class Task:
    """Source samples, standards and test samples of one simulated transfer.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_channels)
        Source rows, then the target rows of the standards.
    y : ndarray of shape (n_rows, 1)
    instrument, sample_id : ndarray of shape (n_rows,)
    X_test : ndarray of shape (n_test, n_channels)
    y_test : ndarray of shape (n_test, 1)
    axis : ndarray of shape (n_channels,)
        In nm.
    material : str
        Name of the set the spectra come from.
    measured : bool
        Whether the references are those of the laboratory, or made up from the spectra.
    """

    X: np.ndarray
    y: np.ndarray
    instrument: np.ndarray
    sample_id: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    axis: np.ndarray
    material: str
    measured: bool


@dataclass(frozen=True, eq=False)
class Measured:
    """Samples of one material on two simulated instruments.

    Attributes
    ----------
    source, target : ndarray of shape (n_samples, n_channels)
    y : ndarray of shape (n_samples,)
    axis : ndarray of shape (n_channels,)
        In nm.
    material : str
    measured : bool
        Whether the references are those of the laboratory.
    n_source, n_standards : int
        How many samples a task calibrates with, and how many standards it has.
    """

    source: np.ndarray
    target: np.ndarray
    y: np.ndarray
    axis: np.ndarray
    material: str
    measured: bool
    n_source: int
    n_standards: int


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
            names = [str(name) for name in stored["y_names"]] if "y" in stored.files else []
            y = stored["y"] if names else None
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
        numeric = None
        if y is not None and y.dtype.kind == "f" and names[0] != "sample_id":
            numeric = np.asarray(y, dtype=float).reshape(len(X), -1)
            usable = [j for j, column in enumerate(numeric.T) if _is_continuous(column)]
            numeric = numeric[:, usable] if usable else None
        materials.append((path.stem, absorbance[:, kept], axis[kept], numeric))
    return materials


def _is_continuous(column):
    known = column[np.isfinite(column)]
    return len(known) >= LEAST_SAMPLES and len(np.unique(known)) >= FEWEST_VALUES


def draw_measured(materials, rng, *, source_rows="calibration"):
    """Draw a material, a calibration problem on it, two instruments and a number of standards.

    The source measures the samples to calibrate with, or with ``source_rows="all"`` every sample.
    """
    measured = rng.random() < MEASURED
    eligible = [m for m in materials if m[3] is not None or not measured]
    material, spectra, axis, references = eligible[rng.integers(len(eligible))]
    n_test, n_standards = 30, int(rng.choice([3, 5, 5, 7, 10, 10, 10, 15, 20, 30, 50]))
    n_source = int(rng.integers(40, 121))
    reference = None
    if measured:
        reference = references[:, rng.integers(references.shape[1])]
        known = np.isfinite(reference)
        spectra, reference = spectra[known], reference[known]
    clean, y, grid = _population(spectra, axis, reference, n_source + n_test, rng)
    n_source = len(clean) - n_test
    n_standards = min(n_standards, n_source)
    scale = clean.std(axis=0).mean()
    nuisances = _smooth(rng, int(rng.integers(0, 6)), grid, 30.0, 300.0) * scale * 10 ** rng.uniform(-1.5, 0.0)
    seen = []
    for rows in (slice(0, n_source if source_rows == "calibration" else len(clean)), slice(0, len(clean))):
        instrument = _instrument(rng, grid, scale)
        seen.append(_measure(clean[rows], grid, instrument, nuisances, scale, rng))
    return Measured(*seen, y, grid, material, measured, n_source, n_standards)


def draw_task(materials, rng):
    """Draw a task: the first samples calibrate, the first of these are the standards, the last are tested."""
    drawn = draw_measured(materials, rng)
    source, target, y, n_source, n_standards = drawn.source, drawn.target, drawn.y, drawn.n_source, drawn.n_standards
    ids = np.array([f"s{i}" for i in range(n_source)], dtype=object)
    return Task(
        X=np.vstack([source, target[:n_standards]]),
        y=np.concatenate([y[:n_source], y[:n_standards]])[:, None],
        instrument=np.array(["A"] * n_source + ["B"] * n_standards, dtype=object),
        sample_id=np.concatenate([ids, ids[:n_standards]]),
        X_test=target[n_source:],
        y_test=y[n_source:, None],
        axis=drawn.axis,
        material=drawn.material,
        measured=drawn.measured,
    )


def _population(spectra, axis, reference, n_wanted, rng):
    """Noise-free spectra of a neighbourhood of samples on a 2 nm grid, in random order, with references."""
    width = rng.uniform(SHORTEST, min(LONGEST, np.ptp(axis)))
    start = rng.uniform(axis[0], axis[-1] - width)
    grid = np.arange(start, start + width, STEP)
    n_wanted = min(n_wanted, len(spectra))
    pool = rng.permutation(len(spectra))
    if rng.random() < 0.6:
        # a laboratory calibrates on one kind of sample: take the neighbours of one spectrum
        inside = (axis >= start) & (axis <= start + width)
        part = spectra[:, inside]
        distance = ((part - part[pool[0]]) ** 2).sum(axis=1)
        pool = rng.permutation(np.argsort(distance)[: max(n_wanted, int(rng.uniform(1, 3) * n_wanted))])
    pool = pool[:n_wanted]
    X = np.stack([np.interp(grid, axis, row) for row in spectra[pool]])
    X = gaussian_filter1d(X, rng.uniform(1.0, 4.0), axis=1)
    mean = X.mean(axis=0)
    left, singular, axes = np.linalg.svd(X - mean, full_matrices=False)
    n_components = min(int(rng.integers(8, 31)), len(singular) - 1)
    scores = left[:, :n_components] * np.sqrt(len(X))
    clean = mean + (left[:, :n_components] * singular[:n_components]) @ axes[:n_components]
    if reference is not None:
        y = reference[pool]
    else:
        decay = rng.uniform(0.0, 1.0)
        y = scores @ (rng.standard_normal(n_components) * np.arange(1, n_components + 1) ** -decay)
        if rng.random() < 0.5:
            # an analyte with bands of its own
            amount = rng.standard_normal(len(X))
            bands = np.abs(_smooth(rng, 1, grid, 20.0, 60.0)[0])
            clean = clean + np.outer(amount, bands) * clean.std(axis=0).mean() * 10 ** rng.uniform(-1.5, 0.0)
            y = 0.3 * y / y.std() + amount
    y = (y - y.mean()) / (y.std() or 1.0)
    return clean, y + rng.standard_normal(len(y)) * 10 ** rng.uniform(-2.0, -0.5), grid


def _smooth(rng, n, grid, shortest, longest):
    """Random smooth curves of shape (n, n_channels) with unit standard deviation."""
    curves = np.empty((n, len(grid)))
    for i in range(n):
        length = np.exp(rng.uniform(np.log(shortest), np.log(longest))) / STEP
        curve = gaussian_filter1d(rng.standard_normal(len(grid)), length, mode="reflect")
        curves[i] = (curve - curve.mean()) / (curve.std() or 1.0)
    return curves


def _instrument(rng, grid, scale):
    """Draw the parameters of one instrument."""
    gain, offset = _smooth(rng, 2, grid, 60.0, 600.0)
    return {
        "shift": rng.normal(0.0, 0.6) + rng.normal(0.0, 0.4) * np.linspace(-1, 1, len(grid)) ** rng.integers(1, 3),
        "width": abs(rng.normal(0.0, 4.0)) / STEP,
        "gain": 1.0 + 0.03 * rng.standard_normal() + 0.01 * gain,
        "offset": scale * (rng.standard_normal() + offset) * 10 ** rng.uniform(-1.0, 0.3),
        "curvature": rng.normal(0.0, 0.02),
        "stray": 10 ** rng.uniform(-4.0, -2.5),
        "noise": scale * 10 ** rng.uniform(-3.2, -1.2),
        "colour": rng.uniform(0.0, 2.0),
        "scatter": 10 ** rng.uniform(-3.0, -1.3),
        "baseline": scale * 10 ** rng.uniform(-2.0, -0.3),
        "nuisance": 10 ** rng.uniform(-1.0, 0.3),
    }


def _measure(clean, grid, instrument, nuisances, scale, rng):
    """Measure samples on an instrument."""
    X = gaussian_filter1d(clean, instrument["width"], axis=1) if instrument["width"] > 0.1 else clean.copy()
    X = np.stack([np.interp(grid + instrument["shift"], grid, row) for row in X])
    X = X * instrument["gain"] + instrument["curvature"] * (X - X.mean()) ** 2
    X = -np.log10(np.clip((10.0**-X + instrument["stray"]) / (1 + instrument["stray"]), 1e-6, None))
    X = X + instrument["offset"]
    n = len(X)
    X = X * (1 + instrument["scatter"] * rng.standard_normal((n, 1)))
    ramp = np.linspace(-1, 1, len(grid))
    X = X + instrument["baseline"] * rng.standard_normal((n, 3)) @ np.stack([ramp**0, ramp, ramp**2])
    if len(nuisances):
        X = X + instrument["nuisance"] * rng.standard_normal((n, len(nuisances))) @ nuisances
    noise = rng.standard_normal(X.shape)
    if instrument["colour"] > 0.3:
        noise = gaussian_filter1d(noise, instrument["colour"], axis=1)
        noise /= noise.std()
    profile = np.exp(0.5 * _smooth(rng, 1, grid, 60.0, 600.0)[0])
    return X + instrument["noise"] * profile * noise
