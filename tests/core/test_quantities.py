"""Spectra of two quantities: found, converted, or refused; never learned from as if they were one."""

import numpy as np
import pytest

import skspectral
from skspectral import AutoTransfer, MeanShift, PLSRegressionCV, TransferredModel, TransferSplit
from skspectral._core.quantities import are_mirrored
from skspectral.comparison import compare_methods
from skspectral.datasets import make_instruments
from skspectral.exceptions import QuantityError, ReadingOptionError
from skspectral.io import SpectraTable

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    data = make_instruments(n_samples=20, n_channels=40, random_state=0)
    on_b = data.instrument == "B"
    data.plain = data.X.copy()
    data.X[on_b] = 10.0 ** -data.X[on_b]
    return data


def deployed(data, X, **options):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    return TransferredModel.fit(
        X=X, y=data.y[:, 0], wavelengths=data.wavelengths, method=MeanShift(), validate=False, **labels, **ROLES,
        **options,
    )  # fmt: skip


def compared(data, X, **options):
    cv = TransferSplit(6, n_repeats=2, **ROLES, random_state=0)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    methods = {"MeanShift": MeanShift(**ROLES)}
    return compare_methods(X, data.y, methods=methods, cv=cv, progress=False, **labels, **options).results()


@pytest.mark.parametrize("learn", [deployed, compared])
def test_mirror_images_are_refused_unless_someone_says_what_they_are(data, learn):
    for quantity in (None, {"A": "absorbance"}):
        with pytest.raises(QuantityError, match=r"'A' and 'B' are mirror images.*quantity=\{'A': 'reflectance', 'B'"):
            learn(data, data.X, quantity=quantity)
    learn(data, data.plain)
    learn(data, data.X, quantity="absorbance")
    with pytest.raises(ReadingOptionError, match="quantity must be one of"):
        learn(data, data.plain, quantity="colour")


def test_the_source_is_converted_to_what_the_target_measures(data):
    said = {"A": "absorbance", "B": "reflectance"}
    in_one = np.where((data.instrument == "A")[:, None], 10.0**-data.X, data.X)
    assert compared(data, data.X, quantity=said)[0]["rmsep"] == compared(data, in_one)[0]["rmsep"]
    new = data.X[-3:]
    model = deployed(data, data.X, quantity=said)
    expected = deployed(data, in_one, quantity="reflectance")
    np.testing.assert_allclose(model.predict(new).value, expected.predict(new).value)
    assert model.records["B"].quantity == "reflectance"


def test_values_without_a_logarithm_are_named(data):
    X = data.X.copy()
    X[0] = np.where(np.arange(40) == 3, -0.1, X[0])
    with pytest.raises(QuantityError, match=r"1 spectra of 'A'.*from reflectance to absorbance.*channel 3.*-0.1"):
        compared(data, X, quantity={"A": "reflectance", "B": "absorbance"})


def test_an_inverted_background_alone_is_no_mirror():
    rng = np.random.default_rng(0)
    slope, samples = np.linspace(0, 5, 50), rng.normal(size=(12, 50)).cumsum(axis=1) / 10
    first, second = 1 + slope + samples, 6 - slope + samples
    assert are_mirrored(first, second)
    assert not are_mirrored(first, second, (first, second))


def table_of(data, quantity, rows=slice(None)):
    return SpectraTable(
        data.X[rows], data.wavelengths, quantity=quantity, instrument=data.instrument[rows],
        sample_id=data.sample_id[rows], y=data.y[rows, :1], properties=["protein"],
    )  # fmt: skip


@pytest.mark.parametrize("make", [MeanShift, AutoTransfer])
def test_a_model_knows_what_it_was_made_from(data, make, tmp_path):
    table = table_of(data, {"A": "absorbance", "B": "reflectance"})
    with pytest.raises(QuantityError, match=r"'A' holds absorbance, 'B' holds reflectance.*in_quantity\('reflectance'"):
        make(**ROLES).fit(**table.fit_arguments())
    model = make(**ROLES).fit(**table.to_absorbance().fit_arguments())
    skspectral.save(model, tmp_path / "model.skspectral")
    model = skspectral.load(tmp_path / "model.skspectral")
    new = table.select(instruments=["B"])
    for given in (new, new.fit_arguments()["X"], new.fit_arguments()["X"].iloc[2:5]):
        with pytest.raises(QuantityError, match=f"{make.__name__} was made from absorbance, and X is reflectance"):
            model.predict(given)
    expected = model.predict(new.to_absorbance().X)
    np.testing.assert_array_equal(model.predict(new.in_quantity("log 1/R")), expected)
    np.testing.assert_array_equal(model.predict(new.to_absorbance().fit_arguments()["X"]), expected)


@pytest.mark.parametrize("model", [PLSRegressionCV(), MeanShift()], ids=["PLSRegressionCV", "MeanShift"])
def test_a_calibration_of_one_instrument_knows_too(data, model):
    table = table_of(data, "absorbance", data.instrument == "A")
    given = {"X": table, "y": table.y[:, 0]}
    model.fit(**given)
    with pytest.raises(QuantityError, match="was made from absorbance, and X is reflectance"):
        model.predict(table.in_quantity("reflectance"))
    model.fit(table.X, table.y[:, 0]).predict(table.in_quantity("reflectance"))


def test_nothing_is_asked_where_nothing_is_known(data):
    model = MeanShift(**ROLES).fit(**table_of(data, {"B": "reflectance"}).fit_arguments())
    model.predict(table_of(data, "unknown", data.instrument == "B"))
    model.predict(data.X[-3:])
    with pytest.raises(QuantityError):
        model.predict(table_of(data, "absorbance", data.instrument == "B"))
    model.fit(data.plain, data.y, instrument=data.instrument, sample_id=data.sample_id)
    model.predict(table_of(data, "absorbance", data.instrument == "B"))
