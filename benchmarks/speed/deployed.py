"""Prediction in routine against a bare PLSRegression: ``python -m benchmarks.speed deployed``.

One spectrum (median and 99th percentile), 100,000 spectra, and the size of the model file, for ``AutoTransfer`` and for
``TransferredModel`` around it, which also computes intervals and flags. Both sides of a ratio run in turns. The size is
also that of a model of four properties of corn, where these spectra are at hand.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from threadpoolctl import threadpool_limits

from benchmarks.speed.timing import environment, save
from skspectral import AutoTransfer, PLSRegressionCV, TransferredModel, TransferSplit
from skspectral import save as save_model
from skspectral.datasets import fetch_corn, make_instruments
from skspectral.exceptions import DatasetUnavailableError

N_SAMPLES, N_STANDARDS, N_CHANNELS, N_TARGETS = 80, 10, 200, 1
N_CALLS, N_MANY, N_REPEATS, BLOCK = 300, 100_000, 3, 20_000


def _models():
    data = make_instruments(n_samples=N_SAMPLES, n_channels=N_CHANNELS, n_targets=N_TARGETS, random_state=0)
    number = np.array([int(label[1:]) for label in data.sample_id])
    kept = (data.instrument == "A") | (number < N_STANDARDS)
    given = {"instrument": data.instrument[kept], "sample_id": data.sample_id[kept]}
    X, y = data.X[kept], data.y[kept]
    deployed = TransferredModel.fit(
        X=X, y=y, **given, wavelengths=data.wavelengths, source="A", target="B", validate=False, method=AutoTransfer()
    )
    on_source = given["instrument"] == "A"
    n_components = int(PLSRegressionCV().fit(X[on_source], y[on_source]).n_components_[0])
    bare = PLSRegression(n_components, scale=False).fit(X[on_source], y[on_source])
    return deployed, bare, data.X[data.instrument == "B"]


def _single(models, spectra):
    """Seconds of single calls, in turns, dict of {name: ndarray of shape (n_calls,)}."""
    seconds = {name: [] for name in models}
    for call in range(N_CALLS):
        x = spectra[call % len(spectra)][None]
        for name, predict in models.items():
            started = time.perf_counter()
            predict(x)
            seconds[name].append(time.perf_counter() - started)
    # the first calls import what they need
    return {name: np.array(values[N_CALLS // 10 :]) for name, values in seconds.items()}


def _many(models, spectra):
    """Best seconds for many spectra, predicted in blocks so that memory does not decide."""
    block = np.resize(spectra, (BLOCK, spectra.shape[1]))
    best = dict.fromkeys(models, np.inf)
    for _ in range(N_REPEATS):
        for name, predict in models.items():
            started = time.perf_counter()
            for _ in range(N_MANY // BLOCK):
                predict(block)
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def _kilobytes(model):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        save_model(model, path)
        return round(path.stat().st_size / 1e3, 1)


def _corn_kilobytes():
    """Size of a model of all properties of corn, for each; None without the spectra."""
    try:
        corn = fetch_corn(download_if_missing=False)
    except DatasetUnavailableError:
        return None
    labels = {"instrument": corn.instrument, "sample_id": corn.sample_id}
    split = TransferSplit(N_STANDARDS, 1, source="m5", target="mp6", random_state=0)
    rows, _ = next(split.split(corn.X, corn.y, **labels))
    model = AutoTransfer(wavelengths=corn.wavelengths, source="m5", target="mp6")
    model.fit(corn.X[rows], corn.y[rows], **{name: values[rows] for name, values in labels.items()})
    return round(_kilobytes(model) / corn.y.shape[1], 1)


def main(quiet=False):
    """Measure and write the results."""
    deployed, bare, spectra = _models()
    auto = deployed.records["B"].model
    models = {
        "PLSRegression": bare.predict,
        "AutoTransfer": auto.predict,
        "AutoTransfer with std": lambda X: auto.predict(X, return_std=True),
        "TransferredModel": deployed.predict,
    }
    with threadpool_limits(1):
        single, many = _single(models, spectra), _many(models, spectra)
    sizes = {
        name: _kilobytes(model)
        for name, model in (("PLSRegression", bare), ("AutoTransfer", auto), ("TransferredModel", deployed))
    }
    sizes["AutoTransfer on corn, per property"] = _corn_kilobytes()
    peer = {"one": np.median(single["PLSRegression"]), "many": many["PLSRegression"]}
    content = {
        "environment": environment(),
        "spectra": {"channels": N_CHANNELS, "properties": N_TARGETS, "standards": N_STANDARDS, "many": N_MANY},
        "predict": {
            name: {
                "one_p50_ms": round(1e3 * float(np.median(single[name])), 3),
                "one_p99_ms": round(1e3 * float(np.quantile(single[name], 0.99)), 3),
                "one_times_peer": round(float(np.median(single[name]) / peer["one"]), 1),
                "many_s": round(many[name], 3),
                "many_times_peer": round(many[name] / peer["many"], 1),
            }
            for name in models
        },
        "file_kB": sizes,
    }
    path = save("deployed", content)
    if not quiet:
        for name, row in content["predict"].items():
            print(f"{name:24}", row)
        print("file, kB", sizes)
        print(f"written: {path}")


if __name__ == "__main__":
    main()
