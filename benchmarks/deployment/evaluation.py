"""Pairs on which intervals are judged and nothing is learned: corn, tablets and sugarcane."""

import numpy as np

from benchmarks.accuracy.data import load_pair
from skspectral.datasets import fetch_corn, fetch_tablets

from .pairs import Pair

__all__ = ["evaluation_pairs"]

CORN = (("m5", "mp6"), ("mp6", "m5"), ("m5", "mp5"), ("mp5", "mp6"))
EVERY_TABLET, TABLET_CHANNELS = 4, 400
SUGARCANE = (("NIRscanNano", "MicroNIR1700_rep1"), ("MicroNIR1700_rep1", "MicroNIR2200"), ("MicroNIR2200", "TellSpec"))


def evaluation_pairs():
    """Read the pairs in a fair order, list of Pair."""
    corn, tablets = fetch_corn(), fetch_tablets()
    pairs = [_pair(corn, f"corn {a}>{b}", a, b) for a, b in CORN]
    first, second = tablets.instruments[:2]
    for a, b in ((first, second), (second, first)):
        whole = _pair(tablets, f"tablets {a}>{b}", a, b)
        # a quarter of the tablets is as many as a laboratory has
        rows = slice(0, None, EVERY_TABLET)
        spectra = [X[rows, :TABLET_CHANNELS] for X in (whole.source, whole.target)]
        pairs.append(Pair(whole.name, *spectra, whole.y[rows], whole.axis[:TABLET_CHANNELS]))
    return pairs + [_pair(load_pair("sugarcane", a, b), f"sugarcane {a}>{b}", a, b) for a, b in SUGARCANE]


def _pair(data, name, source, target):
    rows = {label: np.flatnonzero(data.instrument == label) for label in (source, target)}
    at = {sample: row for row, sample in zip(rows[target], data.sample_id[rows[target]])}
    both = [(row, at[data.sample_id[row]]) for row in rows[source] if data.sample_id[row] in at]
    of_source, of_target = np.array(both).T
    known = np.isfinite(data.y[of_source]).all(axis=1)
    return Pair(
        name,
        data.X[of_source[known]],
        data.X[of_target[known]],
        data.y[of_source[known]],
        np.asarray(data.wavelengths, dtype=float),
    )
