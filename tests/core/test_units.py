import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skspectral._core.nested import nested_fits
from skspectral._core.units import (
    LENGTHS,
    check_plausible,
    check_unit,
    convert,
    likely_unit,
    to_nm,
)
from skspectral.exceptions import AxisUnitError, AxisUnitWarning

NIR = np.array([1100.0, 2498.0])


@pytest.mark.parametrize("unit", ["eV", "", None, 3, "mm"])
def test_unknown_units_are_named(unit):
    with pytest.raises(AxisUnitError, match="axis_unit must be one of nm, um, cm-1, Raman shift"):
        check_unit(unit)


@given(st.lists(st.floats(0.1, 1e5), min_size=1, max_size=8), st.sampled_from(LENGTHS), st.sampled_from(LENGTHS))
def test_conversion_there_and_back(values, unit, to):
    axis = np.array(values)
    np.testing.assert_allclose(convert(convert(axis, unit, to), to, unit), axis, rtol=1e-12)


def test_conversions():
    np.testing.assert_allclose(to_nm(np.array([1.1, 2.498]), "um"), NIR)
    np.testing.assert_allclose(to_nm(1e7 / NIR, "cm-1"), NIR)
    shift = np.array([-200.0, 3000.0])
    assert to_nm(shift, "Raman shift") is shift
    with pytest.raises(AxisUnitError, match="Raman shift cannot be converted"):
        convert(shift, "Raman shift", "nm")
    with pytest.raises(AxisUnitError, match="positive to be converted from cm-1 to nm; one is 0"):
        to_nm(np.array([0.0, 1.0]), "cm-1")


@pytest.mark.parametrize(
    ("axis", "unit"),
    [
        (NIR, "nm"),
        ([350.0, 2500.0], "nm"),
        ([10000.0, 4000.0], "cm-1"),
        ([600.0, 4000.0], "cm-1"),
        ([1.1, 2.5], "um"),
        ([2.5, 25.0], "um"),
        ([10.0, 59.0], None),
        ([0.0, 59.0], None),
        ([-1.0, 1000.0], None),
        ([0.001, 0.002], None),
    ],
)
def test_what_numbers_look_like(axis, unit):
    assert likely_unit(np.array(axis)) == unit


@pytest.mark.parametrize(
    ("axis", "unit", "message"),
    [
        ([1.1, 2.5], "nm", r"1\.1 to 2\.5 cannot be an axis in nm.*Say axis_unit='um' if they are um"),
        ([1100, 2498], "um", "cannot be an axis in um.*Say axis_unit='nm' if they are nm"),
        ([1.1, 2.5], "cm-1", "cannot be an axis in cm-1.*Say axis_unit='um'"),
        ([10.0, 59.0], "nm", "cannot be an axis in nm.*Give the wavelengths or wavenumbers"),
        ([4e5, 9e5], "nm", "cannot be an axis in nm.*Give 1e9 / axis as nm if they are m-1"),
        ([4e5, 9e5], "cm-1", "cannot be an axis in cm-1"),
        ([1.1e-6, 2.5e-6], "nm", "cannot be an axis in nm.*Give axis \\* 1e9 as nm if they are m"),
        ([0.5, 1.13], "nm", "axis_unit='um' if they are um; give 1239.842 / axis as nm if they are eV"),
        ([0.0, 1000.0], "nm", "must be positive"),
        ([-5.0, 1000.0], "cm-1", "must be positive"),
    ],
)
def test_an_axis_that_cannot_be_in_its_unit(axis, unit, message):
    with pytest.raises(AxisUnitError, match=message):
        check_plausible(np.array(axis, dtype=float), unit, name="wavelengths")
    with nested_fits():
        check_plausible(np.array(axis, dtype=float), unit, name="wavelengths")


@pytest.mark.parametrize(
    ("axis", "unit"),
    [(NIR, "nm"), ([1.1, 2.5], "um"), ([4000, 10000], "cm-1"), ([1100, 2498], "cm-1"), ([-100, 3000], "Raman shift")],
)
def test_a_likely_axis_passes_in_silence(axis, unit):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_plausible(np.array(axis, dtype=float), unit, name="wavelengths")


@pytest.mark.parametrize(
    ("axis", "remedy"),
    [
        ([600.0, 4000.0], "axis_unit='cm-1' if they are cm-1"),
        (299792.458 / NIR, "Give 299792.458 / axis as nm if they are THz"),
        (10 * NIR, "give axis / 10 as nm if they are Angstrom"),
    ],
)
def test_other_units_as_nm_are_warned_of_with_the_remedy(axis, remedy):
    with pytest.warns(AxisUnitWarning, match=f"is taken as nm.*{remedy}"):
        check_plausible(np.array(axis), "nm", name="wavelengths")


def test_an_axis_that_says_nm_itself_may_be_of_the_far_infrared():
    far = np.array([2e4, 5e5])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_plausible(far, "nm", name="the labels", told=True)
    with pytest.raises(AxisUnitError, match="cannot be"):
        check_plausible(far, "nm", name="the labels")
