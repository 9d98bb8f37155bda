"""The deep baselines in the comparison, with the settings that the blind search chose for each data set."""

import json
from functools import lru_cache, partial
from pathlib import Path

from benchmarks.deep.space import METHODS as NETWORKS
from benchmarks.deep.space import parameters

__all__ = ["REPEATS", "make_network", "settings_of", "takes_part"]

CHOSEN = Path(__file__).parents[1] / "deep" / "results" / "chosen.json"
# a fit takes hundreds of times as long as one of the other methods: the first of their splits, not all
REPEATS = {"random": 5}
TRAINING = {"n_networks": 3, "random_state": 0, "device": "cpu"}
# simulated spectra are for trying the program out
SMOKE = {"n_networks": 1, "max_epochs": 3, "adapt_steps": 2, "adapt_folds": 2}


@lru_cache(maxsize=1)
def _chosen():
    return json.loads(CHOSEN.read_text()) if CHOSEN.exists() else {}


def takes_part(name, dataset):
    """Whether there are settings of a network for a data set."""
    return dataset in ("simulated", None) or name in _chosen().get(dataset, {})


def settings_of(name, dataset):
    """Parameters of a network on a data set; without one, those that all data sets share."""
    if dataset == "simulated":
        return TRAINING | SMOKE
    return TRAINING | (parameters(_chosen()[dataset][name]["settings"]) if dataset else {})


def make_network(name, native=False):
    """Return ``make(source=..., target=..., dataset=...)`` of a network.

    Parameters
    ----------
    name : str
        A key of the networks that are searched.
    native : bool
        Calibrated on the target itself, as if nothing had been transferred.
    """
    return partial(_make, name, native)


def _make(name, native, *, source, target, dataset=None):
    roles = {} if native else {"source": source, "target": target}
    return NETWORKS[name](**settings_of(name, dataset), **roles)
