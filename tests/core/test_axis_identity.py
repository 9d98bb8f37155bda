import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cross_decomposition import PLSRegression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skspectral import PDS, SBC, SNV, AutoTransfer, LinearCalibration, MeanShift, PLSRegressionCV, diPLS
from skspectral._core.axis import gaps, largest_bend, order_onto, same_axis
from skspectral._core.axis_identity import find_order, known_axis
from skspectral._core.channels import LabelledSpectra, Labels
from skspectral.exceptions import AxisMismatchError, AxisUnitError, AxisUnitWarning, ChannelOrderWarning
from skspectral.preprocessing import Resample, SavitzkyGolay
from skspectral.testing._data import two_instruments

AXIS = 1100.0 + 10.0 * np.arange(60)
ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return two_instruments()


@pytest.fixture(scope="module")
def frame(data):
    return pd.DataFrame(data.X, columns=AXIS)


@pytest.fixture(scope="module")
def new(data):
    return pd.DataFrame(data.X_test, columns=AXIS)


# ------------------------------------------------------------------------------------------------------------ axes


@given(st.permutations(range(12)), st.floats(-0.04, 0.04))
def test_any_order_of_any_rounding_is_found(order, error):
    own = 1000.0 + 2.0 * np.arange(12)
    order = np.array(order)
    values = own[order] + 2.0 * error
    found = order_onto(values, own)
    assert_array_equal(order[found], np.arange(12))


@given(st.floats(0.06, 50.0), st.integers(0, 11))
def test_one_channel_elsewhere_is_another_axis(share, channel):
    own = 1000.0 + 2.0 * np.arange(12)
    values = own.copy()
    values[channel] += 2.0 * share
    assert order_onto(values, own) is None


@pytest.mark.parametrize("unit", ["nm", "um", "cm-1", None])
@pytest.mark.parametrize("own_unit", ["nm", "um", "cm-1", None])
def test_an_axis_is_found_in_every_unit(unit, own_unit):
    in_units = {"nm": AXIS, "um": AXIS / 1e3, "cm-1": 1e7 / AXIS, None: 1e7 / AXIS}
    own = Labels(in_units[own_unit], own_unit)
    assert_array_equal(find_order(own, Labels(in_units[unit][::-1], unit)), np.arange(60)[::-1])
    assert find_order(own, Labels(in_units[unit][1:], unit)) is None


def test_equal_numbers_of_other_units_are_another_axis():
    assert find_order(Labels(AXIS, "nm"), Labels(AXIS, "cm-1")) is None
    assert find_order(Labels(AXIS, "Raman shift"), Labels(AXIS, "nm")) is None
    assert find_order(Labels(AXIS, "Raman shift"), Labels(AXIS, None)) is not None


def test_same_axis_is_in_the_same_order():
    assert same_axis(AXIS, AXIS + 0.4)
    assert not same_axis(AXIS, AXIS[::-1])
    assert not same_axis(AXIS, AXIS + 1.0)
    assert same_axis(np.array([1100.0]), np.array([1100.0]))


def test_gaps_are_found_and_slow_changes_are_none():
    assert gaps(np.r_[np.arange(900.0, 1001.0, 2.0), np.arange(1800.0, 1901.0, 2.0)]) == [(1000.0, 1800.0)]
    assert gaps(1e7 / np.arange(4000.0, 10000.0, 8.0)) == []
    assert gaps(np.delete(AXIS, 30)) == []
    assert gaps(AXIS[:2]) == gaps(AXIS[:1]) == []


def test_bends():
    assert largest_bend(AXIS)[0] < 1e-9
    assert largest_bend(1e7 / np.arange(4000.0, 10000.0, 8.0))[0] < 0.5
    bend, at = largest_bend(np.r_[np.arange(350.0, 1000.0, 1.4), np.arange(1001.0, 2500.0, 2.0)])
    assert bend > 0.75 and abs(at - 465) < 3
    assert largest_bend(AXIS[:2])[0] == 0.0


# ------------------------------------------------------------------------------------------------------------- fit


def test_parameter_and_labels_of_another_order_agree(data, frame, new):
    model = AutoTransfer(wavelengths=AXIS, **ROLES).fit(frame, data.y, **data.labels)
    backwards = AutoTransfer(wavelengths=AXIS, **ROLES).fit(frame.iloc[:, ::-1], data.y, **data.labels)
    assert_array_equal(backwards.predict(data.X_test), model.predict(data.X_test))
    assert_array_equal(backwards.predict(new), model.predict(new))


def test_parameter_and_labels_that_contradict_each_other(data, frame):
    with pytest.raises(AxisMismatchError, match=r"told the axis 60 channels from 1200 to 1790 nm.*from 1100 to 1690"):
        AutoTransfer(wavelengths=AXIS + 100, **ROLES).fit(frame, data.y, **data.labels)
    # numbers that are no wavelengths are names
    names = frame.set_axis(np.arange(60) / 10, axis=1)
    assert_array_equal(SavitzkyGolay(wavelengths=AXIS).fit(names).wavelengths_, AXIS)


def test_labels_in_no_order_are_refused_where_neighbours_matter(data, frame):
    shuffled = frame.iloc[:, np.random.RandomState(0).permutation(60)]
    with pytest.raises(AxisMismatchError, match="Sort the columns by wavelength"):
        PDS(**ROLES).fit(shuffled, data.y, **data.labels)
    expected = PLSRegressionCV().fit(frame, data.y).predict(frame)
    assert_allclose(PLSRegressionCV().fit(shuffled, data.y).predict(frame), expected, rtol=1e-6)
    assert_array_equal(PLSRegressionCV().fit(shuffled, data.y).wavelengths_, shuffled.columns)


def test_repeated_labels_are_refused(data, frame):
    twice = frame.set_axis([*AXIS[:-1], AXIS[0]], axis=1)
    for model in (PLSRegressionCV(), PDS(**ROLES)):
        with pytest.raises(AxisMismatchError, match=r"1100"):
            model.fit(twice, data.y)


def test_a_second_fit_forgets_the_axis(data, frame):
    model = PLSRegressionCV().fit(frame, data.y)
    assert hasattr(model, "wavelengths_") and model.axis_unit_ == "nm"
    model.fit(data.X, data.y)
    assert known_axis(model) is None and not hasattr(model, "wavelengths_")
    assert_array_equal(model.predict(frame.iloc[:, ::-1].to_numpy()), model.predict(frame.iloc[:, ::-1]))


def test_the_unit_of_labels_is_told_or_assumed(data, frame):
    wavenumbers = frame.set_axis(1e7 / AXIS, axis=1)
    model = MeanShift(**ROLES).fit(wavenumbers, data.y, **data.labels)
    assert model.axis_unit_ == "cm-1"
    assert_allclose(model.wavelengths_, AXIS)
    with pytest.warns(AxisUnitWarning, match="is taken as nm"):
        AutoTransfer(**ROLES).fit(wavenumbers, data.y, **data.labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error", AxisUnitWarning)
        told = AutoTransfer(axis_unit="cm-1", **ROLES).fit(wavenumbers, data.y, **data.labels)
        by_table = AutoTransfer(**ROLES).fit(LabelledSpectra(data.X, 1e7 / AXIS, "cm-1"), data.y, **data.labels)
    assert_array_equal(told.predict(data.X_test), by_table.predict(data.X_test))
    assert_allclose(by_table.wavelengths_, AXIS)


def test_numbers_that_are_no_wavelengths_still_find_their_columns(data, frame, new):
    model = MeanShift(**ROLES).fit(frame.set_axis(np.arange(10, 70), axis=1), data.y, **data.labels)
    assert not hasattr(model, "wavelengths_")
    other = new.set_axis(np.arange(10, 70), axis=1)
    assert_array_equal(model.predict(other.iloc[:, ::-1]), model.predict(data.X_test))
    with pytest.raises(AxisUnitError, match="10 to 69 cannot be an axis in nm"):
        AutoTransfer(**ROLES).fit(frame.set_axis(np.arange(10, 70), axis=1), data.y, **data.labels)


def test_columns_without_names_that_were_shuffled(data):
    numbered = pd.DataFrame(data.X)
    order = np.random.RandomState(0).permutation(60)
    model = MeanShift(**ROLES).fit(numbered, data.y, **data.labels)
    assert_array_equal(model.predict(pd.DataFrame(data.X_test)[order]), model.predict(data.X_test))
    shuffled = MeanShift(**ROLES).fit(numbered[order], data.y, **data.labels)
    assert_array_equal(shuffled.predict(data.X_test), model.predict(data.X_test))


def test_further_instruments_are_brought_into_order_too(data, frame):
    instrument = np.array(["C" if label == "A" and k % 2 else label for k, label in enumerate(data.instrument)])
    given = {"instrument": instrument, "sample_id": data.sample_id}
    fitted = [
        diPLS(other_targets=["C"], **ROLES).fit(X, data.y, **given)
        for X in (frame.iloc[:, ::-1], LabelledSpectra(data.X[:, ::-1], AXIS[::-1], "nm"))
    ]
    expected = diPLS(other_targets=["C"], **ROLES).fit(data.X[:, ::-1], data.y, **given)
    for model in fitted:
        assert_array_equal(model.predict(data.X_test[:, ::-1]), expected.predict(data.X_test[:, ::-1]))


# --------------------------------------------------------------------------------------- existing calibrations


@pytest.fixture
def calibration(data):
    """A calibration by scikit-learn on a descending axis."""
    on_source = ~data.on_target
    text = pd.DataFrame(data.X[on_source][:, ::-1], columns=[f"{value:.1f}" for value in AXIS[::-1]])
    return PLSRegression(4).fit(text, data.y[on_source])


@pytest.mark.parametrize(
    "wrap", [PDS, lambda frozen, **roles: SBC(MeanShift(frozen), **roles)], ids=["in one", "in two"]
)
def test_spectra_are_brought_onto_the_axis_of_an_existing_calibration(data, frame, new, calibration, wrap):
    plain = PLSRegression(4).fit(calibration_input(data), data.y[~data.on_target])
    expected = wrap(FrozenEstimator(plain), **ROLES).fit(data.X, data.y, **data.labels).predict(data.X_test)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*feature names", UserWarning)
        model = wrap(FrozenEstimator(calibration), **ROLES).fit(frame, data.y, **data.labels)
        assert_allclose(model.predict(new), expected, rtol=1e-7)
        assert_array_equal(model.predict(new.iloc[:, ::-1]), model.predict(new))
    assert_array_equal(model.wavelengths_, AXIS[::-1])
    with pytest.raises(AxisMismatchError, match="1150 to 1740"):
        wrap(FrozenEstimator(calibration), **ROLES).fit(frame.set_axis(AXIS + 50, axis=1), data.y, **data.labels)


def calibration_input(data):
    return data.X[~data.on_target]


def test_names_of_an_existing_calibration_are_compared(data):
    names = [f"band {k}" for k in range(60)]
    on_source = ~data.on_target
    calibration = PLSRegression(4).fit(pd.DataFrame(data.X[on_source], columns=names), data.y[on_source])
    same = pd.DataFrame(data.X, columns=names)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*feature names", UserWarning)
        model = PDS(FrozenEstimator(calibration), **ROLES).fit(same, data.y, **data.labels)
        model.predict(pd.DataFrame(data.X_test, columns=names))
    with pytest.raises(
        AxisMismatchError, match=r"'band 0', 'band 1', 'band 2', \.\.\., 'band 59', and X has 'band 59'"
    ):
        PDS(FrozenEstimator(calibration), **ROLES).fit(same[names[::-1]], data.y, **data.labels)


def test_coefficients_with_their_axis(data, frame, new):
    coef = np.sin(AXIS / 50)
    calibration = LinearCalibration(coef, 2.0, wavelengths=AXIS)
    expected = data.X_test @ coef + 2.0
    assert_allclose(calibration.predict(new.iloc[:, ::-1]), expected)
    assert_allclose(calibration.predict(LabelledSpectra(data.X_test, AXIS / 1e3, "um")), expected)
    with pytest.raises(AxisMismatchError, match=r"1100 to 1690 nm.*1200 to 1790"):
        calibration.predict(new.set_axis(AXIS + 100, axis=1))
    backwards = PDS(calibration, **ROLES).fit(frame.iloc[:, ::-1], data.y, **data.labels)
    assert_array_equal(backwards.predict(new), PDS(calibration, **ROLES).fit(frame, data.y, **data.labels).predict(new))
    unlabelled = LinearCalibration(coef, 2.0)
    assert_allclose(unlabelled.predict(new), expected)
    assert_allclose(unlabelled.fit(frame).predict(new.iloc[:, ::-1]), expected)


# ------------------------------------------------------------------------------------------------------- in use


def test_transformed_channels_say_their_order(data, frame, new):
    model = SNV().fit(frame)
    with pytest.warns(ChannelOrderWarning, match="order of the axis seen in fit"):
        model.transform(new.iloc[:, ::-1])
    pipeline = make_pipeline(SNV(), SavitzkyGolay(5), Ridge()).fit(frame, data.y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(pipeline.predict(new.iloc[:, ::-1]), pipeline.predict(new))
        labelled = SNV().set_output(transform="pandas").fit(frame).transform(new.iloc[:, ::-1])
    assert labelled.columns.tolist() == [repr(value) for value in AXIS.tolist()]


def test_the_axis_travels_through_a_pipeline_of_labelled_steps(data, frame, new):
    steps = make_pipeline(SNV(), MeanShift(**ROLES)).set_output(transform="pandas")
    steps.fit(frame, data.y, **{f"meanshift__{name}": value for name, value in data.labels.items()})
    assert_array_equal(steps[-1].wavelengths_, AXIS)
    wavenumbers = make_pipeline(SNV(), SNV()).set_output(transform="pandas")
    wavenumbers.fit(LabelledSpectra(data.X, 1e7 / AXIS, "cm-1"))
    assert_allclose(wavenumbers[-1].wavelengths_, AXIS)
    assert wavenumbers[-1].axis_unit_ == "cm-1"


def test_searches_find_the_channels(data, frame, new):
    pipeline = make_pipeline(SNV(), PLSRegressionCV())
    search = GridSearchCV(pipeline, {"plsregressioncv__max_components": [3, 5]}, cv=3).fit(frame, data.y)
    assert_array_equal(search.predict(new.iloc[:, ::-1]), search.predict(new))
    assert search.score(new.iloc[:, ::-1], data.y_test) == search.score(new, data.y_test)
    with pytest.raises(AxisMismatchError):
        search.predict(new.set_axis(AXIS + 50, axis=1))


def test_resample_in_front_brings_every_axis_onto_the_model(data, new):
    fine = np.linspace(1100.0, 1690.0, 237)
    smooth = np.array([np.interp(fine, AXIS, row) for row in data.X_test])
    model = make_pipeline(Resample(grid=AXIS[1:-1]), PLSRegressionCV())
    model.fit(pd.DataFrame(data.X, columns=AXIS), data.y)
    assert_allclose(model.predict(pd.DataFrame(smooth, columns=fine)), model.predict(new), atol=0.05 * data.y.std())
    wavenumbers = LabelledSpectra(smooth[:, ::-1], 1e7 / fine[::-1], "cm-1")
    assert_allclose(model.predict(wavenumbers), model.predict(new), atol=0.05 * data.y.std())
    with pytest.raises(ValueError, match="outside the measured range of 1300 to 1690 nm"):
        model.predict(new.iloc[:, 20:])


def test_a_model_of_columns_by_name_keeps_scikit_learns_rules(data, new):
    named = [f"band {k}" for k in range(60)]
    model = MeanShift(**ROLES).fit(pd.DataFrame(data.X, columns=named), data.y, **data.labels)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(new.set_axis(AXIS.astype(str), axis=1))
    with pytest.raises(ValueError, match="feature names"):
        MeanShift(**ROLES).fit(new.set_axis(AXIS.astype(str), axis=1), data.y_test).predict(
            pd.DataFrame(data.X_test, columns=named)
        )
