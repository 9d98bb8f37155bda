"""Instruments whose axes have other units, gaps or orders, stacked, deployed and served."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspectral import PDS, MeanShift, PerInstrument, PLSRegressionCV
from skspectral.datasets import make_instruments
from skspectral.deployment import deploy, stack_instruments
from skspectral.exceptions import AxisMismatchError, AxisUnitError, UnmeasuredRegionWarning
from skspectral.io import SpectraTable
from skspectral.preprocessing import Resample

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=30, random_state=0)


def parts(data):
    on_b = data.instrument == "B"
    return data.X[~on_b], data.X[on_b]


def test_axes_in_two_units_are_stacked_in_nm(data):
    a, b = parts(data)
    nm = data.wavelengths
    told = stack_instruments(
        {"A": a, "B": b[:, ::-1]},
        wavelengths={"A": nm, "B": 1e7 / nm[::-1]},
        axis_unit={"A": "nm", "B": "cm-1"},
    )
    assert told.axis_unit == "nm"
    assert_allclose(told.wavelengths, nm)
    assert_allclose(told.X, data.X, atol=1e-6)
    table = SpectraTable(b[:, ::-1], 1e7 / nm[::-1], unit="cm-1")
    by_label = stack_instruments({"A": pd.DataFrame(a, columns=nm), "B": table})
    assert_allclose(by_label.X, told.X, atol=1e-9)
    only_um = stack_instruments({"A": a, "B": b}, wavelengths={"A": nm / 1e3, "B": nm / 1e3}, axis_unit="um")
    assert only_um.axis_unit == "um" and only_um.wavelengths[0] == 1.1
    apart = stack_instruments(
        {"A": a, "B": b}, wavelengths={"A": nm, "B": 1e7 / nm}, axis_unit={"A": "nm", "B": "cm-1"}, grid=None
    )
    assert apart.axis_unit == {"A": "nm", "B": "cm-1"}


@pytest.mark.parametrize(
    ("axes", "unit"),
    [
        ({"A": np.arange(1100.0, 2500.0, 2.0), "B": np.arange(600.0, 4001.0, 8.0)}, None),
        ({"A": np.arange(1.1, 2.5, 0.01), "B": np.arange(1100.0, 2500.0, 2.0)}, None),
        ({"A": np.arange(1.1, 2.5, 0.01), "B": np.arange(1.1, 2.5, 0.02)}, "nm"),
        ({"A": np.arange(1100.0, 2500.0, 2.0), "B": np.arange(1.1, 2.5, 0.02)}, {"A": "nm", "B": "cm-1"}),
    ],
)
def test_axes_that_cannot_meet_are_refused(axes, unit):
    spectra = {name: np.sin([axis, 2 * axis]) for name, axis in axes.items()}
    with pytest.raises(AxisUnitError, match="axis_unit"):
        stack_instruments(spectra, wavelengths=axes, axis_unit=unit)


def test_what_one_instrument_has_not_measured_is_left_out():
    whole = np.arange(400.0, 2501.0, 2.0)
    part = whole[(whole <= 1000) | (whole >= 1800)]
    spectra = {"A": np.sin([part / 90]), "B": np.sin([whole / 90])}
    axes = {"A": part, "B": whole}
    data = stack_instruments(spectra, wavelengths=axes)
    assert not ((data.wavelengths > 1000) & (data.wavelengths < 1800)).any()
    assert_allclose(data.X, np.sin([data.wavelengths / 90] * 2), atol=1e-4)
    with pytest.warns(UnmeasuredRegionWarning, match="1000 to 1800"):
        stack_instruments(spectra, wavelengths=axes, grid=np.arange(900.0, 2000.0, 10.0))


def test_a_deployed_model_reads_every_labelled_axis(data):
    a, b = parts(data)
    fine = np.linspace(data.wavelengths[0], data.wavelengths[-1], 350)
    spectra = {"A": a, "B": np.array([np.interp(fine, data.wavelengths, row) for row in b])}
    axes = {"A": data.wavelengths, "B": fine}
    stacked = stack_instruments(spectra, wavelengths=axes, sample_id={"A": np.arange(30), "B": np.arange(30)})
    frame = pd.DataFrame(stacked.X, columns=stacked.wavelengths)
    y = np.tile(data.y[:30, 0], 2)
    model = PDS(**ROLES).fit(frame, y, instrument=stacked.instrument, sample_id=stacked.sample_id)
    deployed = deploy(model, stacked.resamplers["B"])
    expected = deployed.predict(spectra["B"])
    labelled = pd.DataFrame(spectra["B"], columns=fine)
    assert_array_equal(deployed.predict(labelled.iloc[:, ::-1]), expected)
    table = SpectraTable(spectra["B"][:, ::-1], 1e7 / fine[::-1], unit="cm-1")
    assert_array_equal(deployed.predict(table), expected)
    # another axis that covers the model's is interpolated from itself
    assert_allclose(deployed.predict(pd.DataFrame(b, columns=data.wavelengths)), expected, atol=0.02 * y.std())
    with pytest.raises(ValueError, match="outside the measured range"):
        deployed.predict(labelled.set_axis(fine + 300, axis=1))


def test_deploy_compares_the_axes(data):
    a, _ = parts(data)
    model = PLSRegressionCV().fit(pd.DataFrame(a, columns=data.wavelengths), data.y[:30])
    shifted = Resample(wavelengths=data.wavelengths, grid=data.wavelengths[:-1] + 3.5).fit(a)
    model_of_fewer = PLSRegressionCV().fit(pd.DataFrame(a[:, :-1], columns=data.wavelengths[:-1]), data.y[:30])
    with pytest.raises(AxisMismatchError, match=r"was fitted on 199 channels from 1100 to 2490.* gives 199 channels"):
        deploy(model_of_fewer, shifted)
    backwards = Resample(wavelengths=data.wavelengths, grid=data.wavelengths[::-1]).fit(a)
    with pytest.raises(AxisMismatchError, match="in another order"):
        deploy(model, backwards)
    same = Resample(wavelengths=data.wavelengths, grid=data.wavelengths).fit(a)
    assert deploy(model, same).predict(a).shape == (30, 1)


def test_each_model_of_several_finds_its_channels(data):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    frame = pd.DataFrame(data.X, columns=data.wavelengths)
    serving = PerInstrument({"B": MeanShift(**ROLES)}).fit(frame, data.y, **labels)
    new = frame[data.instrument == "B"]
    expected = serving.predict(new, instrument="B")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*feature names", UserWarning)
        assert_array_equal(serving.predict(new.iloc[:, ::-1], instrument="B"), expected)
        table = SpectraTable(new.to_numpy()[:, ::-1], 1e7 / data.wavelengths[::-1], unit="cm-1")
        assert_array_equal(serving.predict(table, instrument="B"), expected)
        own_axes = SpectraTable(new.to_numpy(), {"B": data.wavelengths}, instrument=["B"] * len(new), unit="nm")
        assert_array_equal(serving.predict(own_axes, instrument="B"), expected)
    with pytest.raises(AxisMismatchError):
        serving.predict(new.set_axis(data.wavelengths + 50, axis=1), instrument="B")
