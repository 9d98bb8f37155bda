"""Kinds of episodes whose target differs in range, in what is known of it, or in the kind of light."""

import numpy as np
import pytest
import torch

from skspectral.nn.inputs import DOMAINS
from skspectral.pretraining import Corpus, InstrumentPriors, draw_instruments
from skspectral.pretraining.config import PretrainingConfig
from skspectral.pretraining.head.closed_form import closed_form
from skspectral.pretraining.head.episodes import collate, make_episode
from skspectral.pretraining.head.features import plain_features
from skspectral.pretraining.head.kinds import apart_first, pair_of_instruments
from skspectral.pretraining.training.validation import plain_head

from .corpora import write_corpus

PRIORS = InstrumentPriors()
EXACT = InstrumentPriors(**dict.fromkeys(PRIORS.to_dict(), 0.0))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return Corpus(write_corpus(tmp_path_factory.mktemp("corpus")))


def episodes(corpus, *kinds, count=4, priors=PRIORS, **changes):
    settings = {"n_channels": [64], "own_axis": 0.0, "n_standards": [3, 30], **changes}
    config = PretrainingConfig.load("tiny", episode_kinds=dict.fromkeys(kinds, 1.0), **settings)
    return [make_episode(corpus, priors, config, 64, (0, 0, 0, number)) for number in range(count)]


def rows_of(made):
    batch = collate(made, 64, 8)
    features = plain_features(batch.spectra, batch.wavenumbers, batch.regions, batch.lengths)
    return batch.rows(features)


def test_other_samples_stand_for_the_target_where_there_are_no_standards(corpus):
    without = episodes(corpus, count=1)[0]
    made = episodes(corpus, "other samples", count=2)
    assert all(len(e.standards) == 0 and 5 <= len(e.others) <= 30 for e in made)
    assert len(without.others) == 0 and len(without.standards) >= 3
    rows = rows_of([*made, without])
    mean = rows.task().target_mean
    for k, e in enumerate(made):
        expected = rows.others[k, : len(e.others)].double().mean(0)
        torch.testing.assert_close(mean[k], expected)
    torch.testing.assert_close(mean[2], rows.test[2, : len(without.test)].double().mean(0))

    # Neither the head nor the closed form looks at the other rows to predict one of them.
    head = plain_head()
    fewer = rows._replace(test=rows.test[:2, :1], n_test=torch.tensor([1, 1]), **first_two(rows))
    for predict in (lambda r: head(r)[0], closed_form):
        torch.testing.assert_close(predict(fewer)[:, 0], predict(rows)[:2, 0], rtol=1e-6, atol=1e-6)


def first_two(rows):
    names = ("source", "standards", "y", "n_source", "n_standards", "others", "n_others")
    return {name: getattr(rows, name)[:2] for name in names}


def test_another_population_lies_further_from_the_source(corpus):
    def distance(kind):
        apart = [
            (e.others.mean(0) - e.source.mean(0)).norm() / e.source.std(0).norm()
            for e in episodes(corpus, kind, count=12, priors=EXACT)
        ]
        return np.median(apart)

    assert distance("other population") > 2 * distance("other samples")


def test_the_first_samples_are_those_at_one_end():
    rng = np.random.default_rng(0)
    level = rng.standard_normal(80)
    order = apart_first(level[:, None] * np.ones(5), 20, rng)
    assert sorted(order) == list(range(80))
    assert abs(level[order[:20]].mean() - level[order[20:]].mean()) > 1


def test_native_axes_differ_more_than_those_of_like_instruments(corpus):
    def shared(made):
        low = [max(e.source_axis.min(), e.target_axis.min()) for e in made]
        high = [min(e.source_axis.max(), e.target_axis.max()) for e in made]
        own = [e.source_axis.max() - e.source_axis.min() for e in made]
        return [float((h - l) / w) for l, h, w in zip(low, high, own, strict=True)]

    far, near = (
        shared(made) for made in (episodes(corpus, "native axes", count=20), episodes(corpus, count=20, own_axis=1.0))
    )
    assert 0 < min(far) < 0.65 < min(near) and max(far) > 0.95


def test_mid_infrared_is_drawn_from_its_materials(corpus):
    assert {e.domain for e in episodes(corpus, "mid infrared")} == {DOMAINS.index("IR")}
    # This corpus has no Raman spectra: the instruments are of that kind all the same.
    assert len({e.domain for e in episodes(corpus, "Raman", count=12)}) > 1


def test_instruments_of_a_kind():
    random = np.random.default_rng(0)
    source, target = (draw_instruments(1, PRIORS, torch.Generator().manual_seed(k)) for k in (0, 1))
    before = float(source.shift), float(source.gain)
    infrared = pair_of_instruments(source, target, {"mid infrared"}, random)
    for old, new in zip((source, target), infrared, strict=True):
        assert float(new.shift) == pytest.approx(0.2 * float(old.shift)) and torch.equal(new.gain, old.gain)
    raman = pair_of_instruments(source, target, {"Raman"}, random)
    for new in raman:
        assert float(new.nonlinearity) == float(new.stray_light) == float(new.noise_growth) == 0.0
        assert 0.003 <= float(new.scatter) <= 0.2
    assert (float(source.shift), float(source.gain)) == before
