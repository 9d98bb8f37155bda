import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skspectral.exceptions import ConstantSpectraError
from skspectral.preprocessing import SNV

spectra = arrays(np.float64, (3, 12), elements=st.floats(-4, 4, width=32))


def uneven(X):
    """Spectra whose spread is large beside the rounding of an offset of up to 1000."""
    return X + np.linspace(0, 3, X.shape[1]) * (np.ptp(X, axis=1) < 0.1)[:, None]


def test_hand_worked_case():
    # Mean 3 and population standard deviation 2: (1, 5, 1, 5) becomes (-1, 1, -1, 1).
    np.testing.assert_allclose(SNV().fit_transform([[1.0, 5.0, 1.0, 5.0]]), [[-1.0, 1.0, -1.0, 1.0]])


@given(spectra)
def test_mean_zero_and_population_deviation_one(X):
    out = SNV().fit_transform(uneven(X))
    np.testing.assert_allclose(out.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(out.std(axis=1, ddof=0), 1, rtol=1e-12)


@given(spectra, st.floats(0.01, 100), st.floats(-1000, 1000))
def test_invariant_to_gain_and_offset(X, gain, offset):
    X = uneven(X)
    np.testing.assert_allclose(SNV().fit_transform(gain * X + offset), SNV().fit_transform(X), atol=1e-6)


@given(spectra)
def test_a_negative_gain_turns_the_spectrum_over(X):
    X = uneven(X)
    np.testing.assert_allclose(SNV().fit_transform(-X), -SNV().fit_transform(X), atol=1e-12)


@pytest.mark.parametrize("exponent", [-300, -160, 0, 140])
def test_scale_of_the_spectra_does_not_matter(exponent):
    X = np.array([[1.0, 2.0, 4.0, 8.0]])
    np.testing.assert_allclose(SNV().fit_transform(X * 10.0**exponent), SNV().fit_transform(X), rtol=1e-12)


@pytest.mark.parametrize("level", [0.0, 0.1, -3.7, 1e100])
def test_constant_spectra_are_named(level):
    X = np.random.default_rng(0).normal(size=(5, 7))
    fitted = SNV().fit(X)
    X[[1, 4]] = level
    with pytest.raises(ConstantSpectraError, match=r"2 of 5 spectra are constant over all 7 channels \(rows 1, 4\)"):
        fitted.transform(X)
    with pytest.raises(ConstantSpectraError, match="rows 1, 4"):
        SNV().fit(X)


def test_constant_up_to_rounding_is_constant():
    row = np.full(700, 0.1)
    row[::3] += 1e-17
    row[::5] = np.nextafter(0.1, 1)
    with pytest.raises(ConstantSpectraError):
        SNV().fit(row[None, :])


def test_long_list_of_constant_rows_is_cut():
    with pytest.raises(ConstantSpectraError, match=r"rows 0, 1, 2, 3, 4, \.\.\."):
        SNV().fit(np.ones((9, 30)))


def test_integers_that_agree_by_chance_become_zeros():
    np.testing.assert_array_equal(SNV().fit_transform(np.array([[2, 2, 2], [1, 1, 1]])), np.zeros((2, 3)))
    with pytest.raises(ConstantSpectraError):
        SNV().fit(np.full((2, 8), 5))
    with pytest.raises(ConstantSpectraError):
        SNV().fit(np.array([[2.0, 2.0, 2.0]]))


def test_one_channel_cannot_be_scaled():
    with pytest.raises(ValueError, match="1 feature"):
        SNV().fit([[1.0], [2.0]])
