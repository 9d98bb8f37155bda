"""Axes, kinds of spectra, and filling of unknown channels."""

import numpy as np
import pytest
import torch

from skspectral.nn.inputs import DOMAINS, domain_ids, fill_unknown, to_wavenumber


def test_domain_names():
    assert DOMAINS == ("UNKNOWN", "NIR", "IR", "RAMAN")
    with pytest.raises(ValueError, match="'UV'"):
        domain_ids("UV", 2, "cpu")
    with pytest.raises(ValueError, match="one per spectrum"):
        domain_ids(["NIR"], 2, "cpu")


def test_index_axis_covers_the_nominal_range():
    torch.testing.assert_close(to_wavenumber(torch.tensor([0.0, 1.0]), "index"), torch.tensor([4000.0, 10000.0]))


def test_fill_unknown_equals_numpy_interpolation():
    rng = np.random.default_rng(0)
    x, known = rng.normal(size=(20, 50)), rng.uniform(size=(20, 50)) < 0.4
    known[0] = False
    filled = fill_unknown(torch.from_numpy(np.where(known, x, np.nan)), torch.from_numpy(known)).numpy()
    channels = np.arange(50)
    assert (filled[0] == 0).all()
    for row in range(1, 20):
        expected = np.interp(channels, channels[known[row]], x[row][known[row]])
        np.testing.assert_allclose(filled[row], expected, atol=1e-12)
