"""What predictions say of themselves: why a spectrum is unlike others, and how far to believe an interval."""

import csv
import io
import warnings

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skspectral import PDS, SNV, MeanShift, StandardsSplit, TransferredModel
from skspectral._core.cut_off import cut_off
from skspectral.datasets import make_instruments
from skspectral.deployment._methods import method_of
from skspectral.exceptions import SpectraScaleWarning
from skspectral.io import SpectraTable, check

DENSE = 2.2


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=40, n_channels=60, random_state=0)


def deployed(data, y=None, quantity="absorbance", level=DENSE):
    known = (data.instrument == "A") | (data.sample_id < "S10")
    labels = {"instrument": data.instrument[known], "sample_id": data.sample_id[known]}
    y = data.y if y is None else y
    table = SpectraTable(
        data.X[known] + level, data.wavelengths, quantity=quantity, y=y[known], properties=["fat"], **labels
    )
    return TransferredModel.fit(table, source="A", target="B", method=PDS(PLSRegression(5)), validate=False)


@pytest.fixture(scope="module")
def model(data):
    return deployed(data)


@pytest.mark.parametrize("limit", [3.0, 10.0, 200.0])
def test_a_saturated_band_is_called_so(data, model, limit):
    X = data.X[-6:] + DENSE
    X[:, 20:26] = limit
    for spectra in (X, SpectraTable(X, data.wavelengths, quantity="absorbance")):
        predicted = model.predict(spectra)
        assert (predicted.flag == "reject").all()
        assert f"stands at {limit:g} in 6 channels on end and never goes above it" in predicted.reason[0, 0]
        assert "percent" not in predicted.reason[0, 0] and "instead of" not in predicted.reason[0, 0]


def test_what_else_is_wrong_with_a_saturated_spectrum_is_said_too(data, model):
    X = data.X[-6:] + DENSE
    cut = np.maximum(X, np.quantile(X, 0.2, axis=1, keepdims=True))[:, ::-1]
    reason = model.predict(cut).reason[0, 0]
    assert "never goes below" in reason and "looks like a reversed axis" in reason


def test_values_of_a_saturated_detector_are_no_percentages(data):
    X = data.X[:20].copy()
    X[:, 20:26] = 10.0
    finding = next(f for f in check(SpectraTable(X, data.wavelengths, quantity="absorbance")) if "more than" in f.what)
    assert "saturated" in finding.remedy and "%" not in finding.remedy
    finding = next(
        f for f in check(SpectraTable(100 * X, data.wavelengths, quantity="absorbance")) if "more than" in f.what
    )
    assert "% reflectance" in finding.remedy


def test_the_top_of_a_band_is_not_cut_off_by_rounding():
    axis = np.linspace(-3, 3, 200)
    X = np.exp(-(axis**2))[None] * np.array([[1.0], [0.8]])
    assert not cut_off(X) and not cut_off(X.round(2)) and not cut_off(X.round(4)) and not cut_off(np.ones((2, 9)))
    found = cut_off(np.minimum(X, 0.9).round(3))
    assert list(found) == [0] and found[0].value == 0.9 and X[0, found[0].first] >= 0.9 > X[0, found[0].first - 1]
    assert cut_off(np.maximum(X, 0.1))[1].side == "bottom"


def test_one_spectrum_under_several_names_is_a_warning(data, model):
    X = np.repeat(data.X[-4:] + DENSE, [1, 2, 1, 2], axis=0)
    table = SpectraTable(X, data.wavelengths, quantity="absorbance", sample_id=["a", "b", "c", "d", "e", "e"])
    predicted = model.predict(table)
    assert (predicted.flag[:, 0] == "warning").tolist() == [False, True, True, False, False, False]
    assert "that of 'c' to the last digit" in predicted.reason[1, 0] and "'b'" in predicted.reason[2, 0]
    # without names nobody says that they are two samples
    assert not any("last digit" in reason for reason in model.predict(X).reason.ravel())


def test_a_percentage_that_was_read_as_a_fraction_is_called_so(data, model):
    percent = 100 * 10 ** -(data.X[-6:] + DENSE)
    assert percent.max() < 2
    for X, said, right in (
        (percent, "transmittance", "% transmittance"),
        (percent / 100, "% reflectance", "reflectance"),
    ):
        predicted = model.predict(SpectraTable(X, data.wavelengths, quantity=said))
        assert (predicted.flag == "reject").all()
        assert (
            f"read as {said}, and like the calibration's if it is {right}: say quantity={right!r}"
            in predicted.reason[0, 0]
        )
        assert (model.predict(SpectraTable(X, data.wavelengths, quantity=right)).flag == "note").all()
    for X in (percent, percent / 100):
        assert "(say with quantity= what it is, and it is converted to absorbance)" in model.predict(X).reason[0, 0]


def test_another_scale_is_no_percentage(data):
    unknown = deployed(data, quantity="unknown")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SpectraScaleWarning)
        predicted = unknown.predict(1e4 * (data.X[-6:] + DENSE))
    assert "times larger than any spectrum" in predicted.reason[0, 0] and "looks like" not in predicted.reason[0, 0]
    # once, not by the calibration inside again
    assert len([one for one in caught if one.category is SpectraScaleWarning]) == 1
    assert "looks like percent instead of a fraction" in unknown.predict(100 * (data.X[-6:] + DENSE)).reason[0, 0]


def test_a_model_of_an_unknown_quantity_asks_to_convert(data):
    predicted = deployed(data, quantity="unknown").predict(100 * 10 ** -(data.X[-1:] + DENSE))
    assert "(convert it: the model does not know what it was made from)" in predicted.reason[0, 0]


def test_intervals_that_no_reference_method_keeps_are_doubted():
    data = make_instruments(n_samples=40, n_channels=60, noise=0.0, scatter=0.0, random_state=0)
    noisy = data.y + np.random.default_rng(0).normal(0, 0.3 * data.y.std(), data.y.shape)
    # a sample has one reference
    noisy[data.instrument == "B"] = noisy[data.instrument == "A"]
    sure, sensible = deployed(data), deployed(data, noisy)
    assert not sensible.records["B"].notes
    (note,) = sure.records["B"].notes
    assert note.startswith("property 'fat': intervals claim a standard deviation of ") and note in str(sure)
    assert note in sure.predict(data.X[-1:] + DENSE).notes


def test_intervals_that_know_nothing_of_the_transfer_say_so(data):
    y = np.where((data.instrument == "A")[:, None], data.y, np.nan)
    known = (data.instrument == "A") | (data.sample_id > "S25")
    names = np.where(data.instrument == "B", "new " + data.sample_id.astype(object), data.sample_id.astype(object))
    labels = {"instrument": data.instrument[known], "sample_id": names[known], "wavelengths": data.wavelengths}
    for method, silent in ((MeanShift(), True), ("auto", False)):
        model = TransferredModel.fit(X=data.X[known], y=y[known], **labels, source="A", target="B", method=method)
        said = [
            note for note in model.predict(data.X[-2:]).notes if "intervals are of the source's errors alone" in note
        ]
        assert bool(said) == silent
    assert not any("errors alone" in note for note in deployed(data).records["B"].notes)


def test_what_is_no_transfer_method_is_refused(data):
    with pytest.raises(TypeError, match=r"PLSRegression is no transfer method.*PDS\(PLSRegression\(...\)\)"):
        TransferredModel.fit(data, source="A", target="B", method=PLSRegression(5))
    with pytest.raises(TypeError, match=r"such as PDS\(\), got the class PDS"):
        TransferredModel.fit(data, source="A", target="B", method=PDS)
    searched = GridSearchCV(make_pipeline(SNV(), PDS()), {"pds__window": [1]}, cv=StandardsSplit())
    for method in (searched, make_pipeline(PDS(), PLSRegression(3))):
        assert method_of(method) is method


def test_a_table_of_predictions_says_its_level(data, model):
    X = data.X[-3:] + DENSE
    X[1] = np.nan
    predicted = model.predict(X, level=0.95)
    assert "99.99 % intervals" in str(model.predict(X, level=0.9999))
    rows = list(csv.DictReader(io.StringIO(predicted.to_csv())))
    assert list(rows[0])[-1] == "interval_level" and [row["interval_level"] for row in rows] == ["0.95", "", "0.95"]
    assert predicted.to_frame()["interval_level"].iloc[0] == 0.95
    assert predicted.per_sample().to_csv().splitlines()[0].endswith(",interval_level")
    with pytest.raises(ValueError, match="interval_level"):
        TransferredModel.fit(data, source="A", target="B", method=MeanShift(), properties=["interval_level"])
