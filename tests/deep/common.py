"""Budgets and data of the tests of the deep baselines."""

import numpy as np

from skspectral import CNNTransfer, LoRACT, TransformerTransfer
from skspectral.datasets import make_instruments

TINY = {
    "n_networks": 1,
    "max_epochs": 3,
    "adapt_steps": 4,
    "adapt_folds": 2,
    "random_state": 0,
    "device": "cpu",
    "source": "A",
    "target": "B",
}


def cnn(**params):
    return CNNTransfer(**{**TINY, "filters": (4,), "hidden": (8,), **params})


def transformer(**params):
    return TransformerTransfer(**{**TINY, "d_model": 8, "n_layers": 1, "n_heads": 2, **params})


def lora(**params):
    return LoRACT(**{**TINY, "filters": (4, 8), "hidden": (8,), "rank": 2, **params})


MAKERS = {"cnn": cnn, "transformer": transformer, "lora": lora}


class Standards:
    """All samples on the source, some on the target, the last ten for testing."""

    def __init__(self, n_standards=8, n_samples=60, n_channels=80, n_targets=1, n_instruments=2):
        data = make_instruments(
            n_samples=n_samples,
            n_channels=n_channels,
            n_targets=n_targets,
            n_instruments=n_instruments,
            noise=1e-3,
            random_state=3,
        )
        self.data = data
        if n_targets == 1:
            data.y = data.y.reshape(-1)
        tested = np.isin(data.sample_id, np.unique(data.sample_id)[-10:])
        chosen = np.isin(data.sample_id, np.unique(data.sample_id)[:n_standards])
        on_source = data.instrument == "A"
        self.train = ~tested & (on_source | chosen)
        self.test = tested & (data.instrument == "B")
        self.X, self.y = data.X[self.train], data.y[self.train]
        self.labels = {"instrument": data.instrument[self.train], "sample_id": data.sample_id[self.train]}
        self.X_test, self.y_test = data.X[self.test], data.y[self.test]
        self.on_source = on_source[self.train]

    def fit(self, model, **labels):
        return model.fit(self.X, self.y, **{**self.labels, **labels})
