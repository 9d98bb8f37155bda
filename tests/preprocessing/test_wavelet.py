import warnings

import numpy as np
import pytest
import pywt
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from skspectral.exceptions import ChannelMismatchError, NonFiniteSpectraError
from skspectral.preprocessing import WaveletTokenize

# The filters of dmey are truncated, so it rebuilds to about 1e-3 only.
EXACT_WAVELETS = [name for name in pywt.wavelist(kind="discrete") if name != "dmey"]


def spectra(n_channels, n_spectra=3):
    return np.random.default_rng(n_channels).normal(size=(n_spectra, n_channels)).cumsum(axis=1)


@pytest.mark.parametrize("n_channels", [700, 701, 2048])
@pytest.mark.parametrize("mode", ["symmetric", "periodization", "zero"])
def test_equals_pywt_wavedec(n_channels, mode):
    X = spectra(n_channels)
    fitted = WaveletTokenize(mode=mode).fit(X)
    bands = pywt.wavedec(X, "db4", mode=mode, level=4, axis=1)
    assert fitted.bands_ == ["cA4", "cD4", "cD3", "cD2", "cD1"]
    assert fitted.band_sizes_.tolist() == [band.shape[1] for band in bands]
    np.testing.assert_allclose(fitted.transform(X), np.concatenate(bands, axis=1), atol=1e-12)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(EXACT_WAVELETS), st.sampled_from(pywt.Modes.modes), st.integers(1, 6), st.integers(2, 150))
def test_perfect_reconstruction(wavelet, mode, level, n_channels):
    # The reflecting modes need two coefficients to reflect at every level.
    assume("reflect" not in mode or n_channels > 2**level)
    X = spectra(n_channels)
    tokenizer = WaveletTokenize(wavelet, level=level, mode=mode)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        tokenizer.fit(X)
    back = tokenizer.inverse_transform(tokenizer.transform(X))
    assert back.shape == X.shape
    np.testing.assert_allclose(back, X, atol=1e-8 * max(1, np.abs(X).max()))


@pytest.mark.parametrize("n_channels", [699, 700])
def test_reconstruction_with_the_default_is_exact_to_rounding(n_channels):
    X = spectra(n_channels)
    tokenizer = WaveletTokenize().fit(X)
    np.testing.assert_allclose(tokenizer.inverse_transform(tokenizer.transform(X)), X, atol=1e-9)


@pytest.mark.parametrize("patch", [1, 7, 16, 64, 1000])
def test_tokens_are_the_bands_in_padded_patches(patch):
    X = spectra(300)
    tokenizer = WaveletTokenize(patch=patch).fit(X)
    tokens = tokenizer.tokens(X)
    bands = pywt.wavedec(X, "db4", level=4, axis=1)
    assert tokens.shape == (3, tokenizer.token_bands_.size, patch)
    for index, band in enumerate(bands):
        mine = tokens[:, tokenizer.token_bands_ == index]
        assert mine.shape[1] == int(np.ceil(band.shape[1] / patch))
        flat = mine.reshape(3, -1)
        np.testing.assert_allclose(flat[:, : band.shape[1]], band, atol=1e-12)
        np.testing.assert_array_equal(flat[:, band.shape[1] :], 0.0)


def test_energy_is_kept_by_an_orthogonal_wavelet():
    X = spectra(512)
    out = WaveletTokenize("sym5", mode="periodization").fit_transform(X)
    assert out.shape == X.shape
    np.testing.assert_allclose((out**2).sum(axis=1), (X**2).sum(axis=1), rtol=1e-9)


def test_details_of_a_smooth_baseline_vanish():
    # db4 has four vanishing moments: away from the ends a cubic leaves nothing in the detail bands.
    cubic = np.polynomial.Polynomial([1, -2, 0.5, 3])(np.linspace(0, 1, 400))[None, :]
    fitted = WaveletTokenize("db4", level=1).fit(cubic)
    detail = fitted.transform(cubic)[0, fitted.band_sizes_[0] :]
    np.testing.assert_allclose(detail[4:-4], 0, atol=1e-9)
    assert np.abs(detail).max() > 1e-6


def test_feature_names():
    names = WaveletTokenize("haar", level=2).fit(spectra(16)).get_feature_names_out()
    expected = [f"cA2_{i}" for i in range(4)] + [f"cD2_{i}" for i in range(4)] + [f"cD1_{i}" for i in range(8)]
    assert names.tolist() == expected


def test_too_many_levels_warn_once_in_fit():
    X = spectra(20)
    with pytest.warns(UserWarning, match=r"level=4 is more than spectra of 20 channels hold with 'db4' \(1\)"):
        fitted = WaveletTokenize().fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.inverse_transform(fitted.transform(X))


def test_too_short_for_reflection():
    with pytest.warns(UserWarning, match="level=4"), pytest.raises(ValueError, match="3 channels are too short"):
        WaveletTokenize("haar", mode="reflect").fit(spectra(3))


def test_inverse_checks_its_input():
    fitted = WaveletTokenize("haar", level=2).fit(spectra(16))
    with pytest.raises(ChannelMismatchError, match="X has 15 coefficients, but WaveletTokenize makes 16"):
        fitted.inverse_transform(np.zeros((1, 15)))
    with pytest.raises(NonFiniteSpectraError, match="row 0, channel 3"):
        fitted.inverse_transform(np.where(np.arange(16) == 3, np.nan, 0.0)[None, :])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"wavelet": "db99"}, "name of a discrete wavelet"),
        ({"wavelet": "morl"}, "name of a discrete wavelet"),
        ({"wavelet": None}, "name of a discrete wavelet"),
        ({"mode": "mirror"}, "mode must be one of"),
        ({"level": 0}, "level must be a positive integer"),
        ({"level": 2.0}, "level must be a positive integer"),
        ({"patch": 0}, "patch must be a positive integer"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        WaveletTokenize(**parameters).fit(spectra(64))
