"""The benchmark of intervals: what it counts, on a pair made here."""

import numpy as np
import pytest

from benchmarks.deployment.collect import interval_parts
from benchmarks.deployment.learn import coverage, learn, set_of
from benchmarks.deployment.pairs import KINDS, Pair, blocks
from benchmarks.deployment.possible import possible_rates
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


def test_constants_that_are_learned_cover_and_know_which_side_errs():
    rng, parts = np.random.default_rng(0), []
    for task in range(30):
        kind, y_source = ("random", "property")[task % 2], rng.standard_normal(60)
        # those of a block are drawn to the middle: references lie farther out than predictions say
        predicted = rng.standard_normal(40) + (2.0 if kind == "property" else 0.0)
        error = 0.7 * rng.standard_normal(40) - (0.8 * predicted if kind == "property" else 0.0)
        parts.append(
            {"pair": "made", "kind": kind, "method": "auto", "n": 10, "residuals": None, "y_source": y_source}
            | {"standards": rng.standard_normal((10, 2)), "scores": rng.standard_normal((40, 2))}
            | {"y_standards": y_source[:10], "y_spread": 1.0, "source_error": 0.5, "difference": 0.1}
            | {"predicted": predicted, "error": error, "own": np.full(40, 0.7), "flagged": np.zeros(40, dtype=bool)}
            | {"usual": np.array([0.0, 1.0, 60.0])}
        )
    found = {"auto": learn(parts, {"prior_standards": 3.0})}
    symmetric = {"auto": learn(parts, {"prior_standards": 3.0, "k": 0.0, "m": 0.0})}
    table = coverage(parts, found, symmetric)
    assert table.groupby("kind")["covered"].mean().mean() == pytest.approx(0.9, abs=0.01)
    held = table.groupby("kind")[["covered", "covered_before", "width_to_before"]].mean()
    assert (held["width_to_before"] < 1).all()
    assert held["covered"]["property"] > held["covered_before"]["property"]
    # values beyond the references are warned of
    warned = table.groupby("kind")["warned"].mean()
    assert warned["property"] > 0.4 > 3 * warned["random"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_test_sample_was_trained_with(pair, kind):
    split = blocks(pair, kind, 5, 0)
    trained = {row.tobytes() for row in split.X}
    assert not trained & {row.tobytes() for row in split.X_test}
    assert (split.instrument == "B").sum() == 5


def test_what_can_be_found_at_best_is_all_of_what_is_plain_and_little_of_what_is_alike(pair):
    axis, rng = pair.axis, np.random.default_rng(0)
    alike = ("alike", pair.target[::2], axis)
    other = ("other", np.sin(axis / 50) + rng.standard_normal((30, len(axis))), axis)
    found = possible_rates(pair, [other])
    assert found["other material"] == found["step 50 %"] == found["step 50 % known"] == 1.0
    # nearest neighbours know a spectrum that they are
    assert possible_rates(pair, [alike])["other material"] < 0.2


def test_pairs_of_the_corpus_are_one_set():
    assert [set_of(name) for name in ("tablets a>b", "feedgrain forth", "simulated 3")] == [
        "tablets",
        "corpus",
        "simulated",
    ]
