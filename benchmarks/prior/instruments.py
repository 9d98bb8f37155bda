"""Simulated spectrometers: what they are like, and how they measure."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

__all__ = ["STEP", "laboratory", "measure", "raman", "smooth", "unit", "unlike"]

# distance of the channels, in nm or 1/cm
STEP = 2.0


def smooth(rng, n, grid, shortest, longest):
    """Random smooth curves of shape (n, n_channels) with unit standard deviation."""
    curves = np.empty((n, len(grid)))
    for i in range(n):
        length = np.exp(rng.uniform(np.log(shortest), np.log(longest))) / STEP
        curve = gaussian_filter1d(rng.standard_normal(len(grid)), length, mode="reflect")
        curves[i] = (curve - curve.mean()) / (curve.std() or 1.0)
    return curves


def unlike(rng, grid, scale):
    """Draw the parameters of one instrument."""
    gain, offset = smooth(rng, 2, grid, 60.0, 600.0)
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


def unit(rng, grid, scale):
    """Draw the parameters of one of two units of the same model, which measure with little noise."""
    gain, offset = smooth(rng, 2, grid, 60.0, 600.0)
    small = {
        "shift": rng.normal(0.0, 0.15),
        "width": abs(rng.normal(0.0, 0.5)) / STEP,
        "gain": 1.0 + 0.005 * rng.standard_normal() + 0.003 * gain,
        "offset": scale * (rng.standard_normal() + offset) * 10 ** rng.uniform(-2.0, -0.7),
        "curvature": rng.normal(0.0, 0.003),
        "stray": 10 ** rng.uniform(-5.0, -3.5),
        "noise": scale * 10 ** rng.uniform(-4.5, -2.8),
        "scatter": 10 ** rng.uniform(-4.0, -2.0),
        "baseline": scale * 10 ** rng.uniform(-3.5, -1.5),
        "nuisance": 10 ** rng.uniform(-2.0, -0.5),
    }
    return unlike(rng, grid, scale) | small


def laboratory(rng, grid, scale):
    """Draw the parameters of a spectrometer of its own design that hardly varies from one sample to the next."""
    steady = unit(rng, grid, scale)
    return unlike(rng, grid, scale) | {name: steady[name] for name in ("noise", "scatter", "baseline", "nuisance")}


def raman(rng, grid, scale):
    """Draw the parameters of a Raman spectrometer: throughput, laser power and fluorescence, no absorbance."""
    gain, offset = smooth(rng, 2, grid, 60.0, 600.0)
    own = {
        "shift": rng.normal(0.0, 0.5),
        "width": abs(rng.normal(0.0, 2.0)) / STEP,
        "gain": 10 ** rng.normal(0.0, 0.05) * (1.0 + 0.03 * gain),
        "offset": scale * (rng.standard_normal() + offset) * 10 ** rng.uniform(-2.0, 0.0),
        "curvature": 0.0,
        "stray": None,
        "scatter": 10 ** rng.uniform(-2.5, -0.7),
    }
    return unlike(rng, grid, scale) | own


def measure(clean, grid, instrument, nuisances, scale, rng):
    """Measure samples on an instrument."""
    X = gaussian_filter1d(clean, instrument["width"], axis=1) if instrument["width"] > 0.1 else clean.copy()
    X = np.stack([np.interp(grid + instrument["shift"], grid, row) for row in X])
    X = X * instrument["gain"] + instrument["curvature"] * (X - X.mean()) ** 2
    if instrument["stray"] is not None:
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
    profile = np.exp(0.5 * smooth(rng, 1, grid, 60.0, 600.0)[0])
    return X + instrument["noise"] * profile * noise
