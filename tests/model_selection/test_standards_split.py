"""StandardsSplit holds out one standard, or a fold of them, at a time."""

import numpy as np
import pytest

from skspectral.model_selection import StandardsSplit, TransferSplit, detach
from tests.model_selection.common import ROLES


def ten_standards(data):
    kept = (data.instrument == "A") | np.isin(data.sample_id, data.sample_id[:10])
    return {
        "X": data.X[kept],
        "y": data.y[kept],
        "instrument": data.instrument[kept],
        "sample_id": data.sample_id[kept],
    }


@pytest.mark.parametrize(("n_splits", "n_folds"), [("loo", 10), (4, 4)])
def test_standards_are_held_out_in_turn(data, n_splits, n_folds):
    part = ten_standards(data)
    splitter = StandardsSplit(n_splits, **ROLES)
    found = list(splitter.split(**part))
    assert len(found) == splitter.get_n_splits(**part) == n_folds
    on_target = np.flatnonzero(part["instrument"] == "B")
    assert sorted(np.concatenate([test for _, test in found])) == on_target.tolist()
    for train, test in found:
        assert not set(part["sample_id"][train]) & set(part["sample_id"][test])
        assert len(train) == 30 + 10 - 2 * len(test)
    order = np.random.default_rng(0).permutation(len(part["X"]))
    shuffled = {key: value[order] for key, value in part.items()}
    for (train, test), (other_train, other_test) in zip(found, splitter.split(**shuffled)):
        assert set(train) == set(order[other_train]) and set(test) == set(order[other_test])


def test_folds_of_standards_are_balanced(data):
    part = ten_standards(data)
    values = [np.sort(part["y"][test, 0]) for _, test in StandardsSplit(2, **ROLES).split(**part)]
    lows, highs = values
    assert np.all(lows <= highs)
    assert np.all(lows[1:] >= highs[:-1])


def test_rows_that_are_no_standard_stay_in_training(data):
    y, ids = detach(data.y, data.sample_id, np.flatnonzero(data.instrument == "B")[:5])
    pair = np.flatnonzero(data.instrument == "B")[6]
    y[pair] = np.nan
    for train, test in StandardsSplit(5, **ROLES).split(data.X, y, instrument=data.instrument, sample_id=ids):
        assert pair in train
        assert set(np.flatnonzero(data.instrument == "B")[:5]) <= set(train)
        assert np.isfinite(y[test]).all()


def test_number_of_splits_without_rows():
    assert TransferSplit(n_repeats=7).get_n_splits() == 7
    assert StandardsSplit(4).get_n_splits() == 4
    with pytest.raises(ValueError, match="one split per standard"):
        StandardsSplit().get_n_splits()
