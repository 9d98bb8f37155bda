"""Row-wise preprocessing of spectra: resampling, scatter correction, derivatives, wavelets."""

from ._grid import common_grid
from ._resample import Resample
from ._savitzky_golay import SavitzkyGolay
from ._snv import SNV
from ._wavelet import WaveletTokenize

__all__ = ["Resample", "SNV", "SavitzkyGolay", "WaveletTokenize", "common_grid"]
