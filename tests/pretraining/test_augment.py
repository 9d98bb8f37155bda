"""Each alteration alone: its size, its unit and its shape."""

import numpy as np
import pytest
import torch

from skspectral.exceptions import AxisMismatchError
from skspectral.pretraining import Augmentation

AXIS = torch.linspace(1100, 2498, 700, dtype=torch.float64)
NOTHING = {"noise": 0.0, "baseline": 0.0, "shift": 0.0, "scaling": 0.0}


def band(axis, centre=1700.0):
    return torch.exp(-0.5 * ((axis - centre) / 40.0) ** 2)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def only(**strength):
    return Augmentation(**(NOTHING | strength))


def test_without_strength_nothing_changes():
    x = band(AXIS).expand(3, -1)
    assert torch.equal(only()(x, AXIS, generator()), x)


@pytest.mark.parametrize(("unit", "largest", "in_nm"), [("nm", 0.5, 0.5), ("channels", 3.0, 6.0)])
def test_spectra_are_shifted_by_what_the_unit_says(unit, largest, in_nm):
    x = band(AXIS).expand(300, -1)
    altered = only(shift=largest, shift_unit=unit)(x, AXIS, generator())
    candidates = torch.linspace(-1.05 * in_nm, 1.05 * in_nm, 211, dtype=torch.float64)
    shifted = torch.stack([band(AXIS + shift) for shift in candidates])
    distance = torch.cdist(altered, shifted)
    found = candidates[distance.argmin(1)]
    assert distance.amin(1).max() < 0.02 * in_nm
    assert found.abs().max() <= 1.01 * in_nm
    # uniform between both ends
    assert found.std() == pytest.approx(in_nm / 3**0.5, rel=0.1) and abs(found.mean()) < 0.1 * in_nm


def test_the_scale_stays_within_its_limits():
    ratio = only(scaling=0.05)(torch.ones(2000, 4, dtype=torch.float64), AXIS[:4], generator())
    assert (ratio == ratio[:, :1]).all()
    assert 0.95 <= ratio.min() < 0.951 and 1.049 < ratio.max() <= 1.05


def test_noise_is_white_and_of_the_given_size():
    noise = only(noise=0.01)(torch.zeros(200, 700, dtype=torch.float64), AXIS, generator())
    assert noise.std() == pytest.approx(0.01, rel=0.02)
    assert abs((noise[:, 1:] * noise[:, :-1]).mean() / noise.var()) < 0.02


@pytest.mark.parametrize("degree", [0, 1, 2, 4])
def test_the_baseline_is_a_polynomial(degree):
    drift = only(baseline=0.1, degree=degree)(torch.zeros(400, 700, dtype=torch.float64), AXIS, generator()).numpy()
    u = np.linspace(-1, 1, 700)
    coefficients = np.polynomial.legendre.legfit(u, drift.T, degree)
    np.testing.assert_allclose(np.polynomial.legendre.legval(u, coefficients), drift, atol=1e-12)
    np.testing.assert_allclose(coefficients.std(axis=1), 0.1, rtol=0.15)


def test_the_card_shifts_by_three_channels_and_keeps_the_rest():
    card = Augmentation.card()
    assert (card.noise, card.shift, card.shift_unit, card.scaling) == (0.01, 3.0, "channels", 0.05)
    assert (Augmentation().shift, Augmentation().shift_unit) == (0.5, "nm")


def test_one_strength_does_not_change_what_another_does():
    x = band(AXIS).expand(5, -1)
    both = only(scaling=0.05, noise=0.01)(x, AXIS, generator())
    apart = only(scaling=0.05)(x, AXIS, generator()) + only(noise=0.01)(x, AXIS, generator()) - x
    torch.testing.assert_close(both, apart)


def test_the_result_is_a_function_of_the_seed_and_of_the_spectra():
    x = band(AXIS).expand(4, -1).clone()
    kept, before = x.clone(), torch.get_rng_state()
    results = [Augmentation()(x, AXIS, generator(seed)) for seed in (1, 1, 2)]
    assert torch.equal(results[0], results[1]) and not torch.equal(results[0], results[2])
    assert torch.equal(x, kept) and torch.equal(torch.get_rng_state(), before)
    flipped = Augmentation()(x.flip(1), AXIS.flip(0), generator(1)).flip(1)
    torch.testing.assert_close(flipped, results[0])


def test_gradients_pass():
    x = torch.rand(2, 12, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: Augmentation()(x, AXIS[:12], generator()), x)


@pytest.mark.parametrize("changes", [{"noise": -1.0}, {"shift": float("nan")}, {"degree": -1}, {"shift_unit": "cm-1"}])
def test_impossible_strengths_are_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        Augmentation(**changes)


def test_a_wrong_axis_is_refused():
    with pytest.raises(AxisMismatchError, match="700"):
        Augmentation()(torch.zeros(2, 699), AXIS, generator())
