"""Results small enough to be kept beside the code: one compressed file per way of selecting standards."""

import lzma
from pathlib import Path

import pandas as pd

__all__ = ["pack", "packed_paths", "unpack"]


def packed_paths(folder, dataset):
    """List the packed results of a data set."""
    return sorted(Path(folder).glob(f"{dataset}_*.csv.xz"))


def pack(folder, dataset):
    """Compress ``<dataset>.csv`` by selection; the rows and their text stay as they are.

    Returns
    -------
    list of Path
    """
    folder = Path(folder)
    results = pd.read_csv(folder / f"{dataset}.csv", dtype=str, keep_default_na=False)
    written = []
    for selection, part in results.groupby("selection", sort=False):
        path = folder / f"{dataset}_{selection}.csv.xz"
        with lzma.open(path, "wt", preset=9, encoding="utf-8", newline="") as stream:
            part.to_csv(stream, index=False, lineterminator="\n")
        written.append(path)
    return written


def unpack(folder, dataset):
    """Write ``<dataset>.csv`` from what is packed, for a run to go on with; a file that is there stays."""
    path = Path(folder) / f"{dataset}.csv"
    parts = packed_paths(folder, dataset)
    if parts and not path.exists():
        tables = [pd.read_csv(part, dtype=str, keep_default_na=False) for part in parts]
        pd.concat(tables).to_csv(path, index=False, lineterminator="\n")
