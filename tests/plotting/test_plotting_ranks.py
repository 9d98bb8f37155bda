"""Mean ranks and the critical-difference diagram."""

import matplotlib as mpl
import numpy as np
import pytest

from skspectral.plotting import CriticalDifferenceDisplay

mpl.use("Agg")


def results():
    """Four methods in twelve cells of two splits: A is best everywhere, B and C are alike, D is worst."""
    rng = np.random.default_rng(0)
    rows = [
        (method, f"cell {cell}", level + rng.uniform(0, 0.1))
        for cell in range(12)
        for method, level in (("A", 0.1), ("B", 0.5), ("C", 0.5), ("D", 0.9))
        for _ in range(2)
    ]
    method, cell, values = zip(*rows)
    return {"method": np.array(method), "cell": np.array(cell), "rmsep": np.array(values)}


def test_ranks_groups_and_the_critical_difference():
    display = CriticalDifferenceDisplay.from_results(results(), cell=["cell"])
    assert display.ranks["A"] == 1 and display.ranks["D"] == 4
    assert display.ranks["B"] + display.ranks["C"] == pytest.approx(5)
    # Demsar (2006), table 5: q = 2.569 for four methods at 0.05
    assert display.critical_difference_ == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 12)), abs=1e-3)
    assert ("A", "D") not in [group[:: len(group) - 1] for group in display.groups_]
    assert any({"B", "C"} <= set(group) for group in display.groups_)
    assert display.p_value < 1e-5
    texts = [text.get_text() for text in display.ax_.texts]
    assert "A  1.0" in texts and "4.0  D" in texts
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.ax_.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(display.figure_.bbox.contains(*corner) for box in boxes for corner in (box.min, box.max))


def test_groups_are_as_large_as_they_can_be():
    ranks = {"A": 1.0, "B": 1.8, "C": 2.6, "D": 6.0}
    display = CriticalDifferenceDisplay(ranks, n_cells=20)
    assert 0.8 < display.critical_difference_ < 1.6
    assert display.groups_ == [("A", "B"), ("B", "C")]


def test_the_largest_value_may_be_the_best():
    table = results()
    display = CriticalDifferenceDisplay.from_results(table, cell=["cell"], higher_is_better=True)
    assert display.ranks["D"] == 1 and display.ranks["A"] == 4


def test_cells_that_a_method_lacks_are_left_out():
    table = results()
    table["rmsep"][(table["method"] == "B") & (table["cell"] == "cell 3")] = np.nan
    assert CriticalDifferenceDisplay.from_results(table, cell=["cell"]).n_cells == 11
    chosen = CriticalDifferenceDisplay.from_results(table, cell=["cell"], methods=["D", "C", "A"])
    assert list(chosen.ranks) == ["D", "C", "A"] and chosen.n_cells == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"methods": ["A", "Z", "B"]}, "no method 'Z'"),
        ({"methods": ["A", "B"]}, "at least 3 methods"),
        ({"metric": "r2"}, "no column 'r2'"),
        ({"alpha": 1.5}, "alpha must be"),
    ],
)
def test_wrong_input_is_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        CriticalDifferenceDisplay.from_results(results(), cell=["cell"], **arguments)
