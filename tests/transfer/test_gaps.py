"""Axes with gaps: joined detectors, removed bands of water. No derivative reaches over them."""

import numpy as np
import pytest

import skspectral
from skspectral import DifferenceRidge, TransferPortfolio
from skspectral._core.axis import regions, usual_step
from skspectral.datasets import make_instruments
from skspectral.transfer._operators import OPERATORS, Operator

WHOLE = np.arange(900.0, 1900.0, 4.0)
CUT = np.concatenate([WHOLE[WHOLE < 1350], WHOLE[WHOLE > 1500]])
#: whole, descending, and with the unequal steps of a wavenumber axis
AXES = {"nm": CUT, "descending": CUT[::-1], "cm-1": np.sort(1e7 / np.r_[5300:6800:8.0, 7500:9900:8.0])}


def slopes_beside(axis, name):
    """Derivatives of a straight line that begins anew, at another level, behind the gap."""
    parts = regions(axis)
    spectrum = 0.001 * (axis - axis.min())
    spectrum[parts[1]] += 5.0
    return Operator(name, axis)(spectrum[None])[0], parts


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES)
def test_regions_are_what_lies_between_gaps(axis):
    first, second = regions(axis)
    assert (first.start, second.start, second.stop) == (0, first.stop, axis.size)
    assert np.abs(np.diff(axis)).argmax() == first.stop - 1
    assert 0 < usual_step(axis) < 1.6 * np.median(np.abs(np.diff(axis)))


@pytest.mark.parametrize("name", ["sg1", "sg1n"])
@pytest.mark.parametrize("axis", AXES.values(), ids=AXES)
def test_slopes_know_nothing_of_the_step_over_a_gap(axis, name):
    slopes, parts = slopes_beside(axis, name)
    for part in parts:
        step = (axis[part][-1] - axis[part][0]) / (part.stop - part.start - 1)
        np.testing.assert_allclose(slopes[part], 0.001 * step, rtol=1e-6)


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES)
def test_second_derivatives_of_lines_are_zero_on_both_sides(axis):
    curvature, _ = slopes_beside(axis, "sg2")
    np.testing.assert_allclose(curvature, 0.0, atol=1e-9)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_region_too_short_for_a_derivative_says_nothing(name):
    axis = np.r_[1000.0:1100.0:4.0, 1500.0:1510.0:4.0]
    spectra = np.random.default_rng(0).normal(size=(3, axis.size))
    shown = Operator(name, axis)(spectra)
    assert shown.shape == spectra.shape and np.isfinite(shown).all()
    if "sg" in name:
        assert not shown[:, -3:].any() and shown[:, :-3].any()


@pytest.mark.parametrize("make", [DifferenceRidge, TransferPortfolio])
def test_the_level_behind_a_gap_changes_no_derivative_model(make):
    data = make_instruments(n_samples=16, n_channels=60, random_state=0)
    axis = np.r_[1000.0:1120.0:4.0, 1600.0:1720.0:4.0]
    settings = {"preprocessing": "sg1"} if make is DifferenceRidge else {"scatter": False}
    rows = np.r_[0:16, 16:24]
    predicted = []
    for jump in (0.0, 0.5):
        X = data.X.copy()
        X[:, 30:] += jump
        model = make(wavelengths=axis, source="A", target="B", **settings)
        model.fit(X[rows], data.y[rows, 0], instrument=data.instrument[rows], sample_id=data.sample_id[rows])
        predicted.append(model.predict(X[24:]))
    np.testing.assert_allclose(*predicted, rtol=1e-6)


def test_a_model_with_a_gap_can_be_stored(tmp_path):
    data = make_instruments(n_samples=12, n_channels=60, random_state=0)
    axis = np.r_[1000.0:1120.0:4.0, 1600.0:1720.0:4.0]
    model = DifferenceRidge(preprocessing="snvsg1", wavelengths=axis, source="A", target="B")
    model.fit(data.X, data.y[:, 0], instrument=data.instrument, sample_id=data.sample_id)
    skspectral.save(model, tmp_path / "model.skspectral")
    loaded = skspectral.load(tmp_path / "model.skspectral")
    np.testing.assert_array_equal(loaded.predict(data.X[:3]), model.predict(data.X[:3]))
