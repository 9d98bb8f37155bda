"""Where networks are trained, and fitted estimators that move from one machine to another."""

import io

import joblib
import numpy as np
import pytest
import torch
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV

from skspectral import StandardsSplit, as_groups
from skspectral.deep._training import resolve_device
from skspectral.nn.seeding import seeded

from .common import MAKERS, Standards, cnn

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")


def test_auto_is_the_gpu_where_there_is_one(monkeypatch):
    for found, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda found=found: found)
        assert resolve_device("auto").type == expected
    assert resolve_device("cpu") == torch.device("cpu")


def test_seeding_gives_the_generator_back():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    draws = []
    for _ in range(2):
        with seeded(11, torch.device("cpu")):
            draws.append(torch.rand(2))
    assert torch.equal(*draws)
    assert torch.equal(torch.rand(2), expected)


@needs_gpu
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_trained_on_the_gpu_predicts_on_the_cpu(make):
    rows = Standards()
    model = rows.fit(make(device="cuda"))
    on_gpu = model.predict(rows.X_test)
    stored = io.BytesIO()
    joblib.dump(model, stored)
    stored.seek(0)
    on_cpu = joblib.load(stored).set_params(device="cpu").predict(rows.X_test)
    assert_allclose(on_cpu, on_gpu, rtol=1e-6)


@needs_gpu
def test_gpu_and_cpu_learn_alike():
    rows = Standards()
    predicted = [rows.fit(cnn(device=device, dropout=0.0)).predict(rows.X_test) for device in ("cpu", "cuda")]
    assert np.abs(predicted[0] - predicted[1]).max() < 0.01 * rows.y.std()


def test_searches_in_threads_find_the_same():
    rows = Standards()
    groups = as_groups(rows.labels["instrument"], rows.labels["sample_id"])
    folds = StandardsSplit(2, source="A", target="B")
    scores = []
    for n_jobs in (1, 2):
        search = GridSearchCV(cnn(), {"fine_tune": ["last", "bias", "all"]}, cv=folds, n_jobs=n_jobs)
        with parallel_config(backend="threading"):
            search.fit(rows.X, rows.y, groups=groups, **rows.labels)
        scores.append(search.cv_results_["mean_test_score"])
    assert_array_equal(*scores)
    assert np.isfinite(scores[0]).all()
    assert search.predict(rows.X_test).shape == rows.y_test.shape
