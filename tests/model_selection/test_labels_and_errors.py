"""Labels that travel, and clear errors where they do not fit."""

from decimal import Decimal

import numpy as np
import pytest

from skspectral.exceptions import (
    AmbiguousInstrumentError,
    InstrumentSpellingWarning,
    MissingReferenceError,
    NoSourceError,
    NoStandardsError,
    TooFewStandardsError,
    UnknownInstrumentError,
    UnpairedSamplesWarning,
)
from skspectral.model_selection import StandardsSplit, TransferSplit, as_groups, detach
from tests.model_selection.common import ROLES, splits


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
    with pytest.raises(MissingReferenceError, match=r"nothing to test on.* 30 more .*inherit_references"):
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


def test_twins_in_another_spelling_are_named(data):
    ids = data.sample_id.astype(object)
    on_b = data.instrument == "B"
    ids[on_b] = [f"{label.lower()} " if k % 3 == 0 else label for k, label in enumerate(ids[on_b])]
    with pytest.warns(UnpairedSamplesWarning, match="20 of 30 .*10 ids differ .*'S00' / 's00 '"):
        splits(TransferSplit(3, **ROLES), data, sample_id=ids)
    instrument = data.instrument.astype(object)
    instrument[:7] = "a"
    with pytest.warns(InstrumentSpellingWarning, match="7 rows of 'a' beside source='A'"):
        splits(TransferSplit(3, **ROLES), data, instrument=instrument)


def test_a_number_and_its_text_are_one_sample_in_every_order():
    ids = [1, 2, 10, 3, "1", 2.0, "10", np.int64(3)]
    X = np.random.default_rng(0).normal(size=(8, 5))
    labels = {"instrument": ["A"] * 4 + ["B"] * 4, "sample_id": np.array(ids, dtype=object)}
    splitter = TransferSplit(2, 3, test_size=2, random_state=0, **ROLES)
    there = [(set(train), set(test)) for train, test in splitter.split(X, np.arange(8.0), **labels)]
    for train, test in there:
        assert {i % 4 for i in test}.isdisjoint({i % 4 for i in train})
    back = {key: value[::-1] for key, value in labels.items()}
    again = [({7 - i for i in train}, {7 - i for i in test}) for train, test in splitter.split(X[::-1], **back)]
    assert again == there
    fixed = TransferSplit(2, 1, test_samples=["1", 3], random_state=0, **ROLES)
    ((_, test),) = fixed.split(X, np.arange(8.0), **labels)
    assert test.tolist() == [4, 7]


def test_ids_as_numbers_as_texts_and_mixed_give_the_same_split():
    numbers = [*range(8, 14), 0.5, -3]
    texts = [str(number) for number in numbers]
    mixed = [text if k % 2 else number for k, (number, text) in enumerate(zip(numbers, texts))]
    kinds = [numbers, texts, mixed, [Decimal(text) for text in texts], np.array(texts, dtype="S")]
    X = np.random.default_rng(0).normal(size=(16, 5))
    found = []
    for kind in kinds:
        labels = {"instrument": ["A"] * 8 + ["B"] * 8, "sample_id": [*kind, *kind]}
        split = TransferSplit(2, 4, test_size=3, random_state=0, **ROLES).split(X, np.arange(16.0), **labels)
        found.append([(train.tolist(), test.tolist()) for train, test in split])
    assert all(other == found[0] for other in found[1:])
