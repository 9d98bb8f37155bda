"""The benchmark of intervals: what it counts, on a pair made here."""

import numpy as np
import pytest

from benchmarks.deployment.collect import interval_parts
from benchmarks.deployment.learn import coverage, set_of
from benchmarks.deployment.pairs import KINDS, Pair, blocks
from skspectral.datasets import make_instruments
from skspectral.diagnostics import TransferIntervals


@pytest.fixture(scope="module")
def pair():
    data = make_instruments(n_samples=50, n_channels=20, random_state=1)
    source, target = (data.X[data.instrument == name] for name in "AB")
    return Pair("corn A>B", source, target, data.y[data.instrument == "A"], data.wavelengths)


def test_what_is_covered_is_counted_for_both_kinds_of_intervals(pair):
    (part,) = interval_parts(pair, "random", 9, 0, "mean shift", conformal=True)
    (few,) = interval_parts(pair, "random", 5, 0, "mean shift", conformal=True)
    constants = {name: value for name, value in TransferIntervals.constants.items() if not isinstance(value, dict)}
    used = {"mean shift": constants | TransferIntervals.constants["without"]}
    table = coverage([part, few], used)
    assert list(table["set"]) == ["corn", "corn"] and list(table["n"]) == [9, 5]
    assert table["conformal"][0] == np.mean(np.abs(part["error"]) <= part["conformal"])
    assert np.isnan(table["conformal"][1]) and few["conformal"] is None
    part["error"] = np.zeros_like(part["error"])
    assert (coverage([part], used)[["covered", "conformal", "own_covered"]] == 1.0).all(axis=None)


@pytest.mark.parametrize("kind", KINDS)
def test_no_test_sample_was_trained_with(pair, kind):
    split = blocks(pair, kind, 5, 0)
    trained = {row.tobytes() for row in split.X}
    assert not trained & {row.tobytes() for row in split.X_test}
    assert (split.instrument == "B").sum() == 5


def test_pairs_of_the_corpus_are_one_set():
    assert [set_of(name) for name in ("tablets a>b", "feedgrain forth", "simulated 3")] == [
        "tablets",
        "corpus",
        "simulated",
    ]
