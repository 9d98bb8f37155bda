"""Classical methods and preprocessing against their peers: ``python -m benchmarks.speed classical``."""

import subprocess
import sys
import time
from functools import partial

import numpy as np
from scipy.interpolate import interp1d
from tqdm.auto import tqdm

from benchmarks.speed.plain import plain_dipls, plain_ds, plain_pds
from benchmarks.speed.timing import environment, fit_exponent, ratio, save
from skspectral import DS, PDS, SNV, LinearCalibration, Resample
from skspectral.datasets import make_instruments
from skspectral.transfer._dipls_path import Domains, dipls_path

WINDOW, COMPONENTS, ALPHA = 5, 2, 1e-3


def _pairs(n_pairs, n_channels):
    data = make_instruments(n_samples=n_pairs, n_channels=n_channels, random_state=0)
    on_source = data.instrument == "A"
    return data.X[on_source], data.X[~on_source]


def _standardise(method, source, target):
    """Fit on pairs and map the target, as the estimator does it: checks, roles and pairing included."""
    n = len(source)
    model = method.set_params(estimator=LinearCalibration(np.ones(source.shape[1])), source="A", target="B")
    labels = {"instrument": ["A"] * n + ["B"] * n, "sample_id": [*range(n)] * 2}
    model.fit(np.vstack([source, target]), np.full(2 * n, np.nan), **labels)
    return model.transform(target)


def _chemotools_pds(source, target):
    from chemotools.adaptation import PiecewiseDirectStandardization

    peer = PiecewiseDirectStandardization(window_length=WINDOW, n_components=COMPONENTS, scale=False)
    return peer.fit(target, X_source=source).transform(target)


def _chemotools_ds(source, target):
    from chemotools.adaptation import DirectStandardization

    return DirectStandardization().fit(target, X_source=source).transform(target)


def _pycaltransfer_pds(source, target):
    from pycaltransfer.caltransfer import pds_pls_transfer_fit

    F, a = pds_pls_transfer_fit(source, target, COMPONENTS, WINDOW)
    return target @ F + a


def _pycaltransfer_ds(source, target):
    from pycaltransfer.caltransfer import ds_pc_transfer_fit

    F, a = ds_pc_transfer_fit(source, target, COMPONENTS)
    return target @ F + a


def standardisation(rows, agreement):
    """PDS and DS, fit and transform, at 30 x 700 and 30 x 2048."""
    for n_channels in (700, 2048):
        source, target = _pairs(30, n_channels)
        size = f"30 x {n_channels}"
        pds = PDS(window=WINDOW, n_components=COMPONENTS, method="pls", tolerance=0.0)
        ds = DS(alpha=ALPHA)
        F, a = plain_pds(source, target, WINDOW, COMPONENTS, "pls")
        gap = float(np.abs(_standardise(pds, source, target) - (target @ F + a)).max())
        agreement[f"PDS {size}: largest difference to the plain loop"] = gap
        inner = slice(WINDOW, -WINDOW)
        other = _chemotools_pds(source, target)
        gap = float(np.abs(_standardise(pds, source, target) - other)[:, inner].max())
        agreement[f"PDS {size}: largest difference to chemotools inside the ends"] = gap
        F, a = plain_ds(source, target, ALPHA)
        gap = float(np.abs(_standardise(ds, source, target) - (target @ F + a)).max())
        agreement[f"DS {size}: largest difference to the normal equations"] = gap
        for method, ours, peers in (
            ("PDS", pds, {"chemotools 0.5": _chemotools_pds, "pycaltransfer 0.1.8": _pycaltransfer_pds}),
            ("DS", ds, {"chemotools 0.5": _chemotools_ds, "pycaltransfer 0.1.8": _pycaltransfer_ds}),
        ):
            own = partial(_standardise, ours, source, target)
            for peer_name, peer in peers.items():
                run = partial(peer, source, target)
                rows.append(ratio(f"{method} fit+transform {size}", own, run, repeats=3, peer_name=peer_name))


def resampling(rows, agreement):
    """Resample to 2048 points against interp1d for a batch, and called spectrum by spectrum."""
    X, _ = _pairs(30, 700)
    axis = np.linspace(1100, 2498, 700)
    grid = np.linspace(1100, 2498, 2048)
    ours = Resample(grid=grid, wavelengths=axis).fit(X)

    def per_batch(spectra):
        return interp1d(axis, spectra, kind="cubic", axis=1)(grid)

    def per_call(spectra):
        return np.stack([interp1d(axis, spectrum, kind="cubic")(grid) for spectrum in spectra])

    agreement["Resample: largest difference to interp1d"] = float(np.abs(ours.transform(X) - per_batch(X)).max())
    for n in (1, 30):
        own = partial(ours.transform, X[:n])
        rows.append(
            ratio(f"Resample {n} x 700 -> 2048", own, partial(per_call, X[:n]), peer_name="interp1d per spectrum")
        )
        rows.append(
            ratio(f"Resample {n} x 700 -> 2048", own, partial(per_batch, X[:n]), peer_name="interp1d per batch")
        )


def scaling(rows, agreement):
    """SNV against chemotools."""
    from chemotools.scatter import StandardNormalVariate

    X = np.repeat(_pairs(30, 700)[0], 20, axis=0)
    ours, peer = SNV().fit(X), StandardNormalVariate().fit(X)
    agreement["SNV: largest difference to chemotools"] = float(np.abs(ours.transform(X) - peer.transform(X)).max())
    own, other = partial(ours.transform, X), partial(peer.transform, X)
    rows.append(ratio("SNV 600 x 700", own, other, peer_name="chemotools 0.5"))


def invariance(rows, agreement):
    """DiPLS with 10 components on 50 x 700 against matrices of 700 x 700 for every component."""
    data = make_instruments(n_samples=50, n_channels=700, random_state=0)
    on_source = data.instrument == "A"
    source, target, y = data.X[on_source], data.X[~on_source], data.y[on_source].ravel()
    expected = plain_dipls(source, y, target, 10, 10.0)
    own = dipls_path(Domains(source, [target], "absolute"), y, 10, 10.0)[9]
    predicted = [(target - target.mean(axis=0)) @ coef for coef in (own, expected)]
    gap = float(np.abs(predicted[0] - predicted[1]).max() / np.std(predicted[1]))
    agreement["diPLS: largest difference of predictions, in SD"] = gap

    def ours():
        return dipls_path(Domains(source, [target], "absolute"), y, 10, 10.0)

    peer = partial(plain_dipls, source, y, target, 10, 10.0)
    rows.append(ratio("diPLS 50 x 700, 10 components", ours, peer, repeats=3, peer_name="plain O(p^3) reference"))


def growth():
    """Exponents of the time of fit+transform against channels and samples."""
    result = {}
    for name, method in (("PDS", PDS(window=WINDOW, n_components=COMPONENTS)), ("DS", DS(alpha=ALPHA))):
        for variable, shapes in (
            ("channels", [(30, p) for p in (512, 1024, 2048, 4096)]),
            ("pairs", [(n, 700) for n in (25, 50, 100, 200)]),
        ):
            seconds = []
            for shape in shapes:
                run = partial(_standardise, method, *_pairs(*shape))
                run()
                started = time.perf_counter()
                for _ in range(3):
                    run()
                seconds.append((time.perf_counter() - started) / 3)
            sizes = [n_pairs if variable == "pairs" else n_channels for n_pairs, n_channels in shapes]
            result[f"{name} against {variable}"] = {
                "sizes": sizes,
                "ms": [round(1e3 * s, 2) for s in seconds],
                "exponent": round(fit_exponent(sizes, seconds), 2),
            }
    return result


def import_times(repeats=5):
    """Seconds to import the package, and scikit-learn alone, in fresh processes."""
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    result = {}
    for name in ("skspectral", "sklearn.base", "sklearn.cross_decomposition", "torch"):
        seconds = [
            float(
                subprocess.run(
                    [sys.executable, "-c", code.format(name)], capture_output=True, text=True, check=True
                ).stdout
            )
            for _ in range(repeats)
        ]
        result[name] = {"median_s": round(float(np.median(seconds)), 3), "min_s": round(min(seconds), 3)}
    return result


def main(quiet=False):
    """Run everything, print a table and write the results file."""
    rows, agreement = [], {}
    for part in tqdm((standardisation, resampling, scaling, invariance), disable=quiet, desc="classical"):
        part(rows, agreement)
    content = {
        "environment": environment("chemotools", "pycaltransfer"),
        "ratios": rows,
        "agreement": agreement,
        "growth": growth(),
        "import": import_times(),
        "notes": [
            "ratio > 1: skspectral is that many times faster; min, median and max over runs taken in turns",
            "PDS and DS are timed as estimators, with input checks, roles and pairing",
            "pycaltransfer 0.1.8 reads PLSRegression.coef_ in an orientation that scikit-learn has changed, so its PDS "
            "map is wrong on current versions; it is timed, not compared",
        ],
    }
    path = save("classical", content)
    if not quiet:
        for row in rows:
            print(
                f"{row['name']:34s} {row['ours_ms']:10.3f} ms  {row['peer']:24s} {row['peer_ms']:10.2f} ms  "
                f"x{row['ratio_median']:<8} ({row['ratio_min']} - {row['ratio_max']})"
            )
        for name, value in agreement.items():
            print(f"{name}: {value:.2g}")
        for name, value in content["growth"].items():
            print(f"{name}: time ~ n^{value['exponent']}")
        for name, value in content["import"].items():
            print(f"import {name}: {value['median_s']} s")
        print(f"written: {path.name}")
    return content
