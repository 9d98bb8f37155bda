"""Limits of the source model, and what a transfer removes of the difference between instruments."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.decomposition import PCA

from skspectral.datasets import make_instruments
from skspectral.diagnostics import SpectralLimits, q_and_t2, transfer_difference
from skspectral.exceptions import AxisMismatchError, NonFiniteSpectraError


@pytest.fixture
def spectra():
    data = make_instruments(60, n_channels=80, noise=1e-3, random_state=2)
    return data.X[:60], data.X[60:]


class TestSpectralLimits:
    def test_t2_and_q_follow_their_formulae(self, spectra):
        source, target = spectra
        result = SpectralLimits(3).fit(source).check(target)
        pca = PCA(3, svd_solver="full").fit(source)
        scores = pca.transform(target)
        covariance = np.cov(pca.transform(source), rowvar=False)
        expected = [t @ np.linalg.inv(covariance) @ t for t in scores]
        np.testing.assert_allclose(result.t2, expected, rtol=1e-8)
        left = target - pca.inverse_transform(scores)
        np.testing.assert_allclose(result.q, (left**2).sum(axis=1), rtol=1e-8)

    def test_limit_of_t2(self, spectra):
        source, _ = spectra
        model = SpectralLimits(3, alpha=0.01).fit(source)
        assert model.t2_limit_ == pytest.approx(3 * (60**2 - 1) / (60 * 57) * stats.f.ppf(0.99, 3, 57))

    def test_limit_of_q_by_box_has_the_moments_of_q(self, spectra):
        source, _ = spectra
        model = SpectralLimits(3).fit(source)
        variances = np.sort(np.linalg.eigvalsh(np.cov(source, rowvar=False)))[::-1][3:]
        mean, variance = variances.sum(), 2 * (variances**2).sum()
        matched = stats.gamma(mean**2 / variance, scale=variance / mean)
        assert model.q_limit_ == pytest.approx(matched.ppf(0.95), rel=1e-6)

    def test_equal_variances_have_an_exact_limit_of_q(self):
        # orthogonal columns of equal length: the variances left out are equal, so that Q is a scaled chi-square
        basis = np.linalg.qr(np.random.default_rng(0).standard_normal((40, 21)))[0]
        basis = np.linalg.qr(np.column_stack([np.ones(40), basis]))[0][:, 1:]
        source = basis * np.sqrt(39.0)
        source[:, 0] *= 10
        exact = stats.chi2.ppf(0.95, 20)
        assert SpectralLimits(1).fit(source).q_limit_ == pytest.approx(exact)
        power = SpectralLimits(1, q_limit="jackson-mudholkar").fit(source)
        # for equal variances h0 is 1/3: the Wilson-Hilferty approximation of chi-square
        wilson = 20 * (1 - 2 / (9 * 20) + stats.norm.ppf(0.95) * np.sqrt(2 / (9 * 20))) ** 3
        assert power.q_limit_ == pytest.approx(wilson)

    def test_the_expected_share_of_fresh_source_spectra_lies_outside(self):
        rng = np.random.default_rng(3)
        mixing = rng.standard_normal((5, 40))
        draw = lambda n: rng.standard_normal((n, 5)) @ mixing + 0.1 * rng.standard_normal((n, 40))  # noqa: E731
        model = SpectralLimits(5).fit(draw(400))
        result = model.check(draw(2000))
        assert 0.03 < result.t2_outside.mean() < 0.07
        assert 0.03 < result.q_outside.mean() < 0.09

    def test_a_share_of_variance_gives_the_fewest_components_that_hold_it(self, spectra):
        source, _ = spectra
        ratio = np.cumsum(PCA(svd_solver="full").fit(source).explained_variance_ratio_)
        for share in (0.5, 0.99, 0.9999):
            assert SpectralLimits(share).fit(source).n_components_ == np.argmax(ratio >= share) + 1

    def test_transfer_brings_spectra_inside_and_the_text_says_so(self, spectra):
        source, target = spectra
        before, after = q_and_t2(source, target), q_and_t2(source, source)
        assert before.q_outside.all() and after.outside.mean() < 0.25
        assert str(before).startswith("60 of 60 spectra outside the source model: 60 by Q")
        np.testing.assert_array_equal(before.outside, before.q_outside | before.t2_outside)

    def test_input_is_left_alone(self, spectra):
        source, target = (X.copy() for X in spectra)
        q_and_t2(source, target)
        np.testing.assert_array_equal(source, spectra[0])
        np.testing.assert_array_equal(target, spectra[1])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"n_components": 0}, "between 1 and 58"),
            ({"n_components": 59}, "between 1 and 58"),
            ({"n_components": True}, "number of components or a share"),
            ({"n_components": 1.5}, "number of components or a share"),
            ({"alpha": 0}, "alpha must lie"),
            ({"q_limit": "normal"}, "q_limit must be one of"),
        ],
    )
    def test_wrong_parameters_are_explained(self, spectra, arguments, message):
        with pytest.raises(ValueError, match=message):
            SpectralLimits(**arguments).fit(spectra[0])

    def test_spectra_that_leave_nothing_are_explained(self):
        with pytest.raises(ValueError, match="all the same"):
            SpectralLimits().fit(np.tile(np.arange(5.0), (6, 1)))
        exact = np.outer(np.arange(6.0), [1.0, 2.0, 3.0])
        with pytest.raises(ValueError, match="leave nothing to judge Q by"):
            SpectralLimits(1).fit(exact)


class TestTransferDifference:
    def test_hand_worked(self):
        source = np.zeros((2, 2))
        result = transfer_difference(source, [[1, 1], [3, 3]], [[-1, -1], [1, 1]])
        np.testing.assert_array_equal(result.mean_before, [2, 2])
        np.testing.assert_array_equal(result.residual_before, [[-1, -1], [1, 1]])
        np.testing.assert_array_equal(result.mean_after, [0, 0])
        assert result.rms_before == pytest.approx(np.sqrt(5)) and result.rms_after == 1
        assert result.mean_share_removed == 1 and result.residual_share_removed == 0
        assert "residual" in str(result) and "80.0%" in str(result)

    def test_mean_and_residual_add_up(self, spectra):
        source, target = spectra
        result = transfer_difference(source, target, target * 0.9)
        mean_square = np.mean(result.mean_before**2) + np.mean(result.residual_before**2)
        assert result.rms_before**2 == pytest.approx(mean_square)
        assert result.rms_before == pytest.approx(np.sqrt(np.mean((target - source) ** 2)))

    def test_nothing_to_remove(self):
        same = np.ones((2, 2))
        assert transfer_difference(same, same, same).share_removed == 0
        assert transfer_difference(same, same, same + 1).share_removed == -np.inf

    def test_wrong_input_is_explained(self, spectra):
        source, target = spectra
        with pytest.raises(ValueError, match="same samples"):
            transfer_difference(source, target[:5], target)
        with pytest.raises(NonFiniteSpectraError, match="transferred contains NaN"):
            transfer_difference(source, target, np.full_like(target, np.nan))

    def test_labelled_columns_are_compared_by_their_wavelengths(self, spectra):
        source, target = (pd.DataFrame(X, columns=1000.0 + 2 * np.arange(80)) for X in spectra)
        expected = transfer_difference(*spectra, spectra[1])
        result = transfer_difference(source.iloc[:, ::-1], target, target.iloc[:, ::-1])
        np.testing.assert_allclose(result.mean_before, expected.mean_before[::-1], rtol=1e-9, atol=1e-12)
        with pytest.raises(AxisMismatchError, match=r"source has 80 channels.*target has 80 channels from 1300"):
            transfer_difference(source, target.set_axis(target.columns + 300, axis=1), target)
