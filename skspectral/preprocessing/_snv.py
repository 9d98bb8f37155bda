"""Standard normal variate."""

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._core.axis_identity import ChannelNames
from .._core.scatter import standardised
from .._core.validation import validate_spectra
from .._core.versions import VersionedState

__all__ = ["SNV"]


class SNV(VersionedState, ChannelNames, TransformerMixin, BaseEstimator):
    """Standard normal variate: every spectrum to mean 0 and standard deviation 1.

    Removes the offset and the gain that scatter and path length give each spectrum. It works row by row and learns
    nothing, so it cannot leak from test rows to training rows. The standard deviation is that of the channels
    (``ddof=0``). Integers over fewer than eight channels may all agree by chance; such a row becomes zeros.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_channels,)
        Column labels seen in ``fit``, when all of them are strings.
    wavelengths_ : ndarray of shape (n_channels,)
        Axis in nm, where it is known; labelled spectra are brought into its order.

    Raises
    ------
    ConstantSpectraError
        If a spectrum has one value in all its channels.
    NonFiniteSpectraError
        If spectra hold NaN, infinity, or magnitudes of 1e150 or more.
    ChannelMismatchError
        If spectra have another number of channels than in ``fit``.

    References
    ----------
    Barnes, Dhanoa and Lister (1989), Standard normal variate transformation and de-trending of near-infrared diffuse
    reflectance spectra, Applied Spectroscopy 43, 772-777. doi:10.1366/0003702894202201

    Examples
    --------
    >>> from skspectral.preprocessing import SNV
    >>> SNV().fit_transform([[1.0, 2.0, 1.0, 2.0], [10.0, 30.0, 10.0, 30.0]])
    array([[-1.,  1., -1.,  1.],
           [-1.,  1., -1.,  1.]])
    """

    def fit(self, X, y=None):
        """Check the spectra and remember their number of channels.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra, at least two channels.
        y : None
            Ignored.

        Returns
        -------
        SNV
            The estimator itself.
        """
        validate_spectra(self, X, reset=True, min_channels=2, forbid_constant=True, any_size=True, ordered=False)
        return self

    def transform(self, X):
        """Centre and scale each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)
            Float64 spectra of mean 0 and standard deviation 1.
        """
        check_is_fitted(self)
        values = validate_spectra(self, X, reset=False, forbid_constant=True, gives_channels=True)
        return standardised(values)
