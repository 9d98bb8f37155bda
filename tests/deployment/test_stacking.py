import os

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import interp1d
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skspectral.datasets import fetch_sugarcane
from skspectral.deployment import deploy, stack_instruments
from skspectral.exceptions import (
    AxisMismatchError,
    ChannelMismatchError,
    NonFiniteSpectraError,
    UnknownInstrumentError,
    WavelengthRangeError,
)
from skspectral.preprocessing import SNV, Resample

AXES = {
    "lab": np.arange(1000.0, 1801.0, 2.0),
    "handheld": np.linspace(1751.0, 951.0, 130),
    "online": np.arange(1100.0, 2000.0, 5.0),
}
COUNTS = {"lab": 6, "handheld": 4, "online": 3}


def measure(axis, n):
    centre = 1300 + 40 * np.arange(n)[:, None]
    return np.exp(-(((axis - centre) / 90) ** 2)) + 1e-3 * axis


@pytest.fixture
def spectra():
    return {name: measure(AXES[name], n) for name, n in COUNTS.items()}


def test_overlap_is_the_common_range_at_the_coarsest_step(spectra):
    data = stack_instruments(spectra, wavelengths=AXES)
    step = 800 / 129
    assert data.wavelengths[0] == 1100.0
    np.testing.assert_allclose(np.diff(data.wavelengths), step)
    assert 1751.0 - step < data.wavelengths[-1] <= 1751.0
    assert data.X.shape == (13, data.wavelengths.size)
    assert data.instrument.tolist() == ["lab"] * 6 + ["handheld"] * 4 + ["online"] * 3
    assert data.y is None
    assert data.sample_id is None


def test_rows_are_the_interpolated_spectra(spectra):
    data = stack_instruments(spectra, wavelengths=AXES)
    for name in AXES:
        expected = interp1d(AXES[name], spectra[name], kind="cubic", axis=1)(data.wavelengths)
        np.testing.assert_allclose(data.X[data.instrument == name], expected, atol=1e-10)
    # The same samples agree after resampling, although no channel is shared.
    np.testing.assert_allclose(data.X[data.instrument == "lab"][:3], data.X[data.instrument == "online"], atol=1e-5)


def test_inputs_stay_as_they_are(spectra):
    axes = {name: axis.copy() for name, axis in AXES.items()}
    before = {name: X.copy() for name, X in spectra.items()}
    for X in spectra.values():
        X.flags.writeable = False
    data = stack_instruments(spectra, wavelengths=axes)
    data.X[:] = 0
    for name in AXES:
        np.testing.assert_array_equal(spectra[name], before[name])
        np.testing.assert_array_equal(axes[name], AXES[name])


@pytest.mark.parametrize("axis", [AXES["lab"], AXES["handheld"], 1e7 / AXES["lab"]])
def test_one_shared_axis_is_kept(axis):
    X = {"a": measure(axis, 2), "b": measure(axis, 3)}
    data = stack_instruments(X, wavelengths={"a": axis, "b": axis + 1e-9})
    np.testing.assert_array_equal(data.wavelengths, axis)
    np.testing.assert_allclose(data.X, np.concatenate(list(X.values())), atol=1e-6)


def test_given_grid(spectra):
    grid = np.array([1700.0, 1500.0, 1200.0])
    data = stack_instruments(spectra, wavelengths=AXES, grid=grid)
    np.testing.assert_array_equal(data.wavelengths, grid)
    expected = interp1d(AXES["online"], spectra["online"], kind="cubic", axis=1)(grid)
    np.testing.assert_allclose(data.X[-3:], expected, atol=1e-10)
    with pytest.raises(WavelengthRangeError, match=r"instrument 'handheld': 1 of 2 grid points.*951 to 1751"):
        stack_instruments(spectra, wavelengths=AXES, grid=[1200.0, 1760.0])


def test_native_axes_are_padded_on_the_right(spectra):
    data = stack_instruments(spectra, wavelengths=AXES, grid=None)
    assert data.X.shape == (13, 401)
    assert data.resamplers == {}
    for name, axis in AXES.items():
        rows = data.X[data.instrument == name]
        np.testing.assert_array_equal(rows[:, : axis.size], spectra[name])
        assert np.isnan(rows[:, axis.size :]).all()
        np.testing.assert_array_equal(data.wavelengths[name], axis)


def test_disjoint_axes():
    X = {"a": np.ones((1, 10)), "b": np.ones((1, 10))}
    axes = {"a": np.arange(900.0, 910.0), "b": np.arange(1500.0, 1510.0)}
    with pytest.raises(WavelengthRangeError, match="'a' 900 to 909, 'b' 1500 to 1509"):
        stack_instruments(X, wavelengths=axes)
    assert stack_instruments(X, wavelengths=axes, grid=None).X.shape == (2, 10)


def test_overlap_shorter_than_one_step():
    axes = {"a": np.arange(900.0, 910.0), "b": np.arange(908.5, 950.0, 4.0)}
    with pytest.raises(WavelengthRangeError, match="no range of at least one step"):
        stack_instruments({name: np.ones((1, axis.size)) for name, axis in axes.items()}, wavelengths=axes)


def test_axis_from_column_labels(spectra):
    frames = {name: pd.DataFrame(X, columns=AXES[name].astype(str)) for name, X in spectra.items()}
    data = stack_instruments(frames)
    np.testing.assert_array_equal(data.X, stack_instruments(spectra, wavelengths=AXES).X)
    mixed = stack_instruments({**spectra, "lab": frames["lab"]}, wavelengths={k: AXES[k] for k in AXES if k != "lab"})
    np.testing.assert_array_equal(mixed.X, data.X)


def test_references_and_names(spectra):
    y = {"lab": np.arange(6), "online": [7.0, np.nan, 9.0]}
    ids = {"lab": ["s1", "s2", "s3", 4, 5, None], "handheld": ["s1", "s2", 4, "4"]}
    data = stack_instruments(spectra, wavelengths=AXES, y=y, sample_id=ids)
    np.testing.assert_array_equal(data.y, [0, 1, 2, 3, 4, 5, *[np.nan] * 4, 7, np.nan, 9])
    assert data.sample_id.tolist() == ["s1", "s2", "s3", 4, 5, None, "s1", "s2", 4, "4", None, None, None]
    two = stack_instruments(spectra, wavelengths=AXES, y={"online": np.ones((3, 2))})
    assert two.y.shape == (13, 2)
    assert np.isnan(two.y[:10]).all()


def test_instruments_may_be_numbers(spectra):
    data = stack_instruments({1: spectra["lab"], "1": spectra["lab"]}, wavelengths={1: AXES["lab"], "1": AXES["lab"]})
    assert data.instrument.tolist() == [1] * 6 + ["1"] * 6


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"wavelengths": {"lab": AXES["lab"]}}, AxisMismatchError, "axis of instrument 'handheld' is not known"),
        ({"wavelengths": {**AXES, "lab": AXES["lab"][:-1]}}, AxisMismatchError, r"wavelengths\['lab'\] has 400"),
        ({"wavelengths": {**AXES, "extra": [1.0]}}, UnknownInstrumentError, "wavelengths names .'extra'."),
        ({"wavelengths": list(AXES.values())}, ValueError, "wavelengths must be a dict"),
        ({"y": {"typo": [1.0]}}, UnknownInstrumentError, "y names .'typo'."),
        ({"y": {"lab": [1.0]}}, ValueError, r"y\['lab'\] has shape \(1,\), but there are 6"),
        ({"y": {"lab": np.ones(6), "online": np.ones((3, 2))}}, ValueError, "same properties"),
        ({"y": {}}, ValueError, "same properties"),
        ({"sample_id": {"lab": ["a"]}}, ValueError, r"sample_id\['lab'\] has 1 entries"),
        ({"sample_id": ["a"]}, ValueError, "sample_id must be a dict"),
        ({"grid": "union"}, ValueError, "grid must be 'overlap'"),
        ({"grid": [1200.0, 1200.0]}, AxisMismatchError, "grid must be strictly"),
    ],
)
def test_bad_input_is_named(spectra, options, error, message):
    with pytest.raises(error, match=message):
        stack_instruments(spectra, **{"wavelengths": AXES, **options})


def test_bad_spectra_are_named(spectra):
    spectra["online"][1, 2] = np.nan
    for grid in ("overlap", None):
        with pytest.raises(NonFiniteSpectraError, match=r"spectra\['online'\] contains NaN.*row 1, channel 2"):
            stack_instruments(spectra, wavelengths=AXES, grid=grid)
    for nothing in ({}, [], None):
        with pytest.raises(ValueError, match="spectra must be a dict"):
            stack_instruments(nothing)


def test_deployed_model_predicts_from_the_instruments_own_axis(spectra):
    data = stack_instruments(spectra, wavelengths=AXES)
    model = make_pipeline(SNV(), Ridge(1e-3)).fit(data.X, np.arange(13.0))
    for name, resample in data.resamplers.items():
        deployed = deploy(model, resample)
        assert list(deployed.named_steps) == ["resample", "model"]
        np.testing.assert_allclose(deployed.predict(spectra[name]), model.predict(data.X[data.instrument == name]))


def test_deploy_refuses_what_cannot_predict(spectra):
    data = stack_instruments(spectra, wavelengths=AXES)
    resample = data.resamplers["lab"]
    model = Ridge().fit(data.X, np.arange(13.0))
    with pytest.raises(NotFittedError, match="Ridge"):
        deploy(Ridge(), resample)
    with pytest.raises(NotFittedError, match="Resample"):
        deploy(model, Resample())
    with pytest.raises(ChannelMismatchError, match="Ridge was fitted on 5 channels"):
        deploy(Ridge().fit(data.X[:, :5], np.arange(13.0)), resample)
    with pytest.raises(TypeError, match="must be a fitted Resample"):
        deploy(model, SNV().fit(data.X))
    with pytest.raises(TypeError, match="SNV has none"):
        deploy(SNV().fit(data.X), resample)


@pytest.mark.skipif("SKSPECTRAL_DATA" not in os.environ, reason="SKSPECTRAL_DATA names no folder with spectra")
def test_spectrometers_of_the_sugarcane_data():
    data = fetch_sugarcane()
    rows = {name: data.instrument == name for name in np.unique(data.instrument)}
    spectra = {name: data.X[rows[name]][:, : len(data.wavelengths[name])] for name in rows}
    padded = stack_instruments(spectra, wavelengths=data.wavelengths, grid=None)
    assert padded.X.shape == data.X.shape
    with pytest.raises(WavelengthRangeError, match=r"'F750' 450 to 1140.*'NIRONE22' 1750 to 2150"):
        stack_instruments(spectra, wavelengths=data.wavelengths)

    pair = ("MicroNIR2200", "TellSpec")
    stacked = stack_instruments(
        {name: spectra[name] for name in pair},
        wavelengths={name: data.wavelengths[name] for name in pair},
        y={name: data.y[rows[name]] for name in pair},
        sample_id={name: data.sample_id[rows[name]] for name in pair},
    )
    np.testing.assert_allclose(np.diff(stacked.wavelengths), 8.15)
    assert stacked.wavelengths[[0, -1]] == pytest.approx([1158.8, 1700.4], abs=8.15)
    known = (stacked.instrument == "TellSpec") & np.isfinite(stacked.y[:, 0])
    model = Ridge().fit(stacked.X[known], stacked.y[known, 0])
    own_axis = deploy(model, stacked.resamplers["MicroNIR2200"]).predict(spectra["MicroNIR2200"])
    np.testing.assert_allclose(own_axis, model.predict(stacked.X[stacked.instrument == "MicroNIR2200"]))
