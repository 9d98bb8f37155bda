"""Small instruments for the checks: a linear mixture seen through an affine instrument."""

from dataclasses import dataclass

import numpy as np

__all__ = ["TwoInstruments", "two_instruments"]


@dataclass
class TwoInstruments:
    """Rows of a source "A" (all samples) and a target "B" (the standards), and test spectra.

    Attributes
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra,) or (n_spectra, 2)
        Every row carries the reference of its sample.
    instrument, sample_id : ndarray of shape (n_spectra,), dtype object
    X_test : ndarray of shape (n_test, n_channels)
        Further samples on the target, in their own order.
    y_test : ndarray of shape (n_test,) or (n_test, 2)
    """

    X: np.ndarray
    y: np.ndarray
    instrument: np.ndarray
    sample_id: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    @property
    def labels(self):
        """Both label columns as keyword arguments of ``fit``."""
        return {"instrument": self.instrument, "sample_id": self.sample_id}

    @property
    def on_target(self):
        """Mask of the target rows."""
        return self.instrument == "B"


def two_instruments(*, n_samples=36, n_standards=10, n_test=12, noise=1e-3, identical=False, n_targets=1, seed=0):
    """Simulate a four-component mixture on 60 channels; the target has gain, offset and a sloping baseline."""
    rng = np.random.RandomState(seed)
    channels = np.linspace(0, 1, 60)
    centres, widths = np.array([0.2, 0.4, 0.6, 0.8]), np.array([0.15, 0.1, 0.12, 0.2])
    pure = np.exp(-((channels - centres[:, None]) ** 2) / (2 * widths[:, None] ** 2))
    total = n_samples + n_test
    amounts = rng.uniform(0.2, 1.0, size=(total, len(centres)))
    clean = amounts @ pure + 0.1
    seen = clean if identical else clean * (1.08 + 0.05 * channels) + 0.2 + 0.1 * channels
    source = clean + noise * rng.standard_normal(clean.shape)
    target = source.copy() if identical else seen + noise * rng.standard_normal(clean.shape)
    y = amounts[:, 0] * 5.0 + amounts[:, 1] + 3.0
    if n_targets == 2:
        y = np.column_stack([y, 10.0 * amounts[:, 2] - amounts[:, 3]])
    standards = np.arange(n_standards) * (n_samples // n_standards)
    names = np.array([f"s{i}" for i in range(n_samples)], dtype=object)
    return TwoInstruments(
        X=np.vstack([source[:n_samples], target[standards]]),
        y=np.concatenate([y[:n_samples], y[standards]]),
        instrument=np.array(["A"] * n_samples + ["B"] * n_standards, dtype=object),
        sample_id=np.concatenate([names, names[standards]]),
        X_test=target[n_samples:],
        y_test=y[n_samples:],
    )
