"""The variance of gradients, split into what the episodes make and what chance in the experts makes."""

import numpy as np
import pytest
import torch

from benchmarks.pretraining import gradient_noise


def test_variance_is_split_as_it_was_made():
    random = np.random.default_rng(0)
    n, size = 60, 2000
    between = random.normal(size=(n, 1, size))
    chance = 2 * random.normal(size=(n, 3, size)) * np.array([1, 1, 0])[:, None]
    gradients = torch.from_numpy(between + chance)
    losses = torch.tensor([[1.0, 3.0, 1.5], [2.0, 2.0, 1.5]])
    summary = gradient_noise.summarise(losses, gradients)
    assert summary["with noise"] == pytest.approx(5 * size, rel=0.05)
    assert summary["of it choice of experts"] == pytest.approx(4 * size, rel=0.05)
    assert summary["without noise"] == pytest.approx(size, rel=0.05)
    assert (summary["loss"], summary["loss without noise"]) == (2.0, 1.5)
    assert summary["error of their difference"] == pytest.approx(0.0)
