"""The blind search: every configuration is fitted to training rows, and judged by what it held out of them itself.

The criterion of a fit is the mean over the properties of (validation_rmse_ ** 2 + transfer_rmse_ ** 2) / variance: the
source network's error on source samples it did not learn from, and the adapted network's on standards it did not adapt
to. Test rows are cut off before anything is fitted. Over several repeats a sample that one of them tests is a training
sample of another, so the settings chosen for a data set have met its reference; other methods choose theirs within each
split. What advantage there is belongs to the networks.
"""

import time

import numpy as np

from benchmarks.accuracy.data import PLANS, load_pair
from skspectral import TransferSplit
from skspectral.calibration import PLSRegressionCV
from skspectral.metrics import r2

from .reuse import source_networks_kept
from .space import METHODS, configurations, parameters

__all__ = [
    *("NothingFittedError", "choose", "criterion"),
    *("native_units", "run_native", "run_unit", "search_units", "split_rows"),
]


class NothingFittedError(ValueError):
    """There are no fits to choose from."""


def split_rows(dataset, source, target, n_standards, repeat):
    """Load a pair; returns it with its training and its test rows."""
    pair, plan = load_pair(dataset, source, target), PLANS[dataset]
    tested = {"test_size": plan.test_size} if pair.test_samples is None else {"test_samples": pair.test_samples}
    splitter = TransferSplit(n_standards, 1, random_state=repeat, source=source, target=target, **tested)
    train, test = next(iter(splitter.split(pair.X, pair.y, instrument=pair.instrument, sample_id=pair.sample_id)))
    return pair, train, test


def search_units(dataset, methods, n_configurations, n_standards, repeats, n_pairs=None):
    """List the fits of a search in the order that says most if it is stopped.

    The defaults come first on all pairs, because other settings share their source networks. Then pair after pair has
    every configuration fitted, and the first pairs have every instrument as source and as target.
    """
    units = [
        {
            "method": method,
            "configuration": number,
            "settings": settings,
            "source": source,
            "target": target,
            "n_standards": n_standards,
            "repeat": repeat,
        }
        for repeat in range(repeats)
        for source, target in _varied(PLANS[dataset].pairs)[:n_pairs]
        for number in range(n_configurations)
        for method in methods
        for settings in configurations(method, n_configurations)[number : number + 1]
    ]
    # sorting keeps the order of what compares equal
    return sorted(units, key=lambda unit: (unit["repeat"], unit["configuration"] > 0))


def _varied(pairs):
    """Order pairs so that each one brings a source, then a target, that was there least often."""
    left, ordered = list(pairs), []
    while left:
        ordered.append(
            min(left, key=lambda p: (sum(p[0] == s for s, _ in ordered), sum(p[1] == t for _, t in ordered)))
        )
        left.remove(ordered[-1])
    return ordered


def run_unit(dataset, unit, kept=None):
    """Fit one configuration to the training rows of one pair.

    Parameters
    ----------
    dataset : str
    unit : dict
        As :func:`search_units` lists them, with the ``budget``, parameters that all configurations share.
    kept : path-like, optional
        Folder of source networks that fits share.

    Returns
    -------
    dict
        The unit with ``criterion``, its two parts, ``adapt_steps`` and ``seconds``.
    """
    pair, train, _ = split_rows(dataset, unit["source"], unit["target"], unit["n_standards"], unit["repeat"])
    X, y = pair.X[train], pair.y[train]
    labels = {"instrument": pair.instrument[train], "sample_id": pair.sample_id[train]}
    model = METHODS[unit["method"]](source=unit["source"], target=unit["target"], random_state=unit["repeat"])
    model.set_params(**parameters(unit["settings"]), **unit["budget"])
    start = time.perf_counter()
    with source_networks_kept(kept):
        model.fit(X, y, **labels)
    seconds = time.perf_counter() - start
    variance = np.nanvar(y[labels["instrument"] == unit["source"]], axis=0)
    return unit | criterion(model, variance) | {"adapt_steps": model.adapt_steps_, "seconds": round(seconds, 2)}


def criterion(model, variance):
    """Blind error of a fitted network in units of the variance (n_targets,) of the references."""
    source = float(np.mean(model.validation_rmse_**2 / variance))
    transfer = float(np.mean(model.transfer_rmse_**2 / variance))
    return {"criterion": source + transfer, "source_error": source, "transfer_error": transfer}


def choose(records):
    """Choose for each method the configuration with the smallest mean criterion.

    Means are over the training rows that all configurations were fitted to, so that a search that was stopped compares
    them on the same. Other arms of LoRA-CT are fitted to be compared with it; they are not chosen in its place.

    Parameters
    ----------
    records : list of dict

    Returns
    -------
    dict of {str: dict}
        For each method: ``settings``, ``configuration``, mean ``criterion``, that of the ``defaults``, and how many
        ``configurations`` on how many ``fits`` each it was chosen from.
    """
    if not records:
        raise NothingFittedError("Nothing was fitted, so there is nothing to choose from.")
    chosen = {}
    for method in dict.fromkeys(record["method"] for record in records):
        groups = {}
        for record in records:
            if record["method"] == method:
                rows = (record["source"], record["target"], record["repeat"])
                groups.setdefault(record["configuration"], {})[rows] = record
        shared = set.intersection(*(set(group) for group in groups.values()))
        if not shared:
            raise NothingFittedError(f"The configurations of {method} have no training rows in common.")
        means = {
            number: float(np.mean([group[rows]["criterion"] for rows in sorted(shared)]))
            for number, group in groups.items()
        }
        eligible = [n for n in means if "adapt" not in next(iter(groups[n].values()))["settings"]]
        best = min(eligible, key=means.get)
        chosen[method] = {
            "settings": next(iter(groups[best].values()))["settings"],
            "configuration": best,
            "criterion": means[best],
            "defaults": means.get(0),
            "configurations": len(means),
            "fits": len(shared),
        }
    return chosen


def native_units(dataset, methods, repeats):
    """List the fits with every calibration sample of the target: networks and PLS on the same splits."""
    targets = dict.fromkeys(target for _, target in PLANS[dataset].pairs)
    return [
        {"method": method, "target": target, "repeat": repeat}
        for repeat in range(repeats)
        for target in targets
        for method in ("PLS", *methods)
    ]


def run_native(dataset, unit, kept=None):
    """Calibrate on the target itself and score its test rows: what the method is worth without any transfer.

    Parameters
    ----------
    dataset : str
    unit : dict
        As :func:`native_units` lists them, with ``settings`` and ``budget``.
    kept : path-like, optional
        Folder of source networks that fits share.

    Returns
    -------
    dict
        The unit with ``r2``, one value for each property.
    """
    source = next(s for s, t in PLANS[dataset].pairs if t == unit["target"])
    pair, train, test = split_rows(dataset, source, unit["target"], "all", unit["repeat"])
    train = train[pair.instrument[train] == unit["target"]]
    if unit["method"] == "PLS":
        model = PLSRegressionCV()
    else:
        model = METHODS[unit["method"]](random_state=unit["repeat"])
        model.set_params(**parameters(unit["settings"]), **unit["budget"])
    with source_networks_kept(kept):
        predicted = model.fit(pair.X[train], pair.y[train]).predict(pair.X[test])
    scores = [r2(pair.y[test, j], predicted[:, j]) for j in range(pair.y.shape[1])]
    return unit | {"r2": dict(zip(PLANS[dataset].properties, scores))}
