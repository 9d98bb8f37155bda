"""Probe: few-shot transfer between real instruments, with measured references."""

import warnings

import numpy as np

from benchmarks.pretraining.real_pairs import N_STANDARDS, PairTasks, held_out_pairs
from skspectral import AutoTransfer, MeanShift
from skspectral.exceptions import ZeroShotWarning

__all__ = ["AUTO", "MEAN_SHIFT", "NO_NETWORK", "few_shot"]

NO_NETWORK, AUTO, MEAN_SHIFT = "no network", "AutoTransfer", "MeanShift"
N_SPLITS = 20


def few_shot(judged, name):
    """Predict the references of samples on the second instrument of a pair, from few samples measured on both.

    Without standards, every method sees the spectra that it is to predict, all together, and none of their references.

    Parameters
    ----------
    judged : Judged
        Networks and data.
    name : str
        Pair of instruments.

    Returns
    -------
    list of dict
        Root mean squared error of prediction of each split, number of standards, property and method.
    """
    pair = next(pair for pair in held_out_pairs(judged.corpus) if pair.name == name)
    tasks = PairTasks(pair, max(judged.config.n_channels), judged.config.n_regions, N_SPLITS)
    results = []

    def keep(record, method, rmse):
        place = {key: record[key] for key in ("split", "n_standards", "target")}
        results.append(place | {"method": method, "rmsep": float(rmse)})

    records = {network: tasks(judged.networks[network], head, judged.device) for network, head in judged.heads.items()}
    for network, found in records.items():
        for record in found:
            keep(record, network, record["rmse"])
    axis, A, B = pair.aligned()
    for split in range(N_SPLITS):
        for target in range(tasks.n_targets):
            train, test, y = tasks.samples(split, target)
            for n in N_STANDARDS:
                place = {"split": split, "n_standards": n, "target": target}
                for method, model in ((AUTO, AutoTransfer(wavelengths=axis)), (MEAN_SHIFT, MeanShift())):
                    predicted = _transferred(model.set_params(source="A", target="B"), A, B, train, test, y, n)
                    keep(place, method, np.sqrt(np.mean((predicted - y[test]) ** 2)))
                keep(place, NO_NETWORK, tasks.without_network(**place))
    return results


def _transferred(model, A, B, train, test, y, n_standards):
    on_target = train[:n_standards] if n_standards else test
    names = on_target.astype(object) if n_standards else np.full(len(test), None, dtype=object)
    references = np.r_[y[train], np.full(len(on_target), np.nan)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZeroShotWarning)
        model.fit(
            np.r_[A[train], B[on_target]],
            references,
            instrument=np.repeat(["A", "B"], [len(train), len(on_target)]),
            sample_id=np.r_[train.astype(object), names],
        )
    return model.predict(B[test])
