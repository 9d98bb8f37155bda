"""Known mistakes are found where spectra are of so many kinds that no distance from the calibration finds them."""

import numpy as np
import pytest

from skspectral.deployment._flags import Flags
from skspectral.diagnostics import TargetLimits
from skspectral.diagnostics._mistakes import NOISE, OTHER_INSTRUMENT, SLIGHT, STEP, MistakeModel
from skspectral.diagnostics._target_model import SpectraModel

N_CHANNELS, N_STANDARDS = 30, 10


def spectra():
    """Absorbance of samples with bands anywhere on a slope: rows to fit, and others as target and source see them."""
    rng = np.random.default_rng(0)
    channels = np.arange(N_CHANNELS)

    def source(n):
        at = rng.uniform(0, N_CHANNELS, (n, 3, 1))
        at[:, 0] = rng.normal(6, 1, (n, 1))
        bands = np.exp(-0.5 * ((channels - at) / rng.uniform(2.0, 4.0, (n, 3, 1))) ** 2)
        size = rng.uniform(0.02, 0.1, (n, 3, 1)) + np.array([0.15, 0.0, 0.0])[:, None]
        clean = (size * bands).sum(axis=1) + rng.uniform(0.3, 0.8, (n, 1)) + 0.006 * channels
        return clean + 0.001 * rng.standard_normal((n, N_CHANNELS))

    def target(X):
        return 1.05 * X + 0.1 * np.sin(channels / 3.0) + 0.001 * rng.standard_normal(X.shape)

    calibration, new = source(100), source(200)
    X = np.concatenate([calibration, target(calibration[:N_STANDARDS])])
    labels = {
        "instrument": np.array(["A"] * 100 + ["B"] * N_STANDARDS),
        "sample_id": np.concatenate([np.arange(100), np.arange(N_STANDARDS)]).astype(str),
    }
    return X, labels, target(new), new


@pytest.fixture(scope="module")
def many_kinds():
    X, labels, new, before = spectra()
    return TargetLimits(source="A", target="B", quantity="absorbance").fit(X, **labels), new, before


def general(found):
    """Whether the statistics that know of no mistake find each spectrum."""
    names = [name for name in found.ratios if name.split()[0] in ("spectrum", "derivative", "roughness")]
    return np.max([found.ratios[name] for name in names], axis=0) > 1


def test_good_spectra_are_let_through(many_kinds):
    limits, new, _ = many_kinds
    found = limits.check(new)
    assert found.outside.mean() <= 0.03
    assert found.file_mistake is None
    # a little nearer is chance
    nearer = {name: limit for name, limit in limits.limits_.items() if name in found.undone}
    assert all(limit >= (1.0 if name in SLIGHT else 2.0) for name, limit in nearer.items())


@pytest.mark.parametrize(
    ("wrong", "name", "share"),
    [
        (lambda X: X[:, ::-1], "a reversed axis", 0.95),
        (lambda X: 10.0**-X, "reflectance or transmittance instead of absorbance", 0.9),
        (lambda X: 100.0 * 10.0**-X, "percent reflectance or transmittance instead of absorbance", 0.95),
        (lambda X: -X, "another sign", 0.95),
        (lambda X: X + 0.3 * (np.arange(N_CHANNELS) >= 13), STEP, 0.9),
    ],
)
def test_mistakes_are_found_and_named(many_kinds, wrong, name, share):
    limits, new, _ = many_kinds
    found = limits.check(wrong(new))
    assert found.outside.mean() >= share
    assert np.mean([named == name for named in found.mistakes]) >= 0.8
    assert found.file_mistake == (name if name in limits.expected_ and name != STEP else None)


def test_what_is_no_outlier_is_found_by_undoing_it(many_kinds):
    limits, new, before = many_kinds
    found = limits.check(new[:, ::-1])
    assert found.outside.mean() >= general(found).mean() + 0.3
    unmoved = limits.check(before)
    assert np.mean([named == OTHER_INSTRUMENT for named in unmoved.mistakes]) >= 0.8


def test_noise_is_known_by_its_neighbours(many_kinds):
    limits, new, _ = many_kinds
    noise = new.mean(axis=1, keepdims=True) + 0.1 * np.random.default_rng(1).standard_normal(new.shape)
    found = limits.check(noise)
    assert found.outside.all() and np.mean([name == NOISE for name in found.mistakes]) >= 0.95


def test_what_can_have_gone_wrong_depends_on_the_quantity():
    X, labels, new, _ = spectra()
    limits = TargetLimits(source="A", target="B", quantity="reflectance").fit(10.0**-X, **labels)
    for wrong, name in (
        (new, "absorbance instead of reflectance or transmittance"),
        (100.0 * 10.0**-new, "percent instead of a fraction"),
    ):
        found = limits.check(wrong)
        assert np.mean([named == name for named in found.mistakes]) >= 0.8
    percent = TargetLimits(source="A", target="B", quantity="% reflectance").fit(100.0 * 10.0**-X, **labels)
    assert percent.check(new).outside.mean() >= 0.95
    for known in (limits, percent):
        assert not any(name.endswith("instead of absorbance") for name in known.check(new).undone)


def test_a_file_is_judged_together(many_kinds):
    limits, new, _ = many_kinds
    backwards = new[:, ::-1]
    quiet = backwards[~limits.check(backwards).outside]
    mixed = limits.check(np.concatenate([backwards[:10], new[:40]]))
    assert mixed.file_mistake is None and limits.check(backwards[:2]).file_mistake is None
    flags = Flags(len(quiet) + 20, 1)
    flags.add_spectra(np.concatenate([quiet, backwards[:20]]), limits, "B")
    assert (flags.flag() != "").all()
    assert all("together look like a reversed axis" in text for text in flags.reason()[: len(quiet), 0])
    alone = Flags(1, 1)
    alone.add_spectra(backwards[:1], limits, "B")
    assert alone.reason()[0, 0] == "looks like a reversed axis"


def test_the_step_is_that_of_generalised_least_squares():
    rng = np.random.default_rng(2)
    axes = np.linalg.qr(rng.standard_normal((12, 3)))[0].T
    model = SpectraModel(rng.standard_normal(12), axes, np.array([4.0, 2.0, 1.0]), rng.uniform(0.01, 0.02, 12))
    X = model.mean + rng.standard_normal((5, 3)) @ axes + 0.1 * rng.standard_normal((5, 12))
    X[:, 7:] += 0.8
    inverse = np.linalg.inv(axes.T @ np.diag(model.variances) @ axes + np.diag(model.noise))
    mistakes = MistakeModel(None, {"level": model}, np.zeros(12))
    left = mistakes._without_step(X)
    for spectrum, found in zip(X - model.mean, left - model.mean):
        best = np.inf
        for at in range(1, 12):
            step = (np.arange(12) >= at).astype(float)
            without = spectrum - (step @ inverse @ spectrum) / (step @ inverse @ step) * step
            best = min(best, without @ inverse @ without)
        assert found @ inverse @ found == pytest.approx(best, rel=1e-6)
