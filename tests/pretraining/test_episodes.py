"""Episodes: the same from the same integers, honest splits, and what they predict."""

import pickle
from dataclasses import fields

import numpy as np
import pytest
import torch

from skspectral.nn.inputs import DOMAINS
from skspectral.pretraining import Corpus, InstrumentPriors
from skspectral.pretraining.config import PretrainingConfig
from skspectral.pretraining.data.batches import SlotMaker, prefetch
from skspectral.pretraining.head.episodes import collate, make_episode
from skspectral.pretraining.head.tasks import choose_rows, make_task
from skspectral.pretraining.instruments.grid import Window, average_channels, neighbouring_window

from .corpora import write_corpus

CONFIG = PretrainingConfig.load("tiny", n_channels=[64, 96], batch_size=10, own_axis=0.5)
PRIORS = InstrumentPriors()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return Corpus(write_corpus(tmp_path_factory.mktemp("corpus")))


def tensors(record):
    return {
        f.name: getattr(record, f.name) for f in fields(record) if isinstance(getattr(record, f.name), torch.Tensor)
    }


def assert_same(a, b):
    first, second = tensors(a), tensors(b)
    assert first.keys() == second.keys()
    for name, value in first.items():
        # another number of threads sums in another order; another draw is another spectrum
        torch.testing.assert_close(value, second[name], rtol=1e-4, atol=1e-5, equal_nan=True, msg=name)


def test_equal_places_give_equal_episodes_whatever_came_before(corpus):
    episode = make_episode(corpus, PRIORS, CONFIG, 64, (0, 5, 1, 2))
    state = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    make_episode(corpus, PRIORS, CONFIG, 96, (0, 6, 0, 0))
    again = make_episode(corpus, PRIORS, CONFIG, 64, (0, 5, 1, 2))
    assert_same(episode, again)
    assert episode.name == again.name
    other = make_episode(corpus, PRIORS, CONFIG, 64, (0, 5, 1, 3))
    assert other.source.shape != episode.source.shape or not torch.equal(other.source, episode.source)
    assert (np.random.get_state()[1] == state[0]).all() and torch.equal(torch.get_rng_state(), state[1])  # noqa: NPY002


def test_sizes(corpus):
    kinds, shorter = set(), 0
    for number in range(40):
        e = make_episode(corpus, PRIORS, CONFIG, 96, (1, 0, 0, number))
        assert CONFIG.n_source[0] <= len(e.source) <= CONFIG.n_source[1] and len(e.y_source) == len(e.source)
        assert CONFIG.n_test[0] <= len(e.test) <= CONFIG.n_test[1] and len(e.y_test) == len(e.test)
        assert len(e.standards) <= CONFIG.n_standards[1]
        assert e.source.shape[1] == len(e.source_axis) == 96
        assert e.standards.shape[1] == e.test.shape[1] == len(e.target_axis) <= 96
        shorter += len(e.target_axis) < 96
        for x in (e.source, e.test):
            assert torch.isfinite(x).all() and (x.std(1) > 0).all()
        assert torch.isfinite(e.y_source).all() and e.y_source.std() > 0
        kinds.add(e.name.split(": ")[1])
    assert kinds == {"protein", "components", "bands"}
    assert 5 < shorter < 35


def test_what_is_predicted_is_in_the_spectra(corpus):
    """On two exact instruments a linear model predicts every kind of reference."""
    exact = InstrumentPriors(**dict.fromkeys(PRIORS.to_dict(), 0.0))
    config = PretrainingConfig.from_dict(CONFIG.to_dict() | {"own_axis": 0.0, "n_source": [90, 100]})
    errors = {}
    for number in range(30):
        e = make_episode(corpus, exact, config, 96, (2, 0, 0, number))
        source, test = e.source.double().numpy(), e.test.double().numpy()
        centre, mean = source.mean(0), e.y_source.double().mean().item()
        gram = (source - centre) @ (source - centre).T
        alpha = np.linalg.solve(
            gram + 1e-3 * np.trace(gram) / 100 * np.eye(len(gram)), e.y_source.double().numpy() - mean
        )
        residual = (test - centre) @ (source - centre).T @ alpha + mean - e.y_test.double().numpy()
        errors.setdefault(e.name.split(": ")[1], []).append(np.mean(residual**2) / e.y_test.double().var().item())
    assert max(map(np.median, errors.values())) < 0.3, errors


def test_measured_references_appear_once_per_sample(corpus):
    material = corpus["flour"]
    twice = np.repeat(material.rows("train"), 2)
    rows, measured = choose_rows(material, twice, 50, 1.0, np.random.default_rng(0))
    assert len(rows) == len(np.unique(rows))
    np.testing.assert_allclose(measured[0], material.labels[rows, 0])
    assert choose_rows(material, twice, 50, 0.0, np.random.default_rng(0))[1] is None
    # fewer samples than asked for: no measured task is made of them
    assert choose_rows(material, twice, 500, 1.0, np.random.default_rng(0))[1] is None


def test_few_spectra_still_make_a_task():
    rng = np.random.default_rng(0)
    clean, y, _ = make_task(rng.random((7, 30)), np.linspace(1100, 1500, 30), None, 80, rng)
    assert clean.shape == (80, 30) and y.shape == (80,)
    assert np.unique(y).size == 80 and np.isfinite(clean).all()


def test_collate_puts_every_row_where_the_head_expects_it(corpus):
    episodes = [make_episode(corpus, PRIORS, CONFIG, 64, (3, 0, 0, k)) for k in range(3)]
    batch = collate(episodes, 64, 8)
    means = batch.spectra[:, :1, None]  # any feature of a row: its first channel
    rows = batch.rows(means)
    for k, e in enumerate(episodes):
        for part, x in zip(rows[:3], (e.source, e.standards, e.test), strict=True):
            torch.testing.assert_close(part[k, : len(x), 0, 0], x[:, 0])
            assert (part[k, len(x) :] == 0).all()
        torch.testing.assert_close(rows.y[k, : len(e.y_source)], e.y_source)
    assert set(batch.domain.tolist()) <= set(range(len(DOMAINS)))
    assert batch.lengths.max() <= 64 and (batch.wavenumbers > 0).all()


def test_slots_are_the_same_from_other_processes_in_any_order(corpus):
    places = [(step, slot) for step in range(3) for slot in range(2)]
    make = SlotMaker(corpus, PRIORS, CONFIG)
    runs = [list(prefetch(make, places, count)) for count in (0, 2)]
    runs.append(list(prefetch(make, places[::-1], 1))[::-1])
    for (_, expected), *others in zip(*runs, strict=True):
        for _, made in others:
            assert_same(made.batch, expected.batch)
            assert_same(made.episodes, expected.episodes)
    assert [number for number, _ in runs[0]] == [slot for _, slot in places]


def test_a_maker_can_be_sent_to_a_process(corpus):
    copied = pickle.loads(pickle.dumps(SlotMaker(corpus, PRIORS, CONFIG)))
    assert_same(copied(1, 0).batch, SlotMaker(corpus, PRIORS, CONFIG)(1, 0).batch)


def test_an_endless_run_stops_when_it_is_left(corpus):
    slots = iter(prefetch(SlotMaker(corpus, PRIORS, CONFIG), ((k, 0) for k in range(10**9)), 1))
    assert next(slots)[0] == 0


def test_views_hold_the_samples_of_the_clean_spectra(corpus):
    batch = SlotMaker(corpus, PRIORS, CONFIG)(0, 0).batch
    assert batch.instrument[0].unique().tolist() == [0] and len(batch.instrument.unique()) == 3
    assert batch.patch_mask.any(1).all() and not batch.patch_mask.all(1).any()
    absorbance = batch.clean * batch.scale + batch.location
    assert absorbance.min() > -0.2  # made-up spectra start at 0.3
    for view in batch.views:
        same = torch.nn.functional.cosine_similarity(view, batch.clean, dim=1)
        assert same.median() > 0.8 and not torch.equal(view, batch.clean)


def test_channels_are_averages():
    axis = np.linspace(0, 10, 101)
    X = np.vstack([axis, np.ones(101), (axis - 5) ** 2])
    grid = np.linspace(0, 10, 11)
    averaged = average_channels(X, axis, grid)
    np.testing.assert_allclose(averaged[0, 1:-1], grid[1:-1], atol=1e-12)
    np.testing.assert_allclose(averaged[1], 1.0)
    # mean of (x - 5)^2 over a unit interval around g is (g - 5)^2 + 1/12; straight pieces of 0.1 add 0.1^2 / 6
    np.testing.assert_allclose(averaged[2, 1:-1], (grid[1:-1] - 5) ** 2 + 1 / 12 + 0.01 / 6, rtol=1e-9)
    # white noise averages out instead of being picked
    noise = np.random.default_rng(0).standard_normal((1, 2001))
    assert average_channels(noise, np.linspace(0, 10, 2001), grid).std() < 0.2


def test_windows_know_wavenumbers(corpus):
    flour, oil, polymer = (Window(corpus[name], 0.0, 1.0, 50) for name in ("flour", "oil", "polymer"))
    np.testing.assert_allclose(flour.wavenumbers, 1e7 / flour.nm)
    np.testing.assert_allclose([oil.nm[0], oil.nm[-1]], [1e7 / 9000, 1e7 / 4000])
    np.testing.assert_allclose([polymer.wavenumbers[0], polymer.wavenumbers[-1]], [600, 3800])
    assert (np.diff(polymer.nm) > 0).all() and polymer.nm[0] == 1000
    X = corpus["oil"].X[:3].astype(float)
    ends = oil.read(X)[:, [0, -1]]
    np.testing.assert_allclose(ends, X[:, [-1, 0]], rtol=0.05)
    near = neighbouring_window(corpus["flour"], Window(corpus["flour"], 0.2, 0.8, 50), 40, np.random.default_rng(0))
    assert len(near.nm) == 40 and abs(near.low - 0.2) <= 0.09 and abs(near.high - 0.8) <= 0.09
