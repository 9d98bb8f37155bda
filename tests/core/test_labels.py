"""Labels of rows: what is missing, what is one id, and what cannot be a label."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skspectral import PDS, MeanShift, TargetOnly, TransferSplit
from skspectral._core.labels import check_labels, encode_samples, id_key, is_missing
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    LabelsError,
    NoStandardsError,
    UnknownInstrumentError,
    UnpairedSamplesWarning,
)
from skspectral.model_selection import as_groups, detach

MISSING = [None, np.nan, float("nan"), pd.NA, pd.NaT, np.datetime64("NaT")]
WORDS = ["", "  ", "nan", "NaN", "NA", "n/a", "None", "<NA>", "NaT", "null", np.str_("nan")]
ROLES = {"source": "A", "target": "B"}


@pytest.mark.parametrize("value", [*MISSING, *WORDS], ids=repr)
def test_missing_in_every_spelling(value):
    assert is_missing(value)
    assert encode_samples([value, "a", value, "a"], 4).tolist() == [-1, 0, -1, 0]


def test_missing_in_every_container():
    masked = np.ma.masked_equal([7, 8, 7], 8)
    for values in (masked, pd.array([7, None, 7], dtype="Int64"), pd.Series([7, np.nan, 7])):
        assert encode_samples(values, 3).tolist() == [0, -1, 0]
    assert encode_samples(np.array(["NaT", "2020-01-01"], dtype="datetime64[ns]"), 2).tolist() == [-1, 0]


@pytest.mark.parametrize("value", [0, False, -1, np.float64(0.0), ("a",), "nano", "NA1", datetime.date(2020, 1, 1)])
def test_every_other_value_is_an_id(value):
    assert not is_missing(value)


@pytest.mark.parametrize(
    "same", [[1, "1", 1.0, np.int64(1), np.float32(1)], [0.1, "0.1", np.float32(0.1)], [-3, "-3"], ["a", b"a"]]
)
def test_a_number_is_its_text(same):
    assert len({id_key(value) for value in same}) == 1
    assert set(encode_samples(same, len(same))) == {0}


@pytest.mark.parametrize("different", [["1", "01", "001", "1.0"], ["a", "A", "a "], [1, True, "one"], [("a",), "a"]])
def test_texts_are_exact(different):
    assert encode_samples(different, len(different)).tolist() == list(range(len(different)))


@given(st.lists(st.integers() | st.floats(allow_nan=False)))
def test_numbers_and_their_texts_get_the_same_codes(values):
    texts = [str(int(v)) if float(v).is_integer() else str(v) for v in values]
    assert encode_samples(values, len(values)).tolist() == encode_samples(texts, len(texts)).tolist()


BAD_LABELS = {
    "lists": lambda n: np.fromiter(([k] for k in range(n)), dtype=object, count=n),
    "arrays": lambda n: np.fromiter((np.zeros(k % 2 + 1) for k in range(n)), dtype=object, count=n),
    "sets": lambda n: [{k} for k in range(n)],
    "dictionaries": lambda n: [{"id": k} for k in range(n)],
    "two columns": lambda n: [[k, k] for k in range(n)],
    "ragged": lambda n: [[0] * (k % 3 + 1) for k in range(n)],
    "a frame": lambda n: pd.DataFrame({"id": range(n)}),
    "one for all": lambda n: "A",
    "too few": lambda n: ["A"] * (n - 1),
}


@pytest.mark.parametrize("kind", BAD_LABELS)
@pytest.mark.parametrize("argument", ["instrument", "sample_id"])
def test_what_cannot_be_a_label(kind, argument):
    data = make_instruments(n_samples=12, n_channels=20, random_state=0)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id, argument: BAD_LABELS[kind](len(data.X))}
    with pytest.raises(LabelsError, match=argument):
        PDS(**ROLES).fit(data.X, data.y, **labels)
    with pytest.raises(LabelsError, match=argument):
        list(TransferSplit(3, **ROLES).split(data.X, data.y, **labels))
    if kind not in ("one for all", "too few"):
        with pytest.raises(LabelsError, match=argument):
            as_groups(**labels)
    if argument == "sample_id":
        with pytest.raises(LabelsError, match=argument):
            detach(data.y, labels["sample_id"], [0])


def test_labels_are_shown_as_their_owner_wrote_them():
    given = np.array([np.str_("a"), np.int64(7), np.float64(0.5), np.float32(7.1), "b"], dtype=object)
    labels = check_labels(given, 5, "sample_id")
    assert [type(label) for label in labels] == [str, int, float, np.float32, str]
    assert type(given[0]) is np.str_
    assert [id_key(label) for label in labels] == ["a", "7", "0.5", "7.1", "b"]


def test_a_none_that_was_cut_off_is_no_name():
    names = np.array(["S01", "S02", "S03"])
    names[1:] = None
    with pytest.raises(LabelsError, match=r"sample_id holds 'Non' in 2 rows, the first row 1.*astype\(object\)"):
        encode_samples(names, 3)
    # wider arrays keep the word, which is missing, and lists keep what their owner wrote
    wide = np.array(["S001", "S002"])
    wide[1] = None
    assert encode_samples(wide, 2).tolist() == [0, -1] and encode_samples(["S01", "Non"], 2).tolist() == [0, 1]


def test_labels_are_not_written_to():
    masked = np.ma.masked_equal(np.array(["a", "b"], dtype=object), "b")
    before = masked.copy()
    assert check_labels(masked, 2, "sample_id").tolist() == ["a", None]
    assert masked.data.tolist() == before.data.tolist()


@pytest.mark.parametrize("source", [["A"], {"A"}, np.array(["A", "C"])])
def test_a_role_is_one_name(source):
    data = make_instruments(n_samples=12, n_channels=20, random_state=0)
    with pytest.raises(UnknownInstrumentError, match="source"):
        MeanShift(source=source, target="B").fit(data.X, data.y, instrument=data.instrument)


@pytest.mark.parametrize("missing", ["", "nan", None])
def test_a_missing_instrument_is_named(missing):
    data = make_instruments(n_samples=12, n_channels=20, random_state=0)
    instrument = data.instrument.astype(object)
    instrument[3] = missing
    with pytest.raises(UnknownInstrumentError, match="row 3"):
        MeanShift(**ROLES).fit(data.X, data.y, instrument=instrument, sample_id=data.sample_id)


def test_fits_do_not_depend_on_how_ids_are_written():
    data = make_instruments(n_samples=20, n_channels=30, random_state=0)
    numbers = np.tile(np.arange(20), 2)
    expected = PDS(**ROLES).fit(data.X, data.y, instrument=data.instrument, sample_id=numbers).predict(data.X)
    mixed = [float(n) if k % 3 == 0 else str(n) if k % 3 == 1 else int(n) for k, n in enumerate(numbers)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = PDS(**ROLES).fit(data.X, data.y, instrument=data.instrument, sample_id=mixed)
    assert again.n_pairs_ == 20
    np.testing.assert_array_equal(again.predict(data.X), expected)


def test_no_pairs_are_explained_whatever_the_method():
    data = make_instruments(n_samples=20, n_channels=30, random_state=0)
    ids = np.array([f"corn_{k:02d}" for k in range(20)] + [f"Corn-{k:02d}" for k in range(20)], dtype=object)
    labels = {"instrument": data.instrument, "sample_id": ids}
    words = "source has 20 ids and the target 20.*'corn_.*' / 'Corn-"
    with pytest.raises(NoStandardsError, match=words):
        PDS(**ROLES).fit(data.X, data.y, **labels)
    with pytest.warns(UnpairedSamplesWarning, match=words):
        assert MeanShift(**ROLES).fit(data.X, data.y, **labels).n_pairs_ == 0
    with pytest.warns(UnpairedSamplesWarning, match=words):
        TargetOnly(**ROLES).fit(data.X, data.y, **labels)
