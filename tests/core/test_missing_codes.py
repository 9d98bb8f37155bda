"""Numbers that stand for "no value": found where they are far from all others, never among their like."""

import numpy as np
import pytest

from skspectral._core.missing_codes import find_codes, mask_codes

PLAUSIBLE = [9.5, 10.1, 9.9, 11.2, 10.4]


CODES = [[-9999.0], [-9999.99], [-99.9], [-999.0, 999.0], [9999.0, 99999.0], [-32768.0], [2147483647.0], [3.4028235e38]]
CODES += [[-1e30, 9.96921e36], [1e20], [-7777.0, -8888.0, -999.0], [float(np.float32(-9999.99))]]


@pytest.mark.parametrize("codes", CODES)
def test_codes_are_found_also_beside_each_other(codes):
    masked, found = mask_codes([*PLAUSIBLE, *codes])
    assert found == sorted(codes)
    assert np.isnan(masked[len(PLAUSIBLE) :]).all() and np.array_equal(masked[: len(PLAUSIBLE)], PLAUSIBLE)


@pytest.mark.parametrize(
    "values",
    [
        [990.0, 999.0, 1004.0, 998.0],
        [0.0, 20000.0, 65535.0, 9999.0],
        [-99.0, -80.0, 40.0],
        [99.9, 99.5, 98.0],
        [998.0, 998.0, 998.0, 999.0],
        [998.2, 998.1, 998.3, 998.2, 999.9],
        [999.0, 1080.0, 1100.0, 950.0],
        [5.0, 7.0, 999.0],
    ],
)
def test_the_same_numbers_among_their_like_are_values(values):
    assert not find_codes(np.array(values)).any()


def test_spectra_in_any_unit_hold_none_and_without_others_there_is_nothing_to_compare():
    spectra = np.linspace(1, 2, 12).reshape(3, 4)
    for values in (1e70 * spectra, 1e-70 * spectra, 65535 * (spectra - 1), np.array([np.nan, -99.9]), np.array([])):
        assert not find_codes(values).any()
