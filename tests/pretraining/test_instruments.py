"""Simulated instruments against what optics says, one effect at a time, and as random draws."""

import json
import math
from dataclasses import fields
from itertools import starmap

import numpy as np
import pytest
import torch

from skspectral.exceptions import AxisMismatchError
from skspectral.pretraining import InstrumentPriors, Instruments, draw_instruments
from skspectral.pretraining.instruments.curves import waves
from skspectral.pretraining.instruments.priors import SHIPPED

AXIS = torch.linspace(1100, 2498, 700, dtype=torch.float64)
NOTHING = dict.fromkeys(InstrumentPriors().to_dict(), 0.0) | {"noise_length": 10.0}
# effects that every measurement has alike
SYSTEMATIC = ["shift", "stretch", "width", "gain", "gain_shape", "nonlinearity", "stray_light", "offset", "baseline"]
SYSTEMATIC += ["coupling"]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def band(axis, centre=1700.0, width=40.0):
    return torch.exp(-0.5 * ((axis - centre) / width) ** 2)


def ideal(n=1, **values):
    """Instruments that do nothing but what is given."""
    instruments = draw_instruments(n, InstrumentPriors(**NOTHING), generator()).to(torch.float64)
    for name, value in values.items():
        setattr(instruments, name, torch.as_tensor(value, dtype=torch.float64).reshape(-1, 1))
    return instruments


def spectra(n=4):
    """Smooth spectra of several bands."""
    random = generator(1)
    centres = 1150 + 1300 * torch.rand(n, 6, 1, generator=random, dtype=torch.float64)
    heights = torch.rand(n, 6, 1, generator=random, dtype=torch.float64)
    return 0.3 + (heights * band(AXIS, centres, 50.0)).sum(1)


@pytest.mark.parametrize("random", [None, generator()])
def test_an_ideal_instrument_changes_nothing(random):
    x = spectra()
    torch.testing.assert_close(ideal().measure(x, AXIS, random), x, rtol=0, atol=1e-12)


def test_shift_and_stretch_move_bands_by_nanometres():
    read = ideal(shift=1.5, stretch=-2.0).measure(band(AXIS)[None], AXIS)
    expected = band(AXIS + 1.5 - 2.0 * (AXIS - 1500) / 1000)
    assert (read - expected).abs().max() < 2e-5
    assert (read - band(AXIS)).abs().max() > 0.015


def test_the_line_shape_adds_its_variance_to_that_of_a_band():
    read = ideal(width=30.0).measure(band(AXIS)[None], AXIS)[0]
    expected = 40 / 50 * band(AXIS, width=50.0)
    inner = (AXIS > 1300) & (AXIS < 2200)
    assert (read - expected)[inner].abs().max() < 1e-3


def test_straight_lines_pass_the_optics_to_the_very_ends():
    line = (0.2 + 1e-3 * (AXIS - 1100))[None]
    read = ideal(shift=2.0, width=8.0).measure(line, AXIS)
    torch.testing.assert_close(read, line + 2e-3, rtol=0, atol=1e-9)


def test_stray_light_limits_absorbance():
    x = torch.tensor([[0.0, 0.5, 1.0, 2.0, 3.0, 6.0, 40.0]], dtype=torch.float64)
    read = ideal(stray_light=0.01).measure(x, AXIS[:7])[0]
    expected = [-math.log10((10.0**-value + 0.01) / 1.01) for value in x[0].tolist()[:-1]]
    np.testing.assert_allclose(read[:-1], expected, rtol=1e-12, atol=1e-12)
    assert read[-2] == pytest.approx(2.0, abs=0.01)


def test_gain_nonlinearity_and_offset_act_on_absorbance():
    x = spectra()
    read = ideal(gain=1.1, nonlinearity=0.05, offset=-0.2).measure(x, AXIS)
    torch.testing.assert_close(read, 1.1 * (x + 0.05 * x**2) - 0.2)


@pytest.mark.parametrize(("name", "curve"), [("gain_shape", 0), ("baseline", 1)])
def test_smooth_curves_follow_wavelength_not_channels(name, curve):
    instrument = ideal(**{name: 0.1})
    shape = instrument.curves[0, curve] @ waves(AXIS[None], instrument.frequency, instrument.wave_phase)[0]
    x = spectra()
    read = instrument.measure(x, AXIS)
    torch.testing.assert_close(read, x * (1 + 0.1 * shape) if name == "gain_shape" else x + 0.1 * shape)
    part = instrument.measure(x[:, 200:401:4], AXIS[200:401:4])
    torch.testing.assert_close(part, read[:, 200:401:4])


def test_coupling_is_linear_in_the_spectrum_and_of_low_rank():
    instrument = ideal(coupling=0.3)
    x = spectra(12)
    added = instrument.measure(x, AXIS) - x
    torch.testing.assert_close(instrument.measure(2 * x + 0.7, AXIS) - (2 * x + 0.7), 2 * added)
    values = torch.linalg.svdvals(added)
    assert values[3] > 1e-6 * values[0] and values[4] < 1e-10 * values[0]


def test_coupling_does_not_depend_on_the_instruments_own_channels():
    x = spectra()
    fine = ideal(coupling=0.3)
    coarse = ideal(coupling=0.3, sampling=8.0, phase=0.5)
    coarse.curves, coarse.frequency, coarse.wave_phase = fine.curves, fine.frequency, fine.wave_phase
    assert (coarse.measure(x, AXIS) - fine.measure(x, AXIS)).abs().max() < 0.01
    assert (fine.measure(x, AXIS) - x).abs().max() > 0.02


def test_own_channels_are_coarse():
    sharp = band(AXIS, 1703.0, 1.0)[None]
    read = ideal(sampling=10.0, phase=0.0).measure(sharp, AXIS)[0]
    # between channels at 1700 and 1710 nm, 3 standard deviations from the band's centre, there is next to nothing
    assert read.max() < 0.05
    smooth = spectra()
    assert (ideal(sampling=10.0, phase=0.3).measure(smooth, AXIS) - smooth).abs().max() < 0.01
    finer = ideal(sampling=1.0).measure(smooth, AXIS)
    torch.testing.assert_close(finer, smooth)


def test_noise_is_as_large_as_said_and_grows_with_absorbance():
    zeros = torch.zeros(400, 700, dtype=torch.float64)
    noise = ideal(noise=1e-3, noise_growth=0.5).measure(zeros, AXIS, generator())
    assert noise.std() == pytest.approx(1e-3, rel=0.02)
    darker = ideal(noise=1e-3, noise_growth=0.5).measure(zeros + 2, AXIS, generator()) - 2
    torch.testing.assert_close(darker, 10 * noise)


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_part_of_the_noise_is_smooth_over_its_length(share):
    zeros = torch.zeros(400, 700, dtype=torch.float64)
    noise = ideal(noise=1.0, noise_colour=share, noise_length=10.0).measure(zeros, AXIS, generator())
    assert noise.var() == pytest.approx(1, rel=0.03)
    step = float(AXIS[1] - AXIS[0])
    for lag in (1, 5, 20):
        correlation = (noise[:, lag:] * noise[:, :-lag]).mean()
        # white noise smoothed by a Gaussian window of 10 nm
        expected = share**2 * math.exp(-((lag * step) ** 2) / (4 * 10.0**2))
        assert correlation == pytest.approx(expected, abs=0.03)


def test_measurements_scatter_drift_and_warm_up():
    x = spectra(1).expand(1000, -1)
    slope = torch.gradient(x[:1], dim=1)[0] / (AXIS[1] - AXIS[0])
    cases = {"scatter": 0.1 * x[0], "temperature": 0.1 * slope[0]}
    for name, expected in cases.items():
        changed = ideal(**{name: 0.1}).measure(x, AXIS, generator()) - x
        direction = expected / expected.norm()
        along = changed @ direction
        assert along.std() == pytest.approx(float(expected.norm()), rel=0.1)
    drift = ideal(drift=0.1).measure(x, AXIS, generator()) - x
    coefficients = np.polyfit((AXIS.numpy() - AXIS.mean().item()) / 500, drift.numpy().T, 2)
    np.testing.assert_allclose(coefficients.std(axis=1), [0.05, 0.1, 0.1], rtol=0.1)


def test_some_measurements_are_much_worse_than_most():
    x = spectra(1).expand(4000, -1)
    sizes = []
    for tail in (0.0, 0.8):
        sizes.append((ideal(packing=0.1, tail=tail).measure(x, AXIS, generator()) - x).square().mean(1).sqrt())
    assert sizes[1].square().mean() == pytest.approx(float(sizes[0].square().mean()), rel=0.2)
    assert sizes[1].median() < 0.75 * sizes[0].median() and sizes[1].quantile(0.99) > 1.3 * sizes[0].quantile(0.99)


def test_packing_has_few_factors_of_falling_size():
    x = spectra(1).expand(500, -1)
    changed = ideal(packing=0.1).measure(x, AXIS, generator()) - x
    values = torch.linalg.svdvals(changed)
    assert values[3] > 1e-3 * values[0] and values[4] < 1e-9 * values[0]


def test_rows_on_their_own_instruments_and_axes_are_as_if_alone():
    instruments = draw_instruments(3, InstrumentPriors(), generator()).to(torch.float64)
    x, which = spectra(4), torch.tensor([2, 0, 0, 1])
    axes = AXIS + torch.arange(4.0)[:, None] * 7
    together = instruments[which].measure(x, axes)
    for row, number in enumerate(which.tolist()):
        alone = instruments[number].measure(x[row : row + 1], axes[row])
        torch.testing.assert_close(together[row], alone[0])
    shared = instruments[1].measure(x, AXIS)
    torch.testing.assert_close(instruments[torch.ones(4, dtype=torch.long)].measure(x, AXIS), shared)
    torch.testing.assert_close(instruments[1].measure(x.flip(1), AXIS.flip(0)).flip(1), shared)
    apart = torch.cat([instruments[1].measure(x[row : row + 1], axes[row]) for row in range(4)])
    torch.testing.assert_close(instruments[1].measure(x, axes), apart)
    assert len(instruments) == 3 and len(instruments[1:]) == 2


def test_gradients_reach_spectra_and_every_systematic_parameter():
    instruments = draw_instruments(2, InstrumentPriors(sampling=0.0), generator()).to(torch.float64)
    axis = AXIS[:30]

    def measured(x, *values):
        changed = {field.name: getattr(instruments, field.name) for field in fields(instruments)}
        return Instruments(**changed | dict(zip(SYSTEMATIC, values))).measure(x, axis)

    values = [getattr(instruments, name).clone().requires_grad_() for name in SYSTEMATIC]
    x = spectra(2)[:, :30].requires_grad_()
    assert torch.autograd.gradcheck(measured, (x, *values))
    gradients = torch.autograd.grad(measured(x, *values).square().sum(), values)
    assert all((gradient != 0).all() for gradient in gradients)


def test_noise_parameters_have_gradients_too():
    instrument = draw_instruments(1, InstrumentPriors(), generator())
    names = (
        "noise",
        "scatter",
        "drift",
        "packing",
        "temperature",
        "tail",
        "noise_growth",
        "noise_colour",
        "noise_length",
    )
    for name in names:
        getattr(instrument, name).requires_grad_()
    read = instrument.measure(spectra(3).float(), AXIS.float(), generator())
    for name, gradient in zip(names, torch.autograd.grad(read.square().sum(), [getattr(instrument, n) for n in names])):
        assert gradient.isfinite().all() and gradient.abs().sum() > 0, name


@pytest.mark.parametrize("make", [np.random.default_rng, generator])
def test_instruments_and_measurements_are_functions_of_the_seed(make):
    x = spectra(2)
    kept, before = x.clone(), torch.get_rng_state()

    def measured(seed):
        random = make(seed)
        return draw_instruments(2, InstrumentPriors(), random).measure(x, AXIS, random)

    assert torch.equal(measured(5), measured(5)) and not torch.equal(measured(5), measured(6))
    assert torch.equal(x, kept) and torch.equal(torch.get_rng_state(), before)
    with pytest.raises(TypeError, match="Generator"):
        draw_instruments(2, InstrumentPriors(), 5)


@pytest.mark.parametrize(("spread", "grade"), [(0.0, 0.0), (0.4, 0.0), (0.0, 0.4), (0.3, 0.3)])
def test_sizes_are_those_of_the_priors_whatever_their_spread(spread, grade):
    priors = InstrumentPriors(spread=spread, grade=grade)
    drawn = draw_instruments(20_000, priors, generator())
    for name in ("shift", "stretch", "nonlinearity", "offset"):
        assert getattr(drawn, name).std() == pytest.approx(getattr(priors, name), rel=0.08)
    for name in ("width", "stray_light"):
        value = getattr(drawn, name)
        assert value.min() >= 0 and value.square().mean().sqrt() == pytest.approx(getattr(priors, name), rel=0.08)
    for name in ("scatter", "noise", "baseline"):
        assert getattr(drawn, name).square().mean().sqrt() == pytest.approx(getattr(priors, name), rel=0.08)
    assert drawn.gain.log().std() == pytest.approx(priors.gain, rel=0.08)
    sizes = torch.cat([drawn.scatter, drawn.noise], 1).log().T
    if spread or grade:
        together = grade**2 / (grade**2 + spread**2)
        assert torch.corrcoef(sizes)[0, 1] == pytest.approx(together, abs=0.03)


@pytest.mark.parametrize("smoothness", [0.0, 1.0, 2.0])
def test_curves_have_variance_one_and_become_smooth(smoothness):
    drawn = draw_instruments(2000, InstrumentPriors(smoothness=smoothness), generator())
    axis = torch.linspace(1000, 2500, 300)[None]
    curve = (drawn.curves[:, 1:2] @ waves(axis.expand(2000, -1), drawn.frequency, drawn.wave_phase))[:, 0]
    assert curve.var() == pytest.approx(1, rel=0.1)
    roughness = torch.gradient(curve, dim=1)[0].std() / curve.std()
    limits = {0.0: (0.05, 0.2), 1.0: (0.005, 0.05), 2.0: (0.0, 0.02)}[smoothness]
    assert limits[0] < roughness < limits[1]


def test_ranges_are_cropped_at_both_ends():
    drawn = draw_instruments(4000, InstrumentPriors(crop=0.1), generator())
    covered = drawn.covers(AXIS.float())
    assert covered[:, 280:420].all() and covered.shape == (4000, 700)
    missing = torch.stack([~covered[:, :280], ~covered[:, 420:]]).float().sum(2).mean(1) / 700
    # the mean of an exponential distribution that is cut at four times its mean
    np.testing.assert_allclose(missing, 0.1 * (1 - math.exp(-4)), rtol=0.08)
    assert draw_instruments(5, InstrumentPriors(crop=0.0), generator()).covers(AXIS).all()


def test_impossible_requests_are_refused():
    instruments = draw_instruments(3, InstrumentPriors(), generator())
    with pytest.raises(ValueError, match=r"\(4, 700\) on 3 instruments"):
        instruments.measure(spectra(4), AXIS)
    with pytest.raises(AxisMismatchError, match="699"):
        instruments.measure(spectra(3), AXIS[:-1])


def test_priors_survive_a_file_and_name_what_is_wrong(tmp_path):
    priors = InstrumentPriors(shift=0.25, noise=1e-5)
    priors.to_json(tmp_path / "priors.json", command="by hand", seconds=3)
    assert InstrumentPriors.from_json(tmp_path / "priors.json") == priors
    assert json.loads((tmp_path / "priors.json").read_text())["made"] == {"command": "by hand", "seconds": 3}
    with pytest.raises(ValueError, match="Unknown priors: colour"):
        InstrumentPriors.from_dict({"colour": 1.0})
    for name, value in (("noise", -1.0), ("shift", math.nan), ("gain", "large"), ("crop", 1.5)):
        with pytest.raises(ValueError, match=name):
            InstrumentPriors(**{name: value})


def test_the_shipped_priors_say_what_they_were_fitted_to():
    made = json.loads(SHIPPED.read_text())["made"]
    assert made["command"] == "python -m benchmarks.instruments"
    names = [entry.split(":")[0] for entry in made["fitted_to"]]
    # the pair with references judges what is trained on these instruments
    assert "drugs_K" in names and "feedgrain" not in names


def test_the_shipped_priors_are_the_default_and_measure_finite_spectra():
    drawn = list(starmap(draw_instruments, [(50, None, generator()), (50, InstrumentPriors.fitted(), generator())]))
    assert all(torch.equal(getattr(drawn[0], f.name), getattr(drawn[1], f.name)) for f in fields(Instruments))
    extreme = torch.cat([spectra(48), torch.full((1, 700), 5.5), torch.full((1, 700), -1.5)]).float()
    read = drawn[0].measure(extreme, AXIS.float(), generator())
    assert read.isfinite().all() and read.shape == (50, 700)


def test_a_gpu_gives_what_the_processor_gives():
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    x = spectra(3).float()
    on_processor, on_gpu = (
        draw_instruments(3, InstrumentPriors(), generator(), device).measure(
            x.to(device), AXIS.to(device), generator(7)
        )
        for device in ("cpu", "cuda")
    )
    torch.testing.assert_close(on_gpu.cpu(), on_processor, rtol=1e-4, atol=1e-5)
