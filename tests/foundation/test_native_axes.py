"""Instruments with axes of their own."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectral import SpectralFMTransfer
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AxisMismatchError,
    ChannelMismatchError,
    NonFiniteSpectraError,
    UnknownInstrumentError,
)


@pytest.fixture(scope="module")
def native():
    """Spectra of A on all channels, of B on every second one of the upper part: X padded with NaN, axes and labels."""
    data = make_instruments(n_samples=40, random_state=0)
    on_target = data.instrument == "B"
    start = len(data.wavelengths) // 5
    axes = {"A": data.wavelengths, "B": data.wavelengths[start::2]}
    X = data.X.copy()
    X[on_target] = np.nan
    X[on_target, : len(axes["B"])] = data.X[on_target][:, start::2]
    keep = np.r_[np.flatnonzero(~on_target)[:30], np.flatnonzero(on_target)[:10]]
    test = np.flatnonzero(on_target)[30:]
    return X, np.asarray(data.y), data.instrument, data.sample_id, axes, keep, test


def fit(native, **params):
    X, y, instrument, sample_id, axes, keep, _ = native
    model = SpectralFMTransfer(**{"weights": None, "wavelengths": axes, "source": "A", "target": "B"} | params)
    return model.fit(X[keep], y[keep], instrument=instrument[keep], sample_id=sample_id[keep])


def test_instruments_meet_on_the_range_that_both_measure(native):
    X, y, _, _, axes, _, test = native
    model = fit(native)
    shared = model.shared_wavelengths_
    assert len(shared) == len(axes["B"])
    assert shared[0] == axes["B"].min() and shared[-1] == axes["B"].max()
    own = X[test][:, : len(axes["B"])]
    assert_allclose(model.predict(own), model.predict(X[test]))
    assert np.corrcoef(np.ravel(model.predict(own)), np.ravel(y[test]))[0, 1] > 0.9
    assert model.transform(own).shape == (len(test), len(shared))


def test_units_and_directions_of_the_axes_do_not_matter(native):
    X, _, _, _, axes, _, test = native
    expected = fit(native).predict_experts(X[test])[1]
    other = fit(native, wavelengths={name: 1e7 / axis for name, axis in axes.items()}, axis_unit="cm-1")
    assert_allclose(other.predict_experts(X[test])[1], expected)


def test_fit_transform_writes_all_rows_on_the_shared_axis(native):
    X, y, instrument, sample_id, axes, keep, _ = native
    model = SpectralFMTransfer(None, wavelengths=axes, source="A", target="B")
    written = model.fit_transform(X[keep], y[keep], instrument=instrument[keep], sample_id=sample_id[keep])
    assert written.shape == (len(keep), len(axes["B"])) and np.isfinite(written).all()


def test_mistakes_are_named(native):
    X, y, instrument, sample_id, axes, keep, test = native
    with pytest.raises(UnknownInstrumentError, match="no axis of instrument 'B'"):
        fit(native, wavelengths={"A": axes["A"]})
    with pytest.raises(AxisMismatchError, match="share fewer than"):
        fit(native, wavelengths=axes | {"B": axes["B"] + 5000})
    with pytest.raises(UnknownInstrumentError, match="instrument of every row"):
        SpectralFMTransfer(None, wavelengths=axes).fit(X[keep], y[keep])
    with pytest.raises(NonFiniteSpectraError, match="'B' must hold"):
        SpectralFMTransfer(None, wavelengths=axes, source="A", target="B").fit(
            np.nan_to_num(X[keep]), y[keep], instrument=instrument[keep], sample_id=sample_id[keep]
        )
    model = fit(native)
    with pytest.raises(ChannelMismatchError, match="first columns"):
        model.predict(X[test][:, :5])
