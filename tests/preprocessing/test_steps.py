"""Windows of channels that are no neighbours are warned of, by every transformer that has them."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skspectral.exceptions import UnequalStepsWarning
from skspectral.preprocessing import SavitzkyGolay, WaveletTokenize

JUMPING = np.r_[900.0:1000.0:2.0, 1800.0:1900.0:2.0]
SLOWLY = 1e7 / np.arange(9000.0, 8200.0, -8.0)


@pytest.mark.parametrize("transformer", [SavitzkyGolay(5, deriv=1), WaveletTokenize(level=2)], ids=["SG", "wavelet"])
def test_jumps_are_warned_of_and_slow_growth_is_not(transformer):
    spectra = np.random.default_rng(0).normal(size=(2, 100))
    with pytest.warns(UnequalStepsWarning, match="jump near 990, from 2 to 802"):
        transformer.fit(pd.DataFrame(spectra, columns=JUMPING))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transformer.fit(pd.DataFrame(spectra, columns=SLOWLY))
        transformer.fit(spectra)
