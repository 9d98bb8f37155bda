"""Reading a large text table, against pandas: ``python -m benchmarks.speed reading``.

CPU time, in turns in one process, and the peak of memory that reading adds to a process of its own, in multiples of the
array's size. The table has 10,000 spectra of 1,000 channels; ``main(n_rows=100_000)`` makes it 2 GB, in the folder for
temporary files.
"""

import multiprocessing
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.speed.timing import environment, peak_mib, save

N_ROWS, N_CHANNELS, N_REPEATS = 10_000, 1_000, 5
N_DISTINCT = 1_000


def write_table(path, n_rows):
    """Write spectra to all digits, with names and one property; after a thousand the spectra repeat."""
    rng = np.random.default_rng(0)
    mean = 1 + 0.01 * np.cumsum(rng.normal(size=N_CHANNELS))
    spectra = mean + 0.01 * rng.normal(size=(min(n_rows, N_DISTINCT), N_CHANNELS))
    texts = [",".join(np.char.mod("%.16g", spectrum)) for spectrum in spectra]
    with path.open("w") as file:
        file.write("sample_id,protein," + ",".join(f"{1100 + 0.5 * k:g}" for k in range(N_CHANNELS)) + "\n")
        for row in range(n_rows):
            file.write(f"s{row},{8 + rng.random():.2f},{texts[row % N_DISTINCT]}\n")


def by_pandas(path):
    """Read with pandas."""
    import pandas

    return pandas.read_csv(path)


def by_skspectral(path):
    """Read with the library."""
    from skspectral.io import read_spectra

    return read_spectra(path)


READERS = {"pandas": by_pandas, "skspectral": by_skspectral}


def _cpu_seconds(read, path):
    started = time.process_time()
    read(path)
    return time.process_time() - started


def _peak(name, small, path, queue):
    READERS[name](small)
    before = peak_mib()
    READERS[name](path)
    queue.put(peak_mib() - before)


def _peaks(small, path):
    """Peak memory in MiB that reading adds to a process, for each reader."""
    context = multiprocessing.get_context("spawn")
    found = {}
    for name in READERS:
        queue = context.Queue()
        process = context.Process(target=_peak, args=(name, small, path, queue))
        process.start()
        found[name] = queue.get()
        process.join()
    return found


def main(quiet=False, n_rows=N_ROWS, n_repeats=N_REPEATS):
    """Measure and write the results."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spectra.csv")
        write_table(path, n_rows)
        # the first calls import what they need
        small = Path(folder, "small.csv")
        write_table(small, 5)
        for read in READERS.values():
            read(small)
        seconds = {name: [] for name in READERS}
        for _ in range(n_repeats):
            for name, read in READERS.items():
                seconds[name].append(_cpu_seconds(read, path))
        array_mib = n_rows * N_CHANNELS * 8 / 2**20
        content = {
            "environment": environment("pandas"),
            "table": {"rows": n_rows, "channels": N_CHANNELS, "megabytes": round(path.stat().st_size / 1e6)},
            "cpu_s": {name: round(float(np.median(values)), 2) for name, values in seconds.items()},
            "cpu_times_pandas": round(float(np.median(np.divide(seconds["skspectral"], seconds["pandas"]))), 2),
            "peak_times_array": {name: round(peak / array_mib, 2) for name, peak in _peaks(small, path).items()},
        }
    path = save("reading" if n_rows == N_ROWS else f"reading_{n_rows}", content)
    if not quiet:
        print({name: part for name, part in content.items() if name != "environment"})
        print(f"written: {path}")


if __name__ == "__main__":
    main()
