"""TransferSplit: who is tested, who is a standard, and that nothing of a held-out sample stays in training."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.cross_decomposition import PLSRegression

from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AmbiguousInstrumentError,
)
from skspectral.model_selection import TransferSplit, detach, select_standards
from skspectral.transfer import SourceOnly
from tests.model_selection.common import ROLES, SELECTIONS, ids_of, labels_of, splits


@pytest.mark.parametrize("selection", SELECTIONS)
def test_held_out_samples_leave_every_instrument(data, selection):
    splitter = TransferSplit(7, 3, selection=selection, random_state=0, **ROLES)
    for train, test in splits(splitter, data):
        assert set(data.instrument[test]) == {"B"}
        tested = ids_of(data, test, "B")
        assert len(tested) == len(test) == 9
        assert not tested & ids_of(data, train, "A")
        assert not tested & ids_of(data, train, "B")
        assert ids_of(data, train, "A") == set(data.sample_id) - tested
        assert len(ids_of(data, train, "B")) == 7
        assert ids_of(data, train, "B") <= ids_of(data, train, "A")


@pytest.mark.parametrize("selection", SELECTIONS)
def test_fewer_standards_are_the_first_of_more(data, selection):
    chains = []
    for n in (0, 1, 5, 10, 21, "all"):
        splitter = TransferSplit(n, 4, selection=selection, random_state=1, **ROLES)
        chains.append(splits(splitter, data))
    for smaller, larger in itertools.pairwise(chains):
        for (train, test), (more, same_test) in zip(smaller, larger):
            np.testing.assert_array_equal(test, same_test)
            assert set(train) <= set(more)
            assert ids_of(data, train, "A") == ids_of(data, more, "A")
    assert [len(ids_of(data, chain[0][0], "B")) for chain in chains] == [0, 1, 5, 10, 21, 21]


@pytest.mark.parametrize("selection", SELECTIONS)
def test_splits_do_not_depend_on_the_order_of_the_rows(data, selection):
    shuffled = np.random.default_rng(0).permutation(len(data.X))
    splitter = TransferSplit(6, 3, selection=selection, random_state=5, **ROLES)
    again = splitter.split(
        data.X[shuffled], data.y[shuffled], instrument=data.instrument[shuffled], sample_id=data.sample_id[shuffled]
    )
    for (train, test), (other_train, other_test) in zip(splits(splitter, data), again, strict=True):
        assert set(train) == set(shuffled[other_train])
        assert set(test) == set(shuffled[other_test])


def test_repeats_differ_and_a_seed_repeats_them(data):
    splitter = TransferSplit(5, 6, random_state=0, **ROLES)
    first, again = splits(splitter, data), splits(splitter, data)
    assert all(np.array_equal(a, b) for one, other in zip(first, again) for a, b in zip(one, other))
    assert len({tuple(test) for _, test in first}) == 6
    other_seed = splits(TransferSplit(5, 6, random_state=1, **ROLES), data)
    assert any(not np.array_equal(a[1], b[1]) for a, b in zip(first, other_seed))


@pytest.mark.parametrize("seed", [None, 3, "legacy", "generator"])
def test_global_random_state_is_left_alone(data, seed):
    seeds = {"legacy": np.random.RandomState(0), "generator": np.random.default_rng(0)}
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert len(splits(TransferSplit(3, 2, random_state=seeds.get(seed, seed), **ROLES), data)) == 2
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_test_size_is_a_share_rounded_up_or_a_number(data):
    for size, expected in ((0.3, 9), (0.31, 10), (4, 4)):
        (_, test), *_ = splits(TransferSplit(3, 1, test_size=size, **ROLES), data)
        assert len(test) == expected


def test_fixed_test_samples(data):
    fixed = ["S03", "S11", "S25"]
    splitter = TransferSplit(4, 5, test_samples=fixed, random_state=0, **ROLES)
    found = splits(splitter, data)
    assert all(ids_of(data, test, "B") == set(fixed) for _, test in found)
    assert all(not set(fixed) & (ids_of(data, train, "A") | ids_of(data, train, "B")) for train, _ in found)
    assert len({frozenset(ids_of(data, train, "B")) for train, _ in found}) > 1


def test_all_replicates_travel():
    data = make_instruments(n_samples=12, n_channels=30, replicates=3)
    for selection in SELECTIONS:
        for train, test in splits(TransferSplit(2, 2, selection=selection, random_state=0, **ROLES), data):
            on_target = train[data.instrument[train] == "B"]
            assert len(on_target) == 6 and len(set(data.sample_id[on_target])) == 2
            assert len(test) == 12 and len(set(data.sample_id[test])) == 4


def test_replicates_are_averaged_before_spectra_are_compared(data):
    on_source = data.instrument == "A"
    noise = np.zeros_like(data.X)
    noise[on_source] = np.random.default_rng(0).normal(size=data.X[on_source].shape)
    twice = {
        "X": np.vstack([data.X + noise, data.X - noise]),
        "y": np.vstack([data.y, data.y]),
        "instrument": np.tile(data.instrument, 2),
        "sample_id": np.tile(data.sample_id, 2),
    }
    splitter = TransferSplit(5, 3, selection="kennard-stone", random_state=0, **ROLES)
    for (train, _), (train_twice, _) in zip(splits(splitter, data), splitter.split(**twice)):
        assert set(train_twice) == set(train) | set(train + len(data.X))


@pytest.mark.parametrize("selection", ["kennard-stone", "spxy", "duplex", "leverage"])
def test_selection_acts_on_the_source_spectra_of_the_calibration_samples(data, selection):
    splitter = TransferSplit(5, 1, selection=selection, random_state=2, **ROLES)
    ((train, test),) = splits(splitter, data)
    candidates = np.flatnonzero((data.instrument == "A") & ~np.isin(data.sample_id, data.sample_id[test]))
    chosen = select_standards(data.X[candidates], 5, method=selection, y=data.y[candidates])
    assert ids_of(data, train, "B") == set(data.sample_id[candidates[chosen]])
    garbage = data.X.copy()
    garbage[data.instrument == "B"] = np.random.default_rng(0).normal(size=garbage[data.instrument == "B"].shape)
    garbage[test] = np.nan
    ((same_train, same_test),) = splits(splitter, data, X=garbage)
    np.testing.assert_array_equal(train, same_train)
    np.testing.assert_array_equal(test, same_test)


def test_tested_rows_have_a_reference_of_their_own(data):
    y = data.y.copy()
    unknown = (data.instrument == "B") & (np.arange(len(y)) % 2 == 0)
    y[unknown] = np.nan
    y[(data.instrument == "B") & (data.sample_id == "S01"), 0] = np.nan
    tested = set()
    for train, test in splits(TransferSplit("all", 30, test_size=0.5, random_state=0, **ROLES), data, y=y):
        assert np.isfinite(y[test]).any(axis=1).all()
        tested |= ids_of(data, test, "B")
        # a target row without a reference inherits its twin's, so its sample is a standard
        assert ids_of(data, train, "B") == set(data.sample_id) - ids_of(data, test, "B")
    assert tested == set(data.sample_id[(data.instrument == "B") & ~unknown]) >= {"S01"}


def test_a_sample_without_any_reference_is_neither_standard_nor_tested(data):
    y = data.y.copy()
    y[data.sample_id == "S07"] = np.nan
    for train, test in splits(TransferSplit("all", 5, random_state=0, **ROLES), data, y=y):
        assert "S07" in ids_of(data, train, "A")
        assert "S07" not in ids_of(data, train, "B") | ids_of(data, test, "B")


def test_without_y_every_row_counts_as_labelled(data):
    splitter = TransferSplit(4, 2, random_state=0, **ROLES)
    for one, other in zip(splits(splitter, data, y=None), splits(splitter, data)):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_rows_without_sample_id(data):
    target_rows = np.flatnonzero(data.instrument == "B")
    unlabelled, labelled_alone = target_rows[:4], target_rows[4:6]
    source_alone = np.flatnonzero(data.instrument == "A")[10:12]
    y, ids = detach(data.y, data.sample_id, unlabelled)
    ids[labelled_alone] = np.nan
    ids[source_alone] = pd.NA
    for train, test in splits(TransferSplit("all", 8, random_state=0, **ROLES), data, y=y, sample_id=ids):
        assert set(unlabelled) <= set(train)
        assert set(source_alone) <= set(train)
        assert not set(labelled_alone) & (set(train) | set(test))
        assert not set(unlabelled) & set(test)


def test_no_standards_leave_the_source_and_unlabelled_target_spectra(data):
    y, ids = detach(data.y, data.sample_id, data.instrument == "B")
    y[:], ids[:] = (
        np.where(np.arange(len(y))[:, None] % 2, data.y, y),
        np.where(np.arange(len(y)) % 2, data.sample_id, ids),
    )
    for train, test in splits(TransferSplit(0, 2, random_state=0, **ROLES), data, y=y, sample_id=ids):
        on_target = train[data.instrument[train] == "B"]
        assert len(on_target) == 15 and np.isnan(y[on_target]).all()
        SourceOnly(PLSRegression(3), **ROLES).fit(
            data.X[train], y[train], instrument=data.instrument[train], sample_id=ids[train]
        ).predict(data.X[test])


def test_a_third_instrument_is_left_out():
    data = make_instruments(n_samples=15, n_instruments=3, n_channels=30)
    for train, test in splits(TransferSplit(3, 3, source="A", target="C", random_state=0), data):
        assert set(data.instrument[train]) == {"A", "C"}
        assert set(data.instrument[test]) == {"C"}
    with pytest.raises(AmbiguousInstrumentError, match="Several instruments could be the source"):
        splits(TransferSplit(3, target="C"), data)


def test_samples_without_a_source_row_are_the_last_to_be_selected(data):
    kept = ~((data.instrument == "A") & np.isin(data.sample_id, ["S00", "S01", "S02", "S03"]))
    part = {
        "X": data.X[kept],
        "y": data.y[kept],
        "instrument": data.instrument[kept],
        "sample_id": data.sample_id[kept],
    }
    for selection in SELECTIONS[1:]:
        for n in (15, "all"):
            for train, _ in TransferSplit(n, 3, selection=selection, random_state=0, **ROLES).split(**part):
                standards = set(part["sample_id"][train[part["instrument"][train] == "B"]])
                on_source = set(part["sample_id"][train[part["instrument"][train] == "A"]])
                # 21 calibration samples, at most four of them without a source row
                assert len(standards) == (15 if n == 15 else 21)
                assert standards <= on_source if n == 15 else standards > on_source


@pytest.mark.parametrize(
    ("ids", "n"),
    [([3, 1, 2, 10], 2), ([3.5, 1, "one", ("a", 2)], 2), (pd.to_datetime(["2020-01-03", "2020-01-01"]), 1)],
)
def test_ids_may_be_anything(ids, n):
    ids = list(ids)
    X = np.random.default_rng(0).normal(size=(2 * len(ids), 5))
    labels = {"instrument": ["A"] * len(ids) + ["B"] * len(ids), "sample_id": ids + ids}
    splitter = TransferSplit(len(ids) - n, 1, test_size=n, random_state=0, **ROLES)
    ((train, test),) = splitter.split(X, np.arange(len(X)) % len(ids), **labels)
    assert len(test) == n and len(train) == 2 * (len(ids) - n)
    back = {key: value[::-1] for key, value in labels.items()}
    ((_, test_back),) = splitter.split(X[::-1], **back)
    assert {repr(labels["sample_id"][i]) for i in test} == {repr(back["sample_id"][i]) for i in test_back}


def test_containers_and_callers_arrays(data):
    frozen = {"X": data.X.copy(), "y": data.y.copy(), **{k: v.copy() for k, v in labels_of(data).items()}}
    for array in frozen.values():
        array.flags.writeable = False
    splitter = TransferSplit(4, 2, selection="spxy", random_state=0, **ROLES)
    expected = list(splitter.split(**frozen))
    index = np.random.default_rng(0).permutation(len(data.X))
    frame = pd.DataFrame(data.X, index=index)
    series = {
        "instrument": pd.Series(data.instrument, index=index[::-1]).astype("category"),
        "sample_id": pd.Series(data.sample_id, index=index[::-1]),
    }
    found = list(splitter.split(frame, pd.DataFrame(data.y, index=index), **series))
    lists = list(splitter.split(data.X.tolist(), data.y.tolist(), **{k: list(v) for k, v in labels_of(data).items()}))
    for one, two, three in zip(expected, found, lists, strict=True):
        for a, b, c in zip(one, two, three):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(a, c)
