"""Wavelet coefficients of spectra, cut into patches."""

import warnings
from numbers import Integral

import numpy as np
import pywt
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from .._core.steps import warn_of_jumps
from .._core.validation import check_finite, validate_spectra
from .._core.versions import VersionedState
from ..exceptions import ChannelMismatchError

__all__ = ["WaveletTokenize"]


class WaveletTokenize(VersionedState, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Decompose spectra into wavelet bands, from the coarse shape of the baseline to single peaks and noise.

    ``transform`` gives the coefficients side by side, coarsest band first, for any estimator of scikit-learn.
    :meth:`tokens` gives them as a sequence of patches of equal length for a network. ``inverse_transform`` rebuilds the
    spectra exactly.

    Parameters
    ----------
    wavelet : str, default="db4"
        Discrete wavelet of PyWavelets (``pywt.wavelist(kind="discrete")``).
    level : int, default=4
        Number of decompositions; there are ``level + 1`` bands.
    patch : int, default=16
        Number of coefficients in a token. The last patch of each band is padded with zeros.
    mode : str, default="symmetric"
        How spectra are continued beyond their ends (``pywt.Modes.modes``).

    Attributes
    ----------
    bands_ : list of str
        Names of the bands, coarsest first, such as ``["cA4", "cD4", "cD3", "cD2", "cD1"]``.
    band_sizes_ : ndarray of int of shape (level + 1,)
        Number of coefficients in each band.
    token_bands_ : ndarray of int of shape (n_tokens,)
        Position in ``bands_`` of the band that each token belongs to.
    n_features_in_ : int
        Number of channels seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_channels,)
        Column labels seen in ``fit``, when all of them are strings.
    wavelengths_ : ndarray of shape (n_channels,)
        Axis in nm, where it is known; labelled spectra are brought into its order.

    Raises
    ------
    ValueError
        If the wavelet or the mode is unknown, ``level`` or ``patch`` is not a positive integer, or the spectra are too
        short for the mode.

    Warns
    -----
    UserWarning
        If the spectra are so short that all coefficients of the coarsest bands depend on how the ends are continued.
    UnequalStepsWarning
        If the steps of a known axis jump, as over a gap or where two detectors meet.

    References
    ----------
    Mallat (1989), A theory for multiresolution signal decomposition: the wavelet representation, IEEE Transactions on
    Pattern Analysis and Machine Intelligence 11, 674-693. doi:10.1109/34.192463

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.preprocessing import WaveletTokenize
    >>> X = np.linspace(0, 1, 256).reshape(2, 128)
    >>> tokenizer = WaveletTokenize("db2", level=3, patch=8).fit(X)
    >>> tokenizer.transform(X).shape, tokenizer.tokens(X).shape
    ((2, 135), (2, 20, 8))
    >>> bool(np.allclose(tokenizer.inverse_transform(tokenizer.transform(X)), X))
    True
    """

    def __init__(self, wavelet="db4", *, level=4, patch=16, mode="symmetric"):
        self.wavelet = wavelet
        self.level = level
        self.patch = patch
        self.mode = mode

    def fit(self, X, y=None):
        """Settle the bands for the number of channels.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra, at least two channels. Only their length matters.
        y : None
            Ignored.

        Returns
        -------
        WaveletTokenize
            The estimator itself.
        """
        self._check_parameters()
        values = validate_spectra(self, X, reset=True, min_channels=2)
        warn_of_jumps(self, "Decompose each region by itself, or use Resample where it was measured throughout.")
        longest = pywt.dwt_max_level(values.shape[1], self.wavelet)
        if self.level > longest:
            warnings.warn(
                f"level={self.level} is more than spectra of {values.shape[1]} channels hold with {self.wavelet!r} "
                f"({longest}): the coarsest bands depend on how the ends are continued (mode={self.mode!r}).",
                UserWarning,
                stacklevel=2,
            )
        try:
            bands = self._decompose(values[:1])
        except ValueError as error:
            raise ValueError(
                f"spectra of {values.shape[1]} channels are too short for level={self.level} with {self.wavelet!r} and "
                f"mode={self.mode!r} ({error}). Lower level, or use mode='symmetric'."
            ) from error
        self.bands_ = [f"cA{self.level}"] + [f"cD{level}" for level in range(self.level, 0, -1)]
        self.band_sizes_ = np.array([band.shape[1] for band in bands])
        tokens_per_band = -(-self.band_sizes_ // self.patch)
        self.token_bands_ = np.repeat(np.arange(self.band_sizes_.size), tokens_per_band)
        return self

    def transform(self, X):
        """Decompose each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_coefficients)
            Coefficients of all bands, coarsest first.
        """
        return np.concatenate(self._decompose(self._validated(X)), axis=1)

    def tokens(self, X):
        """Decompose each spectrum and cut every band into patches.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_tokens, patch)
            Coefficients in the order of ``transform``, the last patch of each band padded with zeros.
        """
        bands = self._decompose(self._validated(X))
        out = np.zeros((len(bands[0]), self.token_bands_.size, self.patch))
        flat = out.reshape(len(out), -1)
        starts = np.searchsorted(self.token_bands_, np.arange(len(bands))) * self.patch
        for start, band in zip(starts, bands, strict=True):
            flat[:, start : start + band.shape[1]] = band
        return out

    def inverse_transform(self, X):
        """Rebuild spectra from their coefficients.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_coefficients)
            Coefficients as ``transform`` gives them.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)
            Spectra.

        Raises
        ------
        ChannelMismatchError
            If the number of coefficients is not that of ``transform``.
        """
        check_is_fitted(self)
        values = check_array(X, dtype=np.float64, ensure_all_finite=False, estimator=self, input_name="X")
        if values.shape[1] != self.band_sizes_.sum():
            raise ChannelMismatchError(
                f"X has {values.shape[1]} coefficients, but WaveletTokenize makes {self.band_sizes_.sum()} of each "
                "spectrum."
            )
        check_finite(values)
        bands = np.split(values, np.cumsum(self.band_sizes_)[:-1], axis=1)
        # Spectra of odd length come back with one channel more.
        return np.ascontiguousarray(pywt.waverec(bands, self.wavelet, mode=self.mode, axis=1)[:, : self.n_features_in_])

    def get_feature_names_out(self, input_features=None):
        """Name the coefficients by band and position.

        Parameters
        ----------
        input_features : array-like of str of shape (n_channels,), optional
            Only checked against the names seen in ``fit``.

        Returns
        -------
        ndarray of object of shape (n_coefficients,)
            Names such as ``"cA4_0"`` and ``"cD1_17"``.
        """
        super().get_feature_names_out(input_features)
        names = [f"{band}_{i}" for band, size in zip(self.bands_, self.band_sizes_, strict=True) for i in range(size)]
        return np.array(names, dtype=object)

    def _validated(self, X):
        check_is_fitted(self)
        return validate_spectra(self, X, reset=False)

    def _decompose(self, values):
        # Level by level instead of pywt.wavedec, which warns in every call about what fit has said once.
        details = []
        approximation = values
        for _ in range(self.level):
            approximation, detail = pywt.dwt(approximation, self.wavelet, mode=self.mode, axis=1)
            details.append(detail)
        return [approximation, *details[::-1]]

    def _check_parameters(self):
        if self.wavelet not in pywt.wavelist(kind="discrete"):
            raise ValueError(
                f"wavelet must be the name of a discrete wavelet (see pywt.wavelist(kind='discrete')), "
                f"got {self.wavelet!r}."
            )
        if self.mode not in pywt.Modes.modes:
            raise ValueError(f"mode must be one of {pywt.Modes.modes}, got {self.mode!r}.")
        for name in ("level", "patch"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a positive integer, got {value!r}.")
