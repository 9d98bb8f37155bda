"""What the foundation model takes on rows of the size of corn: processor seconds on one thread, and memory."""

import time
import warnings
from functools import partial

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.speed.timing import environment, peak_mib, save
from skspectral import AutoTransfer, SpectralFMTransfer
from skspectral.datasets import make_instruments

N_SOURCE, N_STANDARDS, N_CHANNELS, N_PROPERTIES = 60, 10, 700, 4
REPEATS, SPECTRA = 5, 20


def _rows():
    """Sixty samples on two known instruments, ten of them on the target; four properties."""
    sizes = {"n_samples": N_SOURCE, "n_channels": N_CHANNELS, "n_targets": N_PROPERTIES}
    data = make_instruments(**sizes, n_instruments=3, random_state=0)
    number = np.unique(data.sample_id, return_inverse=True)[1]
    rows = (data.instrument != "B") | (number < N_STANDARDS)
    labels = {"instrument": data.instrument[rows], "sample_id": data.sample_id[rows]}
    return data.X[rows], data.y[rows], labels, data.wavelengths


def _cpu_seconds(run):
    """Least processor time of a call: what others do on the machine can but add to it."""
    seconds = []
    for _ in range(REPEATS):
        started = time.process_time()
        run()
        seconds.append(time.process_time() - started)
    return min(seconds)


def main(quiet=False):
    """Run everything, print it and write the results file."""
    torch.set_num_threads(1)
    X, y, labels, axis = _rows()
    params = {"wavelengths": axis, "source": "A", "target": "B"}
    models = {
        "AutoTransfer": AutoTransfer(**params),
        "SpectralFMTransfer": SpectralFMTransfer(device="cpu", **params),
        "SpectralFMTransfer, two known instruments": SpectralFMTransfer(device="cpu", others=["C"], **params),
        "SpectralFMTransfer, low-rank updates": SpectralFMTransfer(device="cpu", adapt="lora", **params),
        "SpectralFMTransfer, test-time training": SpectralFMTransfer(device="cpu", ttt_steps=10, **params),
    }
    one = X[labels["instrument"] == "B"][:1]
    content = {"environment": environment("torch"), "threads": 1, "models": {}}
    content["rows"] = {"source": N_SOURCE, "standards": N_STANDARDS, "channels": N_CHANNELS, "properties": N_PROPERTIES}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, model in models.items():
            fit = _cpu_seconds(partial(model.fit, X, y, **labels))
            predict = _cpu_seconds(lambda fitted=model: [fitted.predict(one) for _ in range(SPECTRA)]) / SPECTRA
            figures = {"fit_s": round(fit, 2), "predict_one_ms": round(1e3 * predict, 2)}
            content["models"][name] = figures | {"peak_memory_mib": round(peak_mib())}
    path = save("foundation", content)
    if not quiet:
        for name, figures in content["models"].items():
            print(f"{name:45s} {figures}")
        print(f"written: {path.name}")
    return content


if __name__ == "__main__":
    main()
