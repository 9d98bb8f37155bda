"""Settings with which networks take part in the tests of all estimators: seconds, not minutes."""

__all__ = ["NETWORKS", "quick"]

_TRAINING = {
    "n_networks": 1,
    "max_epochs": 2,
    "adapt_steps": 2,
    "adapt_folds": 2,
    "random_state": 0,
    "device": "cpu",
}

NETWORKS = {
    "CNNTransfer": {**_TRAINING, "filters": (2,), "hidden": (8,)},
    "LoRACT": {**_TRAINING, "filters": (2, 4), "hidden": (8,), "rank": 2},
    "SpectralFMTransfer": {"weights": None, "device": "cpu"},
    "TransformerTransfer": {**_TRAINING, "d_model": 8, "n_layers": 1, "n_heads": 2},
}


def quick(cls, **params):
    """Make an estimator with its defaults, or a network with a tiny budget."""
    return cls(**NETWORKS.get(cls.__name__, {}), **params)
