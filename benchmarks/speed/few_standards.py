"""The closed forms for few standards against refits, a PLS calibration, and a large calibration set."""

import resource
import sys
import time
from functools import partial

import numpy as np
from sklearn.model_selection import cross_val_predict
from threadpoolctl import threadpool_limits

from benchmarks.speed.timing import environment, ratio, save
from skspectral import AutoTransfer, DifferenceRidge, PLSRegressionCV, StandardsSplit, TransferPortfolio
from skspectral.datasets import make_instruments

N_SOURCE, N_STANDARDS = 60, 10
LARGE, LARGE_THREADS = (20_000, 1_000), 2
ROLES = {"source": "A", "target": "B"}


def _rows(n_channels, n_targets=1):
    """Sixty source samples, ten of them on the target too."""
    data = make_instruments(
        n_samples=N_SOURCE, n_channels=n_channels, n_components=8, n_targets=n_targets, random_state=0
    )
    rows = np.concatenate([np.arange(N_SOURCE), np.flatnonzero(data.instrument == "B")[:N_STANDARDS]])
    labels = {"instrument": data.instrument[rows], "sample_id": data.sample_id[rows]}
    return data.X[rows], data.y[rows].ravel() if n_targets == 1 else data.y[rows], labels, data.wavelengths


def _refits(model, X, y, labels):
    """Leave-one-standard-out errors by fitting again without each standard."""
    splits = list(StandardsSplit("loo", **ROLES).split(X, y, **labels))
    on_target = np.flatnonzero(labels["instrument"] == "B")
    squares = []
    for train, test in splits:
        inside = {name: values[train] for name, values in labels.items()}
        predicted = model.fit(X[train], y[train], **inside).predict(X[test])
        squares.append((predicted - y[test]) ** 2)
    assert len(splits) == len(on_target)
    return float(np.sqrt(np.mean(squares)))


def _large():
    """Seconds and memory of AutoTransfer on a large calibration set, beside PLS on the same."""
    rng = np.random.default_rng(0)
    n_samples, n_channels = LARGE
    shapes = np.cumsum(rng.standard_normal((20, n_channels)), axis=1)
    S = 0.01 * rng.standard_normal((n_samples, 20)) @ shapes + 1e-3 * rng.standard_normal(LARGE)
    y = 0.1 * S @ rng.standard_normal(n_channels)
    X, references = np.vstack([S, 1.02 * S[:N_STANDARDS] + 0.01]), np.concatenate([y, y[:N_STANDARDS]])
    instrument = np.repeat(np.array(["A", "B"], dtype=object), [n_samples, N_STANDARDS])
    sample_id = np.concatenate([np.arange(n_samples), np.arange(N_STANDARDS)])
    model = AutoTransfer(wavelengths=np.linspace(1100, 2500, n_channels), **ROLES)
    started = time.perf_counter()
    model.fit(X, references, instrument=instrument, sample_id=sample_id)
    fitted = time.perf_counter()
    model.predict(X[:100])
    predicted = time.perf_counter()
    # of the process so far, before PLS adds its own
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    PLSRegressionCV().fit(S, y)
    return {
        "samples, channels": list(LARGE),
        "threads": LARGE_THREADS,
        "autotransfer_fit_s": round(fitted - started, 2),
        "autotransfer_predict_100_s": round(predicted - fitted, 3),
        "pls_cv_fit_s": round(time.perf_counter() - predicted, 2),
        "peak_memory_gib": round(peak, 2),
    }


def main(quiet=False):
    """Run everything, print it and write the results file."""
    content = {"environment": environment(), "threads": 1, "ratios": []}
    with threadpool_limits(1):
        for n_channels in (700, 2048):
            X, y, labels, axis = _rows(n_channels)
            ridge = DifferenceRidge(wavelengths=axis, **ROLES)
            portfolio = TransferPortfolio(wavelengths=axis, **ROLES)
            on_source = labels["instrument"] == "A"
            closed = float(ridge.fit(X, y, **labels).transfer_rmse_[0])
            difference = abs(_refits(ridge, X, y, labels) / closed - 1)
            content["ratios"] += [
                ratio(
                    f"leave-one-standard-out, {n_channels} channels",
                    partial(ridge.fit, X, y, **labels),
                    partial(_refits, ridge, X, y, labels),
                    peer_name="ten refits",
                )
                | {"relative_difference": float(f"{difference:.2g}")},
                ratio(
                    f"portfolio fit, {n_channels} channels",
                    partial(portfolio.fit, X, y, **labels),
                    partial(PLSRegressionCV().fit, X[on_source], y[on_source]),
                    repeats=3,
                    peer_name="PLSRegressionCV fit, ours",
                ),
                ratio(
                    f"portfolio fit, {n_channels} channels",
                    partial(portfolio.fit, X, y, **labels),
                    partial(cross_val_predict, PLSRegressionCV(), X[on_source], y[on_source]),
                    repeats=3,
                    peer_name="cross_val_predict of PLSRegressionCV",
                ),
            ]
        X, y, labels, axis = _rows(700, n_targets=4)
        on_source = labels["instrument"] == "A"
        content["ratios"].append(
            ratio(
                "AutoTransfer fit, 4 properties, 700 channels",
                partial(AutoTransfer(wavelengths=axis, **ROLES).fit, X, y, **labels),
                partial(PLSRegressionCV().fit, X[on_source], y[on_source]),
                repeats=3,
                peer_name="PLSRegressionCV fit, ours",
            )
        )
    with threadpool_limits(LARGE_THREADS):
        content["large"] = _large()
    path = save("few_standards", content)
    if not quiet:
        for row in content["ratios"]:
            print(
                f"{row['name']:40s} {row['ours_ms']:10.2f} ms  {row['peer']:38s} {row['peer_ms']:10.2f} ms  "
                f"x{row['ratio_median']} ({row['ratio_min']} - {row['ratio_max']})"
            )
        print(content["large"])
        print(f"written: {path.name}")
    return content


if __name__ == "__main__":
    main()
