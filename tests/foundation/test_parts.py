"""The parts of the foundation model one by one."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from skspectral._core.roles import TransferRows
from skspectral.foundation import TestTimeTraining, _readout
from skspectral.foundation._mixture import expert_weights, mix, network_shares
from skspectral.foundation._readout import kept_source, own_task, property_tasks
from skspectral.nn import SpectralFM, SpectralFMConfig

CONSTANTS = {
    "prior": {"portfolio": 0.5, "network": 0.3, "own range": 0.2},
    "without_standards": {"portfolio": 0.4, "network": 0.6, "own range": 0.0},
    "power": 0.5,
    "half": 20,
    "excess": {"power": 2.0, "floor": 0.5},
}


def weights(constants=CONSTANTS, standards=3, **errors):
    held_out = {name.replace("_", " "): value for name, value in errors.items()}
    found = expert_weights(held_out, np.ones(1), standards=standards, constants=constants)
    assert_allclose(sum(found.values()), 1)
    return found


def test_weights_go_to_the_expert_that_errs_less():
    rng = np.random.default_rng(0)
    good, bad = 0.1 * rng.standard_normal((40, 1)), 3 + rng.standard_normal((40, 1))
    assert weights(portfolio=bad, network=good)["network"][0] > 0.95
    assert weights(portfolio=good, network=bad)["network"][0] < 0.05


def test_more_standards_say_more_and_by_the_learned_power():
    shares = []
    for n in (3, 10, 40):
        found = weights(portfolio=np.full((n, 1), 2.0), network=np.full((n, 1), 1.0))
        shares.append(found["network"][0])
        evidence = 0.25 * n / (1 + n / 20) * np.log(4.01 / 1.01)
        assert_allclose(np.log(shares[-1] / (1 - shares[-1])), np.log(0.6) + evidence)
    assert shares == sorted(shares)


def test_little_evidence_leaves_the_prior():
    one = np.array([[1.0], [np.nan], [np.nan]])
    assert weights(portfolio=one, network=0 * one)["network"][0] == pytest.approx(0.3 / 0.8)
    unknown = np.full((3, 1), np.nan)
    assert weights(portfolio=unknown, network=unknown)["network"][0] == pytest.approx(0.3 / 0.8)
    assert weights(portfolio=unknown, network=unknown, standards=0)["network"][0] == pytest.approx(0.6)
    two = np.full((3, 2), np.nan)
    found = expert_weights({"portfolio": two, "network": two}, np.ones(2), standards=[0, 3], constants=CONSTANTS)
    assert_allclose(found["network"], [0.6, 0.3 / 0.8])
    same = np.ones((6, 1))
    assert weights(portfolio=same, network=same)["network"][0] == pytest.approx(0.3 / 0.8)


def test_without_standards_an_expert_that_says_more_than_references_vary_is_heard_less():
    unknown = dict.fromkeys(("portfolio", "network"), np.full((3, 2), np.nan))
    said = {"portfolio": np.array([8.0, 8.0]), "network": np.array([0.1, 1.9])}
    found = expert_weights(unknown, np.array([2.0, 2.0]), standards=[0, 3], said=said, constants=CONSTANTS)
    # the portfolio's variance is four times that of the references, the network's is within it
    assert_allclose(found["network"] / found["portfolio"], [0.6 / 0.4 * (0.5 + 3) / 0.5, 0.3 / 0.5])
    # with one standard, prior weights are between those without and those with three
    between = expert_weights(unknown, np.array([2.0, 2.0]), standards=[1, 2], said=said, constants=CONSTANTS)
    prior = [(0.6 / 0.4) ** (1 - n / 3) * (0.3 / 0.5) ** (n / 3) for n in (1, 2)]
    assert_allclose(between["network"] / between["portfolio"], [prior[0] * 7, prior[1] * 7])
    tamed = expert_weights(unknown, np.full(2, 8.0), standards=0, said=said, constants=CONSTANTS)
    assert_allclose(tamed["network"], 0.6)


def test_an_expert_on_standards_alone_is_not_there_without_them():
    same, unknown = np.ones((6, 1)), np.full((6, 1), np.nan)
    found = weights(portfolio=same, network=same, own_range=unknown)
    assert found["own range"][0] == 0 and found["network"][0] == pytest.approx(0.3 / 0.8)
    assert weights(portfolio=same, network=same, own_range=same)["own range"][0] == pytest.approx(0.2)
    assert weights(own_range=same)["own range"][0] == 1


def test_properties_weigh_on_their_own():
    rng = np.random.default_rng(1)
    portfolio, network = rng.standard_normal((2, 12, 2))
    network[:, 1] *= 0.01
    both = weights(portfolio=portfolio, network=network)["network"]
    alone = [weights(portfolio=portfolio[:, [j]], network=network[:, [j]])["network"][0] for j in range(2)]
    assert_allclose(both, alone)


def test_shares_leave_the_portfolio_out():
    given = {
        "portfolio": np.array([0.5, 1.0]),
        "network": np.array([0.4, 3e-100]),
        "own range": np.array([0.1, 1e-100]),
    }
    shares = network_shares(given)
    assert list(shares) == ["network", "own range"]
    assert_allclose(shares["network"], [0.8, 0.75])


def test_nobody_listens_to_an_expert_without_weight():
    values = {"portfolio": np.ones((3, 2)), "own range": np.array([[2.0, np.nan]] * 3)}
    given = {"portfolio": np.array([0.5, 1.0]), "own range": np.array([0.5, 0.0])}
    assert_allclose(mix(values, given), [[1.5, 1.0]] * 3)


def rows_with_gaps():
    """Samples a to e on the source, c and a on the target, x on the target alone; some without reference."""
    X = np.arange(8.0)[:, None] + np.linspace(0, 1, 4)
    y = np.array([[1.0], [2.0], [3.0], [np.nan], [5.0], [np.nan], [np.nan], [9.0]])
    instrument = np.array(list("AAAAABBB"), dtype=object)
    ids = np.array(["a", "b", "c", "d", "e", "c", "a", "x"], dtype=object)
    return TransferRows.sort_out(X, y, instrument=instrument, sample_id=ids, source="A", target="B")


def test_tasks_put_source_twins_at_the_standards_places():
    rows = rows_with_gaps()
    source, target = (torch.from_numpy(part[0][:, None]) for part in (rows.source_samples, rows.target_samples))
    task = property_tasks(rows, kept_source(rows), source, target)
    assert task.source.shape == (1, 6, 1, 4) and task.standards.shape == (1, 3, 1, 4)
    paired = task.on_pairs[0].bool()
    assert paired.sum() == 2
    # First columns tell the samples apart: twins were measured 5 and 6 rows further down.
    shift = (task.standards[0, :, 0, 0] - task.source[0, :3, 0, 0])[paired]
    assert sorted(shift.tolist()) == [3.0, 6.0]
    assert task.on_source[0, :3][~paired].item() == 0
    assert task.on_standards.sum() == 3 and task.on_source.sum() == 4
    assert_allclose(np.sort(task.y_standards[0]), [1.0, 3.0, 9.0])


def test_of_very_many_source_samples_pairs_and_a_spread_are_kept(monkeypatch):
    rows = rows_with_gaps()
    assert_array_equal(kept_source(rows), range(5))
    monkeypatch.setattr(_readout, "MOST_SOURCE", 3)
    kept = kept_source(rows)
    codes, target = rows.source_samples[2][kept], rows.target_samples[2]
    assert len(kept) == 3 and np.isin(target, codes).sum() == 2
    task = property_tasks(rows, kept, torch.ones(3, 1, 4), torch.ones(3, 1, 4))
    assert task.on_pairs.sum() == 2 and task.on_source.sum() == 3


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return SpectralFM(SpectralFMConfig.preset("tiny")).eval()


def spectra(n=20, length=128):
    x = torch.linspace(0, 6, length)
    amounts = torch.rand(n, 2, generator=torch.Generator().manual_seed(1))
    return torch.sin(x) * amounts[:, :1] + torch.cos(2 * x) * amounts[:, 1:], torch.linspace(9000, 4500, length)


def test_test_time_training_changes_normalisation_alone_and_improves_reconstruction(network):
    x, axis = spectra()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    training = TestTimeTraining(20, learning_rate=1e-2)
    adapted = training(network, x, axis)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    allowed = {name for name, _ in network.normalisation_parameters()}
    changed = {name for name, value in adapted.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and changed <= allowed
    assert training.losses_[training.steps_] == min(training.losses_) < training.losses_[0]


def test_test_time_training_repeats_itself_and_stops(network):
    x, axis = spectra()
    runs = [TestTimeTraining(5, seed=3) for _ in range(2)]
    first, second = (training(network, x, axis) for training in runs)
    assert runs[0].losses_ == runs[1].losses_
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    hopeless = TestTimeTraining(50, learning_rate=10.0, patience=2)
    adapted = hopeless(network, x, axis)
    assert len(hopeless.losses_) < 50 and hopeless.steps_ <= len(hopeless.losses_) - 3
    if hopeless.steps_ == 0:
        assert all(torch.equal(a, b) for a, b in zip(adapted.parameters(), network.parameters(), strict=True))


def test_no_steps_change_nothing(network):
    x, axis = spectra()
    adapted = TestTimeTraining(0)(network, x, axis)
    assert all(torch.equal(a, b) for a, b in zip(adapted.parameters(), network.parameters(), strict=True))


@pytest.mark.parametrize("params", [{"steps": -1}, {"steps": 1.5}, {"mask_share": 0.0}, {"mask_share": 1.0}])
def test_wrong_settings_are_named(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        TestTimeTraining(**params)


def test_own_tasks_need_no_source():
    rows = rows_with_gaps()
    target = torch.from_numpy(rows.target_samples[0][:, None])
    task = own_task(rows, target)
    assert task.source.shape == (1, 3, 1, 4) and task.standards.shape == (1, 0, 1, 4)
    assert int(task.on_source.sum()) == int(np.isfinite(rows.target_samples[1]).sum())
