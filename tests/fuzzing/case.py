"""What an estimator is given when odd inputs are tried."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skspectral.datasets import make_instruments

__all__ = ["Case", "as_frame", "base_case"]


@dataclass
class Case:
    """What ``fit`` and ``predict`` are given."""

    X: object
    y: object
    instrument: object
    sample_id: object
    X_test: object
    roles: dict


def base_case():
    """Fourteen samples on A, eight of them on B, six further ones to predict."""
    data = make_instruments(n_samples=20, n_channels=32, noise=1e-4, random_state=3)
    rows, test = np.r_[0:14, 20:28], np.r_[34:40]
    return Case(
        data.X[rows].copy(),
        data.y[rows, 0].copy(),
        data.instrument[rows].astype(object),
        data.sample_id[rows].astype(object),
        data.X[test].copy(),
        {"source": "A", "target": "B"},
    )


def as_frame(X):
    return pd.DataFrame(X, columns=[f"c{j}" for j in range(X.shape[1])])
