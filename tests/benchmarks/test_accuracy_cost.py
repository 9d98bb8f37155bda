"""What the methods cost."""

import pytest

from benchmarks.accuracy import cost


@pytest.mark.parametrize("method, candidates", [("MeanShift", 3), ("AutoTransfer", 1), ("native", 3)])
def test_costs_are_of_all_candidates_and_of_one_spectrum(method, candidates):
    row = cost.measure(method, "simulated", fits=1)
    assert tuple(row) == cost.COLUMNS and row["method"] == method and row["candidates"] == candidates
    assert row["fit_seconds"] > 0 and row["predict_ms"] > 0 and row["peak_mib"] > 50
