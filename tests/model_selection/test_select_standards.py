"""The choice of standards against textbook loops."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from skspectral.exceptions import (
    MissingReferenceError,
    NonFiniteSpectraError,
    TooFewStandardsError,
)
from skspectral.model_selection import _distances, select_standards
from tests.model_selection.common import SELECTIONS


def euclid(a, b):
    return float(np.sqrt(sum((p - q) ** 2 for p, q in zip(a, b))))


def textbook_max_min(distance):
    """Kennard and Stone's rule with plain loops over a table of distances."""
    n = len(distance)
    best = max((distance[i][j], -i, -j) for i in range(n) for j in range(i + 1, n))
    chosen = [-best[1], -best[2]]
    while len(chosen) < n:
        rest = [i for i in range(n) if i not in chosen]
        gaps = [min(distance[i][k] for k in chosen) for i in rest]
        chosen.append(rest[gaps.index(max(gaps))])
    return chosen


def textbook_duplex(distance):
    left, sets = list(range(len(distance))), ([], [])

    def pair():
        _, i, j = max((distance[i][j], i, j) for i in left for j in left if i < j)
        return [i, j]

    for members in sets:
        members += pair()
        left = [i for i in left if i not in members]
    turn = 0
    while left:
        gaps = [min(distance[i][k] for k in sets[turn]) for i in left]
        sets[turn].append(left.pop(gaps.index(max(gaps))))
        turn = 1 - turn
    return sets[0] + sets[1]


def sorted_by_content(rng, n=13, p=4, n_targets=2):
    X = rng.normal(size=(n, p))
    X = X[np.argsort(X[:, 0])]
    return X, rng.normal(size=(n, n_targets)) * [1.0, 50.0][:n_targets]


@pytest.mark.parametrize("seed", range(5))
def test_kennard_stone_spxy_and_duplex_follow_the_textbook(seed):
    X, y = sorted_by_content(np.random.default_rng(seed))
    dx = [[euclid(a, b) for b in X] for a in X]
    assert select_standards(X, 13, method="kennard-stone").tolist() == textbook_max_min(dx)
    assert select_standards(X, 13, method="duplex").tolist() == textbook_duplex(dx)
    scaled = y / y.std(axis=0)
    dy = [[euclid(a, b) for b in scaled] for a in scaled]
    mx, my = max(map(max, dx)), max(map(max, dy))
    joint = [[dx[i][j] / mx + dy[i][j] / my for j in range(13)] for i in range(13)]
    assert select_standards(X, 13, method="spxy", y=y).tolist() == textbook_max_min(joint)
    assert select_standards(X, 13, method="y", y=y).tolist() == textbook_max_min(dy)


def test_spxy_with_one_property_does_not_depend_on_its_unit():
    X, y = sorted_by_content(np.random.default_rng(0), n_targets=1)
    order = select_standards(X, 13, method="spxy", y=y[:, 0])
    np.testing.assert_array_equal(order, select_standards(X, 13, method="spxy", y=1000 * y[:, 0] + 5))
    assert not np.array_equal(order, select_standards(X, 13, method="kennard-stone"))


def test_leverage_takes_the_largest_and_deflates_it():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(12, 3))
    order = select_standards(X, 12, method="leverage")
    scores = X - X.mean(axis=0)
    hat = scores @ np.linalg.pinv(scores)
    assert order[0] == np.argmax(np.diag(hat))
    # what is left of the leverages once the space of the first choice is projected out
    left = np.diag(hat) - hat[:, order[0]] ** 2 / hat[order[0], order[0]]
    left[order[0]] = -1
    assert order[1] == np.argmax(left)
    rest = np.delete(np.arange(12), order[:3])
    again = select_standards(X[rest], 9, method="leverage")
    np.testing.assert_array_equal(order[3:], rest[again])


@pytest.mark.parametrize("method", SELECTIONS)
def test_selection_is_a_prefix_of_an_order_of_all_samples(method):
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(20, 50)), rng.normal(size=20)
    full = select_standards(X, 20, method=method, y=y, random_state=0)
    assert sorted(full) == list(range(20))
    for n in (0, 1, 2, 5, 10):
        np.testing.assert_array_equal(select_standards(X, n, method=method, y=y, random_state=0), full[:n])


@pytest.mark.parametrize("method", SELECTIONS)
def test_ties_are_broken_by_content(method):
    grid = np.array([[i, j, 0.0] for i in range(3) for j in range(3)])
    y = grid[:, 0] + grid[:, 1]
    order = select_standards(grid, 9, method=method, y=y, random_state=0)
    for seed in range(5):
        shuffled = np.random.default_rng(seed).permutation(9)
        again = select_standards(grid[shuffled], 9, method=method, y=y[shuffled], random_state=0)
        np.testing.assert_array_equal(shuffled[again], order)


@pytest.mark.parametrize("method", SELECTIONS)
@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_few_or_equal_samples(method, n_rows):
    for X in (np.eye(n_rows, 4), np.ones((n_rows, 4))):
        order = select_standards(X, n_rows, method=method, y=np.zeros(n_rows), random_state=0)
        assert sorted(order) == list(range(n_rows))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 40), levels=st.sampled_from([2, 3, 1000]), rows=st.integers(1, 7))
def test_blocks_find_the_pair_that_a_table_of_distances_has(seed, n, levels, rows):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, levels, (n, 3)) / 7.0
    y = rng.integers(0, levels, (n, 1)) / 3.0
    block_bytes = _distances.BLOCK_BYTES
    _distances.BLOCK_BYTES = 8 * n * rows
    try:
        distances = _distances.Distances([X, y])
        table = sum(cdist(part, part) / (cdist(part, part).max() or 1.0) for part in (X, y))
        np.testing.assert_array_equal([distances.row(i) for i in range(n)], table)
        among = np.sort(rng.permutation(n)[: max(2, n // 2)])
        part = table[np.ix_(among, among)]
        i, j = np.unravel_index(np.argmax(part), part.shape) if part.max() else (0, 1)
        assert distances.farthest_pair(among) == [among[i], among[j]]
    finally:
        _distances.BLOCK_BYTES = block_bytes


@pytest.mark.slow
def test_twelve_thousand_samples_need_no_table():
    """A table of the distances would take 1.15 GB."""
    script = """
import resource, numpy as np
from skspectral.model_selection import select_standards
rng = np.random.default_rng(0)
X, y = rng.standard_normal((12000, 8)), rng.standard_normal(12000).round(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for method in ("kennard-stone", "spxy", "y", "duplex", "leverage"):
    assert len(set(select_standards(X, 10, method=method, y=y))) == 10
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 300


def test_what_does_not_fit_is_explained(monkeypatch):
    def no_room(X, n):
        raise MemoryError

    monkeypatch.setattr("skspectral.model_selection._standards._leverage_order", no_room)
    with pytest.raises(MemoryError, match=r"method='leverage'\) needs about .* GB beside the 3 spectra of 3 channels"):
        select_standards(np.eye(3), 2, method="leverage")


def test_selection_errors():
    X = np.eye(3)
    with pytest.raises(TooFewStandardsError, match="4 standards were asked for"):
        select_standards(X, 4)
    with pytest.raises(MissingReferenceError, match="give y"):
        select_standards(X, 2, method="spxy")
    with pytest.raises(MissingReferenceError, match="1 of 3 samples"):
        select_standards(X, 2, method="spxy", y=[1.0, np.nan, 2.0])
    with pytest.raises(NonFiniteSpectraError):
        select_standards(X * np.nan, 2)
    for wrong in (-1, 1.5, True):
        with pytest.raises(ValueError, match="n must be"):
            select_standards(X, wrong)
    with pytest.raises(ValueError, match="method must be one of"):
        select_standards(X, 2, method="ks")
