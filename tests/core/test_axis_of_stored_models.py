"""Models that were stored keep their axis; those stored before models had one still load and predict."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skspectral import PDS, SNV, AutoTransfer, DifferenceRidge, LinearCalibration, PLSRegressionCV, load, save
from skspectral._core.axis_identity import FITTED
from skspectral.exceptions import AxisMismatchError
from skspectral.preprocessing import Resample, SavitzkyGolay
from skspectral.testing._data import two_instruments

AXIS = 1100.0 + 10.0 * np.arange(60)
ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return two_instruments()


def models(data):
    labels = data.labels
    return [
        PDS(**ROLES).fit(data.X, data.y, **labels),
        DifferenceRidge(wavelengths=AXIS, **ROLES).fit(data.X, data.y, **labels),
        AutoTransfer(wavelengths=AXIS, **ROLES).fit(data.X, data.y, **labels),
        PLSRegressionCV().fit(data.X, data.y),
        LinearCalibration(np.ones(60)),
        SNV().fit(data.X),
        SavitzkyGolay(5).fit(data.X),
        Resample(wavelengths=AXIS, grid=AXIS[1:-1]).fit(data.X),
    ]


def outcome(model, X):
    return model.predict(X) if hasattr(model, "predict") else model.transform(X)


def as_stored_before(model):
    """The state of a model as it was when models did not keep their axis."""
    state = {name: value for name, value in model.__getstate__().items() if name not in (*FITTED, "axis_unit")}
    if isinstance(model, Resample):
        state |= {"unit": "nm", "wavelengths_": model.wavelengths_}
        del state["grid_unit_"]
    elif isinstance(model, LinearCalibration):
        del state["wavelengths"]
    again = object.__new__(type(model))
    again.__setstate__(state)
    return again


def test_models_without_an_axis_load_and_predict(data):
    for model in models(data):
        again = as_stored_before(model)
        assert_array_equal(outcome(again, data.X_test), outcome(model, data.X_test))
        assert_array_equal(outcome(again, pd.DataFrame(data.X_test)), outcome(model, data.X_test))
        # the parameters that the class has now
        assert again.get_params().keys() == model.get_params().keys()
        assert repr(clone(again)) == repr(clone(model))


def test_former_resampling_in_wavenumbers(data):
    wavenumbers = np.linspace(9000.0, 4000.0, 60)
    model = Resample(wavelengths=wavenumbers, axis_unit="cm-1", grid=[1500.0, 1600.0], grid_unit="nm").fit(data.X)
    state = {name: value for name, value in model.__getstate__().items() if name not in (*FITTED, "axis_unit")}
    again = object.__new__(Resample)
    again.__setstate__(state | {"unit": "cm-1", "wavelengths_": wavenumbers})
    assert again.axis_unit == "cm-1"
    assert_allclose(again.wavelengths_, model.wavelengths_)
    labelled = pd.DataFrame(data.X_test[:, ::-1], columns=wavenumbers[::-1])
    assert_array_equal(again.transform(labelled), model.transform(data.X_test))
    assert again.get_feature_names_out().tolist() == ["1500.0", "1600.0"]


def test_former_models_know_what_their_names_of_features_say(data):
    frame = pd.DataFrame(data.X, columns=[f"{value:.1f}" for value in AXIS])
    new = pd.DataFrame(data.X_test, columns=frame.columns)
    model = PDS(**ROLES).fit(frame, data.y, **data.labels)
    again = as_stored_before(model)
    assert_array_equal(again.predict(new.iloc[:, ::-1]), model.predict(new))
    with pytest.raises(AxisMismatchError):
        again.predict(new.set_axis([f"{value:.1f}" for value in AXIS + 100], axis=1))


@pytest.mark.parametrize("how", ["pickle", "file"])
def test_stored_models_keep_their_axis(data, tmp_path, how):
    X = pd.DataFrame(data.X, columns=[f"{1e7 / value} cm-1" for value in AXIS])
    new = pd.DataFrame(data.X_test, columns=AXIS).iloc[:, ::-1]
    for model in (PDS(**ROLES), AutoTransfer(**ROLES)):
        model.fit(X, data.y, **data.labels)
        if how == "pickle":
            again = pickle.loads(pickle.dumps(model))
        else:
            save(model, tmp_path / "model.skspectral")
            again = load(tmp_path / "model.skspectral")
        assert_array_equal(again.predict(new), model.predict(data.X_test))
        assert again.axis_unit_ == "cm-1"
        with pytest.raises(AxisMismatchError):
            again.predict(new.set_axis(new.columns + 40, axis=1))
