"""Labels that are one thing in several spellings."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skspectral import MeanShift
from skspectral._core.spelling import describe_pairing, tidy, warn_of_instruments_left_out
from skspectral.datasets import make_instruments
from skspectral.exceptions import InstrumentSpellingWarning


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Corn_1 ", "corn_1"),
        ("corn   1", " CORN 1"),
        ("001", "1"),
        ("1.0", "1"),
        ("s1.spc", "S1"),
        ("000", "0"),
        ("s1\u200b", "s1"),
        ("s\u20131", "s-1"),
        (r"C:\data\run 1\s1.spc", "S1"),
        ("/home/lab/s1", "s1"),
        ("run1/s1.csv", "s1.spc"),
        (r"\\server\share\007.asd", "7"),
    ],
)
def test_spellings_of_one_name(one, other):
    assert tidy(one) == tidy(other)
    assert f"{one!r} / {other!r}" in describe_pairing([one, "same"], [other, "same"])
    assert "1 of 2" in describe_pairing([one, "same"], [other, "same"])


@pytest.mark.parametrize(
    ("one", "other"), [("s1", "s2"), ("1.5", "15"), ("1-2", "12"), ("v1.10", "v1.1"), ("2023/17", "17")]
)
def test_different_names(one, other):
    assert tidy(one) != tidy(other)
    assert describe_pairing([one, "same"], [other, "same"]) == ""


@pytest.mark.parametrize(
    ("one", "other"), [("P 010", "P 10"), ("P-10", "P 10"), ("p10", "P_010"), ("a1", "a01"), ("2023-01", "2023/1")]
)
def test_separators_and_leading_zeros_are_asked_about_and_pair_nothing(one, other):
    assert tidy(one) != tidy(other)
    assert f"{one!r} / {other!r}" in describe_pairing([one, "same"], [other, "same"])
    # both are on one instrument, and each pairs with itself: two samples
    assert describe_pairing([one, other, "same"], [other, "same"]) == ""
    assert describe_pairing([other], [one, other]) == ""


@given(st.text())
def test_tidying_twice_changes_nothing_more(name):
    assert tidy(tidy(name)) == tidy(name)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (["a", "b"], ["a"]),
        (["a"], [None, "nan"]),
        ([], ["a"]),
        (["a", "A"], ["a", "A"]),
        ([1, 2], ["2"]),
        (["a"], ["a"]),
    ],
)
def test_nothing_odd(source, target):
    assert describe_pairing(source, target) == ""


def test_no_pairs_name_the_most_similar_ids():
    text = describe_pairing(["wheat 12", "wheat 13", "rye 4"], ["wheat_12", "oat 9"])
    assert "3 ids and the target 2" in text and "'wheat 12' / 'wheat_12'" in text
    assert describe_pairing(["abc"], ["xyz"]).endswith("none of them the same.")


def test_many_ids_take_no_time():
    source, target = [f"sample {k}" for k in range(20_000)], [f"probe {k}" for k in range(20_000)]
    assert "20000 ids" in describe_pairing(source, target)


@pytest.mark.parametrize("label", ["a", " A", "A.", "A "])
def test_instruments_left_out_are_counted(label):
    data = make_instruments(n_samples=12, n_channels=20, random_state=0)
    instrument = data.instrument.astype(object)
    instrument[:5] = label
    labels = {"instrument": instrument, "sample_id": data.sample_id}
    with pytest.warns(InstrumentSpellingWarning, match=f"5 rows of '{label}' beside source='A'") as caught:
        MeanShift(source="A", target="B").fit(data.X, data.y, **labels)
    assert [one.filename for one in caught if one.category is InstrumentSpellingWarning] == [__file__]


def test_numbers_and_texts_of_an_instrument_are_close():
    with pytest.warns(InstrumentSpellingWarning, match="1 rows of 1 beside source='1'"):
        warn_of_instruments_left_out(["1", 1, "2"], "1", "2", stacklevel=1)


def test_other_instruments_are_left_out_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_instruments_left_out(["m5", "mp5", "mp6", "m55"], "m5", "mp5", stacklevel=1)
        warn_of_instruments_left_out(["A", "a"], "A", None, stacklevel=1)
