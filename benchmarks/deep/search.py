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

from .space import METHODS, configurations

__all__ = ["choose", "criterion", "native_units", "run_native", "run_unit", "search_units", "split_rows"]


def split_rows(dataset, source, target, n_standards, repeat):
    """Load a pair; returns it with its training and its test rows."""
    pair, plan = load_pair(dataset, source, target), PLANS[dataset]
    tested = {"test_size": plan.test_size} if pair.test_samples is None else {"test_samples": pair.test_samples}
    splitter = TransferSplit(n_standards, 1, random_state=repeat, source=source, target=target, **tested)
    train, test = next(iter(splitter.split(pair.X, pair.y, instrument=pair.instrument, sample_id=pair.sample_id)))
    return pair, train, test


def search_units(dataset, methods, n_configurations, n_standards, repeats):
    """List the fits of a search, the configurations side by side so that a stopped run compares as many as it can."""
    return [
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
        for source, target in PLANS[dataset].pairs
        for method in methods
        for number, settings in enumerate(configurations(method, n_configurations))
    ]


def run_unit(dataset, unit):
    """Fit one configuration to the training rows of one pair.

    Parameters
    ----------
    dataset : str
    unit : dict
        As :func:`search_units` lists them, with the ``budget``, parameters that all configurations share.

    Returns
    -------
    dict
        The unit with ``criterion``, its two parts, ``adapt_steps`` and ``seconds``.
    """
    pair, train, _ = split_rows(dataset, unit["source"], unit["target"], unit["n_standards"], unit["repeat"])
    X, y = pair.X[train], pair.y[train]
    labels = {"instrument": pair.instrument[train], "sample_id": pair.sample_id[train]}
    model = METHODS[unit["method"]](source=unit["source"], target=unit["target"], random_state=unit["repeat"])
    model.set_params(**_parameters(unit["settings"]), **unit["budget"])
    start = time.perf_counter()
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

    Only configurations that were fitted on as many pairs and repeats as any other take part.

    Parameters
    ----------
    records : list of dict

    Returns
    -------
    dict of {str: dict}
        For each method: ``settings``, ``configuration``, mean ``criterion``, that of the ``defaults``, and how many
        ``configurations`` on how many ``fits`` each it was chosen from.
    """
    chosen = {}
    for method in dict.fromkeys(record["method"] for record in records):
        groups = {}
        for record in records:
            if record["method"] == method:
                groups.setdefault(record["configuration"], []).append(record)
        fits = max(map(len, groups.values()))
        means = {
            number: float(np.mean([record["criterion"] for record in group]))
            for number, group in groups.items()
            if len(group) == fits
        }
        best = min(means, key=means.get)
        chosen[method] = {
            "settings": groups[best][0]["settings"],
            "configuration": best,
            "criterion": means[best],
            "defaults": means.get(0),
            "configurations": len(means),
            "fits": fits,
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


def run_native(dataset, unit):
    """Calibrate on the target itself and score its test rows: what the method is worth without any transfer.

    Parameters
    ----------
    dataset : str
    unit : dict
        As :func:`native_units` lists them, with ``settings`` and ``budget``.

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
        model.set_params(**_parameters(unit["settings"]), **unit["budget"])
    predicted = model.fit(pair.X[train], pair.y[train]).predict(pair.X[test])
    scores = [r2(pair.y[test, j], predicted[:, j]) for j in range(pair.y.shape[1])]
    return unit | {"r2": dict(zip(PLANS[dataset].properties, scores))}


def _parameters(settings):
    """Settings as estimators take them: a file has lists where they have tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
