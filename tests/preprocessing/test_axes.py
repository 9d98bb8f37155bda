"""Axes that have gaps, other units, or are not those of fit."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspectral.exceptions import (
    AxisMismatchError,
    AxisUnitError,
    UnequalStepsWarning,
    UnmeasuredRegionWarning,
    WavelengthRangeError,
)
from skspectral.preprocessing import Resample, SavitzkyGolay, WaveletTokenize, common_grid

NIR = np.arange(1100.0, 1300.0, 2.0)
GAP = np.r_[np.arange(900.0, 1001.0, 2.0), np.arange(1800.0, 1901.0, 2.0)]
TWO_STEPS = np.r_[np.arange(350.0, 700.0, 1.4), np.arange(701.0, 1100.0, 2.0)]


def spectra(axis):
    return np.array([np.sin(axis / 40), np.cos(axis / 25)])


@pytest.mark.parametrize("axis", [GAP, TWO_STEPS, GAP[::-1]], ids=["gap", "two detectors", "descending"])
def test_jumps_of_the_steps_are_warned_of(axis):
    with pytest.warns(UnequalStepsWarning, match="the steps of the axis jump near"):
        SavitzkyGolay(5, deriv=1).fit(pd.DataFrame(spectra(axis), columns=axis))
    with pytest.warns(UnequalStepsWarning):
        SavitzkyGolay(5, wavelengths=axis).fit(spectra(axis))


@pytest.mark.parametrize(
    "axis",
    [NIR, 1e7 / np.arange(4000.0, 9000.0, 8.0), np.round(1000 + 3.337 * np.arange(90), 1), np.delete(NIR, 40)],
    ids=["equal", "wavenumbers in nm", "rounded", "one dead channel"],
)
def test_steps_that_change_slowly_are_not(axis):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SavitzkyGolay(5, deriv=1).fit(pd.DataFrame(spectra(axis), columns=axis))
        SavitzkyGolay(1, polyorder=0).fit(pd.DataFrame(spectra(GAP), columns=GAP))


def test_windows_in_every_unit_of_the_axis():
    right = SavitzkyGolay(10.0, deriv=1, unit="nm", wavelengths=NIR).fit_transform(spectra(NIR))
    um = SavitzkyGolay(0.0101, deriv=1, unit="um", wavelengths=NIR / 1e3).fit_transform(spectra(NIR))
    assert_allclose(um / 1e3, right, rtol=1e-6, atol=1e-12)
    with pytest.raises(AxisMismatchError, match=r"unit='nm', but the axis is in cm-1"):
        SavitzkyGolay(10.0, unit="nm", wavelengths=1e7 / NIR, axis_unit="cm-1").fit(spectra(NIR))
    with pytest.raises(AxisMismatchError, match=r"unit='cm-1', but the axis is in nm"):
        SavitzkyGolay(10.0, unit="cm-1").fit(pd.DataFrame(spectra(NIR), columns=[f"{v} nm" for v in NIR]))


def test_grid_in_a_gap_is_warned_of():
    with pytest.warns(UnmeasuredRegionWarning, match=r"7 of 9 points .*\(1000 to 1800 nm\)"):
        Resample(grid=np.linspace(1000, 1800, 9), wavelengths=GAP).fit(spectra(GAP))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Resample(grid=np.r_[910.0:1000.0:3, 1803.0:1890.0:3], wavelengths=GAP).fit(spectra(GAP))


def test_common_grid_leaves_gaps_and_takes_rounding_for_one_axis():
    whole = np.arange(890.0, 1910.0, 4.0)
    grid = common_grid({"A": GAP, "B": whole})
    assert not ((grid > 1000) & (grid < 1800)).any() and grid.size > 40
    assert_array_equal(common_grid({"A": NIR, "B": NIR + 0.001}), NIR)


def test_resample_reads_other_labelled_axes():
    fitted = Resample(grid=np.arange(1120.0, 1280.0, 4.0), wavelengths=NIR).fit(spectra(NIR))
    right = spectra(fitted.grid_)
    fine = np.arange(1090.0, 1310.0, 0.5)
    assert_allclose(fitted.transform(pd.DataFrame(spectra(fine), columns=fine)), right, atol=1e-5)
    shuffled = np.random.default_rng(0).permutation(fine.size)
    frame = pd.DataFrame(spectra(fine), columns=[f"{1e7 / v:.6f} cm-1" for v in fine]).iloc[:, shuffled]
    assert_allclose(fitted.transform(frame), right, atol=1e-5)
    for far in (NIR + 300, NIR[40:]):
        with pytest.raises(WavelengthRangeError, match="outside the measured range"):
            fitted.transform(pd.DataFrame(spectra(far), columns=far))
    with pytest.raises(AxisUnitError, match="cannot be an axis in nm"):
        fitted.transform(pd.DataFrame(spectra(NIR), columns=NIR / 1e3 + 1))
    with pytest.warns(UnmeasuredRegionWarning):
        holes = np.r_[1100.0:1150.0:2, 1250.0:1300.0:2]
        fitted.transform(pd.DataFrame(spectra(holes), columns=holes))


def test_resampled_columns_say_their_unit():
    fitted = Resample(5, wavelengths=NIR, grid_unit="cm-1").set_output(transform="pandas").fit(spectra(NIR))
    out = fitted.transform(spectra(NIR))
    assert out.columns[0] == f"{1e7 / 1100.0!r} cm-1"
    again = SavitzkyGolay(3).fit(out)
    assert again.axis_unit_ == "cm-1"
    assert_allclose(again.wavelengths_[[0, -1]], NIR[[0, -1]])


def test_neighbours_must_be_neighbours():
    shuffled = pd.DataFrame(spectra(NIR), columns=NIR).iloc[:, ::-1].iloc[:, [1, 0, *range(2, NIR.size)]]
    for step in (SavitzkyGolay(5), WaveletTokenize(level=1), Resample(10)):
        with pytest.raises(AxisMismatchError, match="Sort the columns"):
            step.fit(shuffled)
