"""Splitters: who is tested, who is a standard, and that nothing of a held-out sample stays in training."""

import itertools

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline

from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AmbiguousInstrumentError,
    MissingReferenceError,
    NonFiniteSpectraError,
    NoSourceError,
    NoStandardsError,
    TooFewStandardsError,
    UnknownInstrumentError,
)
from skspectral.metrics import scorers
from skspectral.model_selection import StandardsSplit, TransferSplit, as_groups, detach, select_standards
from skspectral.preprocessing import SNV
from skspectral.transfer import PDS, SourceOnly

SELECTIONS = ["random", "kennard-stone", "spxy", "duplex", "leverage"]
ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=30, n_channels=60, n_targets=2, random_state=3)


def labels_of(data):
    return {"instrument": data.instrument, "sample_id": data.sample_id}


def ids_of(data, rows, instrument):
    rows = np.asarray(rows)
    return {data.sample_id[row] for row in rows[data.instrument[rows] == instrument]}


def splits(splitter, data, **changes):
    return list(splitter.split(**{"X": data.X, "y": data.y, **labels_of(data), **changes}))


# ---------------------------------------------------------------------------------------------- TransferSplit


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
    ("ids", "n"), [([3, 1, 2, 10], 2), ([3.5, 1, "1", ("a", 2)], 2), (pd.to_datetime(["2020-01-03", "2020-01-01"]), 1)]
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


# ---------------------------------------------------------------------------------------------- StandardsSplit


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


# ---------------------------------------------------------------------------------------------- with scikit-learn


def pds_pipeline(**roles):
    return Pipeline([("snv", SNV()), ("pds", PDS(PLSRegression(4), window=2, n_components=2, **roles))])


GRID = {"pds__window": [1, 3], "pds__estimator__n_components": [2, 4]}


def search(cv, n_jobs=None):
    return GridSearchCV(
        pds_pipeline(**ROLES), GRID, cv=cv, scoring=scorers["neg_rmsep"], n_jobs=n_jobs, error_score="raise"
    )


def test_search_gives_the_same_scores_in_both_routing_modes(data):
    splitter = TransferSplit(8, 2, random_state=0, **ROLES)
    labels = labels_of(data)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = search(splitter, n_jobs=2).fit(data.X, data.y, **labels)
    spelled = {f"pds__{name}": values for name, values in labels.items()}
    groups = as_groups(**labels)
    plain = search(splitter, n_jobs=2).fit(data.X, data.y, groups=groups, **spelled)
    listed = search(list(splitter.split(data.X, data.y, **labels))).fit(data.X, data.y, **spelled)
    framed = search(splitter).fit(data.X, data.y, groups=pd.DataFrame(groups), **spelled)
    expected = plain.cv_results_["mean_test_score"]
    assert np.isfinite(expected).all() and len(set(expected)) > 1
    for other in (routed, listed, framed):
        np.testing.assert_allclose(other.cv_results_["mean_test_score"], expected, rtol=1e-12)
    assert routed.predict(data.X[data.instrument == "B"]).shape == (30, 2)


def test_search_scores_what_a_loop_over_the_splits_scores(data):
    splitter = TransferSplit(8, 3, random_state=0, **ROLES)
    spelled = {f"pds__{name}": values for name, values in labels_of(data).items()}
    found = search(splitter).fit(data.X, data.y, groups=as_groups(**labels_of(data)), **spelled)
    for i, (train, test) in enumerate(splits(splitter, data)):
        model = pds_pipeline(**ROLES).set_params(**found.best_params_)
        model.fit(
            data.X[train],
            data.y[train],
            pds__instrument=data.instrument[train],
            pds__sample_id=data.sample_id[train],
        )
        errors = model.predict(data.X[test]) - data.y[test]
        expected = -np.sqrt((errors**2).mean(axis=0)).mean()
        assert found.cv_results_[f"split{i}_test_score"][found.best_index_] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("routing", [False, True])
def test_search_without_roles_on_two_instruments_raises(data, routing):
    labels = labels_of(data)
    named = TransferSplit(8, 2, **ROLES)
    for estimator, splitter in ((pds_pipeline(**ROLES), TransferSplit(8, 2)), (pds_pipeline(), named)):
        found = GridSearchCV(estimator, GRID, cv=splitter, scoring=scorers["neg_rmsep"], error_score="raise")
        with sklearn.config_context(enable_metadata_routing=routing):
            spelled = {f"pds__{name}": values for name, values in labels.items()}
            given = labels if routing else {"groups": as_groups(**labels), **spelled}
            with pytest.raises(AmbiguousInstrumentError, match="2 instruments"):
                found.fit(data.X, data.y, **given)


def test_nested_search_gives_the_same_scores_in_both_routing_modes(data):
    labels, groups = labels_of(data), as_groups(**labels_of(data))
    outer = TransferSplit(8, 2, random_state=0, **ROLES)
    inner = search(StandardsSplit(**ROLES))
    given = {"scoring": scorers["neg_rmsep"], "return_estimator": True, "error_score": "raise"}
    with sklearn.config_context(enable_metadata_routing=True):
        routed = cross_validate(inner, data.X, data.y, cv=outer, params=labels, **given)
    spelled = {f"pds__{name}": values for name, values in labels.items()}
    plain = cross_validate(
        inner, data.X, data.y, cv=outer, groups=groups, params={"groups": groups, **spelled}, n_jobs=2, **given
    )
    assert np.isfinite(plain["test_score"]).all()
    np.testing.assert_allclose(plain["test_score"], routed["test_score"], rtol=1e-12)
    for result in (plain, routed):
        assert all(model.n_splits_ == 8 for model in result["estimator"])


@pytest.mark.parametrize("splitter", [TransferSplit(3, 2, **ROLES), StandardsSplit(3, **ROLES)])
def test_missing_labels_name_the_three_ways_to_give_them(data, splitter):
    for wrong in (None, data.sample_id, as_groups(**labels_of(data))[:, :1]):
        with pytest.raises(AmbiguousInstrumentError) as caught:
            list(splitter.split(data.X, data.y, wrong))
        for way in ("metadata routing", "groups=as_groups(", "cv=list("):
            assert way in str(caught.value)
    with pytest.raises(AmbiguousInstrumentError, match="needs the instrument and the sample"):
        list(splitter.split(data.X, data.y, instrument=data.instrument))
    with pytest.raises(AmbiguousInstrumentError, match="besides"):
        list(splitter.split(data.X, data.y, as_groups(**labels_of(data)), **labels_of(data)))


@pytest.mark.parametrize("splitter", [TransferSplit(3, 2, random_state=0, **ROLES), StandardsSplit(3, **ROLES)])
def test_groups_and_metadata_are_the_same(data, splitter):
    by_groups = splitter.split(data.X, data.y, as_groups(**labels_of(data)))
    for one, other in zip(splits(splitter, data), by_groups, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(TransferSplit()) == "TransferSplit()"
    assert repr(TransferSplit(5, source="m5", random_state=0)) == "TransferSplit(5, source='m5', random_state=0)"
    assert repr(TransferSplit(n_repeats=3)) == "TransferSplit(n_repeats=3)"
    assert repr(StandardsSplit(4, target="B")) == "StandardsSplit(4, target='B')"
    assert len(repr(TransferSplit(test_samples=np.arange(460)))) < 80


# ---------------------------------------------------------------------------------------------- clear errors


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_standards": 22}, TooFewStandardsError, "only 21 calibration samples"),
        ({"n_standards": -1}, ValueError, "n_standards"),
        ({"n_standards": True}, ValueError, "n_standards"),
        ({"n_standards": "some"}, ValueError, "n_standards"),
        ({"n_repeats": 0}, ValueError, "n_repeats"),
        ({"test_size": 30}, TooFewStandardsError, "none for calibration"),
        ({"test_size": 1.0}, ValueError, "test_size"),
        ({"test_size": 0}, ValueError, "test_size"),
        ({"test_samples": ["S00", "X"]}, ValueError, "'X'"),
        ({"test_samples": []}, ValueError, "test_samples"),
        ({"selection": "best"}, ValueError, "selection"),
        ({"random_state": "x"}, ValueError, "random_state"),
        ({"source": "A", "target": "A"}, AmbiguousInstrumentError, "two different"),
        ({"source": "C"}, UnknownInstrumentError, "'C'"),
    ],
)
def test_bad_parameters(data, parameters, error, message):
    with pytest.raises(error, match=message):
        splits(TransferSplit(**{"n_standards": 5, "random_state": 0, **ROLES, **parameters}), data)


def test_bad_rows(data):
    splitter = TransferSplit(3, **ROLES)
    only = {name: data.instrument == name for name in "AB"}
    for name, error in (("A", NoStandardsError), ("B", NoSourceError)):
        rows = {key: data[key][only[name]] for key in ("X", "y", "instrument", "sample_id")}
        with pytest.raises(error, match=f"no row of a {'target' if name == 'A' else 'source'}"):
            list(splitter.split(**rows))
    with pytest.raises(UnknownInstrumentError, match="row 0"):
        splits(splitter, data, instrument=[None, *data.instrument[1:]])
    with pytest.raises(ValueError, match="59 entries for 60"):
        splits(splitter, data, sample_id=data.sample_id[1:])
    with pytest.raises(MissingReferenceError, match="nothing to test on"):
        splits(splitter, data, sample_id=[None] * 60)
    with pytest.raises(MissingReferenceError, match="nothing to test on"):
        splits(splitter, data, y=np.where((data.instrument == "B")[:, None], np.nan, data.y))
    fixed = TransferSplit(3, test_samples=["S00"], **ROLES)
    with pytest.raises(MissingReferenceError, match="None of the 1 test_samples"):
        splits(fixed, data, y=np.where((data.sample_id == "S00")[:, None], np.nan, data.y))
    y = np.full_like(data.y, np.nan)
    y[data.instrument == "B"] = data.y[data.instrument == "B"]
    y[np.flatnonzero(data.instrument == "B")[1:]] = np.nan
    with pytest.raises(TooFewStandardsError, match="leaves none"):
        splits(TransferSplit("all", **ROLES), data, y=y)
    with pytest.raises(TooFewStandardsError, match="at least 2 standards"):
        splits(StandardsSplit(**ROLES), data, y=y)
    for n_splits in (1, 2.5, "all", True):
        with pytest.raises(ValueError, match="n_splits"):
            splits(StandardsSplit(n_splits, **ROLES), data)
    with pytest.raises(TooFewStandardsError, match="needs at least 31"):
        splits(StandardsSplit(31, **ROLES), data)


# ---------------------------------------------------------------------------------------------- labels


def test_as_groups_and_detach_leave_their_input_alone():
    instrument, ids, y = ["A", "B"], np.array([1, 2]), np.array([[1, 2], [3, 4]])
    groups = as_groups(instrument, ids)
    assert groups.shape == (2, 2) and groups.dtype == object
    for rows in ([0], np.array([True, False]), [-2]):
        copy, detached = detach(y, ids, rows)
        assert np.isnan(copy[0]).all() and copy[1].tolist() == [3.0, 4.0] and copy.dtype == np.float64
        assert detached.tolist() == [None, 2]
    assert y.tolist() == [[1, 2], [3, 4]] and ids.tolist() == [1, 2]
    frozen = np.array(["a", "b"], dtype=object)
    detach([1.0, 2.0], frozen, [0])
    assert frozen.tolist() == ["a", "b"]
    assert detach([1.0, 2.0], ["a", "b"], [])[1].tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="sample_id has 1 entries for 2"):
        as_groups(["A", "B"], [1])
    for wrong in ([2], [True], [[0]], [0.5], [-3]):
        with pytest.raises(ValueError, match="rows must be"):
            detach([1.0, 2.0], ["a", "b"], wrong)


# ---------------------------------------------------------------------------------------------- select_standards


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
