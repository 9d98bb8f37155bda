"""The closed form beside which the head is judged, and the kinds of episodes that it learns from."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from skspectral.pretraining import Corpus, InstrumentPriors, draw_instruments
from skspectral.pretraining.config import EPISODE_KINDS, PretrainingConfig
from skspectral.pretraining.head.closed_form import SETTINGS, closed_form, complement_loss, network_share
from skspectral.pretraining.head.episodes import make_episode
from skspectral.pretraining.head.features import PLAIN_STAGES
from skspectral.pretraining.head.kinds import CHANGING, draw_kinds, pair_of_instruments, skewed
from skspectral.pretraining.head.ridge import augmented_ridge, centre_task
from skspectral.pretraining.head.transfer_head import Rows, TransferHead, head_loss, transfer_loss

from .corpora import write_corpus

S, T, D, STAGES = 20, 8, 4, len(PLAIN_STAGES) + 1
NONE_AND_MORE = (0, 5)
FEW = 3


def episodes(alike=False):
    """A task without standards and one with five, on plain stages and one of a network: Rows and test references."""
    rng = np.random.default_rng(0)
    clean = rng.standard_normal((2, S + T, 1 if alike else STAGES, D)).repeat(STAGES if alike else 1, axis=2)
    y = clean[:, :, :, 0].mean(2)
    target = clean + 1.5 + 0.05 * rng.standard_normal(clean.shape)
    parts = (clean[:, :S], target[:, : max(NONE_AND_MORE)], target[:, S:], y[:, :S])
    counts = (torch.tensor(n) for n in ([S, S], NONE_AND_MORE, [T, T - 2]))
    return Rows(*map(torch.from_numpy, parts), *counts), torch.from_numpy(y[:, S:])


@pytest.fixture
def head():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return TransferHead(STAGES, len(PLAIN_STAGES), n_heads=2)


def test_without_a_share_the_closed_form_takes_no_part(head):
    rows, y = episodes()
    assert torch.equal(complement_loss(head, rows, y, (1.0, 1.0), 0.3), head_loss(head, rows, y))


def test_the_mixture_is_judged_and_gradients_reach_the_head_alone(head):
    rows, y = episodes()
    rows = rows._replace(source=rows.source.requires_grad_())
    loss = complement_loss(head, rows, y, (0.5, 0.2), 0.25)
    prediction, solution = head(rows)
    share = torch.tensor([[0.5], [0.2]], dtype=torch.float64)
    mixed = share * prediction + (1 - share) * closed_form(rows)
    parts = (transfer_loss(p, y, rows.n_test, solution.y_scale) for p in (mixed, prediction))
    torch.testing.assert_close(loss, sum(w * part for w, part in zip((0.75, 0.25), parts, strict=True)))
    assert not closed_form(rows).requires_grad
    loss.sum().backward()
    assert rows.source.grad[:, :, -1].abs().sum() > 0 and head.chooser[-1].weight.grad.abs().sum() > 0


def test_the_share_moves_with_the_first_standards():
    shares = network_share((0.6, 0.3), torch.tensor([0, 1, 2, FEW, 30]))
    np.testing.assert_allclose(shares, [0.6, 0.5, 0.4, 0.3, 0.3])


def test_the_closed_form_reads_the_spectra_alone_and_is_a_mean_of_ridges_by_their_errors():
    rows, _ = episodes()
    changed = rows.test.clone()
    changed[:, :, -1] += 9
    torch.testing.assert_close(closed_form(rows._replace(test=changed)), closed_form(rows))

    only = Rows(*(part[1:] for part in rows[:7]))
    plain = [getattr(only, name)[:, :, : len(PLAIN_STAGES)] for name in ("source", "standards", "test")]
    centred = centre_task(only._replace(**dict(zip(("source", "standards", "test"), plain, strict=True))).task())
    said, errors = [], []
    for stage in range(len(PLAIN_STAGES)):
        x = (plain[2][0, :, stage] - centred.target_centre[0, stage]) / centred.scale[0, stage] ** 2
        for setting in SETTINGS:
            ridge = augmented_ridge(
                centred.gram[:, [stage]], centred.y, centred.known, torch.tensor([[setting]], dtype=torch.float64), 5
            )
            said.append(x @ centred.rows[0, stage].mT @ ridge.alpha[0, 0] + ridge.offset[0, 0])
            errors.append(ridge.left_out_standards.square().mean())
    n = NONE_AND_MORE[1]
    weight = (0.02 + torch.stack(errors)) ** (-0.3 * n / (1 + n / 50))
    expected = (weight / weight.sum()) @ torch.stack(said) * centred.y_scale + centred.y_mean
    torch.testing.assert_close(closed_form(only)[0, : T - 2], expected[: T - 2])
    assert (closed_form(only)[0, T - 2 :] == 0).all()


def test_the_closed_form_predicts_a_shifted_target():
    rows, y = episodes(alike=True)
    errors = (closed_form(rows) - y)[:, : T - 2]
    assert (errors.square().mean(1).sqrt() < 0.6 * y.std(1)).all()


def test_like_instruments_differ_little_and_steady_ones_change_little():
    random = torch.Generator().manual_seed(0)
    source, target = draw_instruments(1, InstrumentPriors(), random), draw_instruments(1, InstrumentPriors(), random)
    same, like = pair_of_instruments(source, target, {"like"}, np.random.default_rng(0))
    assert same is source
    for item in fields(source):
        here, there, before = (getattr(one, item.name) for one in (source, like, target))
        assert ((there - here).abs() <= 0.3 * (before - here).abs() + 1e-6).all()
    for kind, steady in (("clean target", (False, True)), ("laboratory", (True, True))):
        pair = pair_of_instruments(source, target, {kind}, np.random.default_rng(0))
        for before, after, quieter in zip((source, target), pair, steady, strict=True):
            for name in CHANGING:
                ratio = getattr(after, name) / getattr(before, name)
                assert ((ratio <= 0.5) if quieter else (ratio == 1)).all()
            assert torch.equal(after.shift, before.shift)


def test_skewed_references_keep_mean_spread_and_order():
    y = np.random.default_rng(0).normal(5, 2, 4000)
    sides = set()
    for seed in range(12):
        found = skewed(y, np.random.default_rng(seed))
        np.testing.assert_allclose([found.mean(), found.std()], [y.mean(), y.std()])
        assert (np.diff(found[np.argsort(y)]) >= 0).all()
        sides.add(np.sign(((found - found.mean()) ** 3).mean()))
    assert sides == {-1.0, 1.0}


def test_kinds_are_drawn_for_themselves_and_nothing_is_drawn_without_any():
    generator = np.random.default_rng(0)
    assert draw_kinds({}, generator) == set() and generator.random() == np.random.default_rng(0).random()
    assert draw_kinds(dict.fromkeys(EPISODE_KINDS, 1.0), generator) == set(EPISODE_KINDS)
    assert draw_kinds(dict.fromkeys(EPISODE_KINDS, 0.0), generator) == set()


def test_episodes_are_of_the_kinds_that_are_asked_for(tmp_path):
    corpus = Corpus(write_corpus(tmp_path))
    config = PretrainingConfig.load("tiny", n_channels=[64], real_labels=0.0, n_standards=[5, 30])
    few = PretrainingConfig.from_dict(config.to_dict() | {"episode_kinds": {"few standards": 1.0}})
    asked = PretrainingConfig.from_dict(config.to_dict() | {"episode_kinds": dict.fromkeys(EPISODE_KINDS, 1.0)})
    priors = InstrumentPriors()
    for number in range(3):
        place = (0, 0, 0, number)
        assert len(make_episode(corpus, priors, config, 64, place).standards) >= 5
        assert len(make_episode(corpus, priors, few, 64, place).standards) <= FEW
        episode = make_episode(corpus, priors, asked, 64, place)
        assert torch.isfinite(episode.source).all() and torch.isfinite(episode.y_source).all()


@pytest.mark.parametrize(
    "setting, message",
    [
        ({"episode_kinds": {"odd": 0.1}}, "Unknown kinds of episodes odd"),
        ({"episode_kinds": {"like": 1.5}}, "shares from 0 to 1"),
        ({"network_share": [0.0, 1.0]}, "network_share"),
        ({"network_share": [0.5]}, "network_share"),
    ],
)
def test_wrong_settings_are_named(setting, message):
    with pytest.raises(ValueError, match=message):
        PretrainingConfig.load("tiny", **setting)
