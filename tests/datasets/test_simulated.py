import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LinearRegression

from skspectral.datasets import make_instruments
from skspectral.exceptions import AxisMismatchError


def rows(data, instrument):
    return data.X[data.instrument == instrument]


def test_long_form_has_one_row_per_sample_instrument_and_replicate():
    data = make_instruments(7, 3, n_channels=50, n_components=4, n_targets=2, replicates=2)
    assert data.X.shape == (42, 50) and data.X.dtype == np.float64
    assert data.y.shape == (42, 2)
    assert data.instruments == ["A", "B", "C"]
    assert data.target_names == ["component_1", "component_2"]
    for name in data.instruments:
        ids, counts = np.unique(data.sample_id[data.instrument == name], return_counts=True)
        assert len(ids) == 7 and set(counts) == {2}
    # a sample's reference is the same on every instrument and replicate
    for sample in np.unique(data.sample_id):
        assert np.ptp(data.y[data.sample_id == sample], axis=0).max() == 0


def test_same_seed_gives_the_same_bits_and_another_seed_does_not():
    first, second, other = (make_instruments(10, random_state=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.X, second.X)
    assert not np.allclose(first.X, other.X)


def test_global_random_state_is_not_touched():
    np.random.seed(1)  # noqa: NPY002 - the global state is what is tested
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_instruments(5, random_state=None)
    make_instruments(5, random_state=0)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_generators_are_accepted_and_advance():
    rng = np.random.default_rng(0)
    first, second = make_instruments(5, random_state=rng), make_instruments(5, random_state=rng)
    assert not np.allclose(first.X, second.X)
    same = make_instruments(5, random_state=np.random.default_rng(0))
    np.testing.assert_array_equal(first.X, same.X)
    legacy = [make_instruments(5, random_state=np.random.RandomState(0)).X for _ in range(2)]
    np.testing.assert_array_equal(*legacy)


def test_a_further_instrument_leaves_the_others_as_they_were():
    two, three = make_instruments(10, 2), make_instruments(10, 3)
    for name in "AB":
        np.testing.assert_array_equal(rows(two, name), rows(three, name))


def test_no_difference_and_no_noise_gives_identical_instruments():
    data = make_instruments(10, 3, difference=0, noise=0)
    np.testing.assert_array_equal(rows(data, "A"), rows(data, "B"))
    np.testing.assert_array_equal(rows(data, "A"), rows(data, "C"))


def test_noise_has_the_requested_size():
    clean, noisy = make_instruments(60, noise=0), make_instruments(60, noise=0.01)
    assert np.std(noisy.X - clean.X) == pytest.approx(0.01, rel=0.05)
    # replicates differ by noise alone
    twice = make_instruments(60, 1, replicates=2, noise=0.01).X
    assert np.std(twice[::2] - twice[1::2]) == pytest.approx(0.01 * np.sqrt(2), rel=0.05)


def test_without_noise_and_scatter_the_reference_instrument_obeys_beer_and_lambert():
    data = make_instruments(40, 2, n_components=4, n_targets=4, noise=0, scatter=0)
    X, y = rows(data, "A"), data.y[data.instrument == "A"]
    np.testing.assert_allclose(y.sum(axis=1), 100.0)
    # spectra are linear in the contents, and the contents linear in the spectra
    np.testing.assert_allclose(LinearRegression(fit_intercept=False).fit(y, X).predict(y), X, atol=1e-12)
    assert np.linalg.matrix_rank(X, tol=1e-9) == 4


def test_a_calibration_fails_on_the_other_instrument_but_not_on_its_own():
    data = make_instruments(80, 2)
    on = {name: data.instrument == name for name in "AB"}
    y = data.y[on["A"], 0]
    model = PLSRegression(8, scale=False).fit(data.X[on["A"]], y)
    rmse = {name: np.sqrt(np.mean((model.predict(data.X[on[name]]) - y) ** 2)) for name in "AB"}
    native = PLSRegression(8, scale=False).fit(data.X[on["B"]], y)
    assert rmse["B"] > 10 * rmse["A"]
    assert np.sqrt(np.mean((native.predict(data.X[on["B"]]) - y) ** 2)) < 0.1 * rmse["B"]


def test_difference_scales_the_gap_between_instruments():
    gaps = [
        np.abs(np.subtract(rows(data, "A"), rows(data, "B"))).mean()
        for data in (make_instruments(20, noise=0, difference=d) for d in (0.5, 1.0, 2.0))
    ]
    assert gaps[0] < gaps[1] < gaps[2]


def test_reported_parameters_reproduce_a_pure_gain_and_baseline():
    data = make_instruments(10, 2, noise=0)
    assert data.instrument_parameters["A"] == {
        "shift": 0,
        "stretch": 0,
        "broadening": 0,
        "gain": 1,
        "baseline": (0, 0, 0),
        "stray_light": 0,
    }
    # undo stray light, baseline and gain of B: what is left is wavelength shift and bandwidth, which keep band areas
    truth, u = data.instrument_parameters["B"], np.linspace(-1, 1, 200)
    e, (o0, o1, o2) = truth["stray_light"], truth["baseline"]
    absorbance = -np.log10(10.0 ** -rows(data, "B") * (1 + e) - e)
    seen = (absorbance - o0 - o1 * u - o2 * u**2) / truth["gain"]
    inner = slice(20, -20)
    np.testing.assert_allclose(seen[:, inner].mean(), rows(data, "A")[:, inner].mean(), rtol=0.01)


def test_own_axis_in_either_direction():
    up = np.linspace(900, 1700, 80)
    data = make_instruments(5, wavelengths=up, noise=0)
    np.testing.assert_array_equal(data.wavelengths, up)
    down = make_instruments(5, 1, wavelengths=up[::-1], noise=0)
    np.testing.assert_array_equal(down.X[:, ::-1].argmax(axis=1), data.X[:5].argmax(axis=1))
    with pytest.raises(AxisMismatchError):
        make_instruments(5, wavelengths=[1100, 1100, 1102])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_samples", 0),
        ("n_instruments", 27),
        ("n_channels", 1),
        ("n_components", 0),
        ("n_targets", 6),
        ("replicates", 0),
        ("noise", -1.0),
        ("difference", np.nan),
        ("scatter", -0.1),
        ("n_samples", 2.5),
    ],
)
def test_numbers_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        make_instruments(**{name: value})
