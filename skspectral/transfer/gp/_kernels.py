"""Covariances between spectra of several instruments, as kernels of scikit-learn.

Their input is a spectrum with the number of its instrument as last column.
"""

import numpy as np
from sklearn.gaussian_process.kernels import Hyperparameter, Kernel

__all__ = ["InstrumentCovariance", "InstrumentNoise"]


def _split(X):
    return X[:, :-1], X[:, -1]


class _InstrumentKernel(Kernel):
    """What both kernels share: they know instruments, and so are not stationary."""

    def is_stationary(self):
        """Whether the kernel depends on differences alone; it does not."""
        return False


class InstrumentCovariance(_InstrumentKernel):
    """Linear covariance with a share that each instrument has to itself.

    ``k(x, i; x', j) = variance * x'x' * (1 if i == j else shared) + offset * [i == j]``

    Parameters
    ----------
    variance : float
        Variance of the regression coefficients.
    shared : float
        Correlation of the coefficients of different instruments, between 0 and 1.
    offset : float
        Variance of the offset of each instrument.
    variance_bounds, shared_bounds : tuple of float, or "fixed"
        Ranges for the optimiser.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.transfer.gp import InstrumentCovariance
    >>> X = np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 1.0]])
    >>> InstrumentCovariance(variance=1.0, shared=0.5, offset=10.0)(X)
    array([[15. ,  2.5],
           [ 2.5, 15. ]])
    """

    def __init__(
        self, variance=1.0, shared=0.5, offset=100.0, variance_bounds=(1e-5, 1e7), shared_bounds=(1e-2, 0.999)
    ):
        self.variance = variance
        self.shared = shared
        self.offset = offset
        self.variance_bounds = variance_bounds
        self.shared_bounds = shared_bounds

    @property
    def hyperparameter_variance(self):
        """The variance, as the optimiser sees it."""
        return Hyperparameter("variance", "numeric", self.variance_bounds)

    @property
    def hyperparameter_shared(self):
        """The shared part, as the optimiser sees it."""
        return Hyperparameter("shared", "numeric", self.shared_bounds)

    def __call__(self, X, Y=None, eval_gradient=False):
        """Covariance of rows (n, n_channels + 1) with rows (m, n_channels + 1), and its gradient in the log scale."""
        spectra, instruments = _split(np.atleast_2d(X))
        others, other_instruments = (spectra, instruments) if Y is None else _split(np.atleast_2d(Y))
        same = instruments[:, None] == other_instruments[None, :]
        linear = self.variance * (spectra @ others.T)
        correlated = linear * np.where(same, 1.0, self.shared)
        covariance = correlated + self.offset * same
        if not eval_gradient:
            return covariance
        # parameters in alphabetical order, as scikit-learn lists them
        free = []
        if not self.hyperparameter_shared.fixed:
            free.append(np.where(same, 0.0, self.shared * linear))
        if not self.hyperparameter_variance.fixed:
            free.append(correlated)
        return covariance, np.stack(free, axis=-1) if free else np.empty((*covariance.shape, 0))

    def __repr__(self):
        return f"InstrumentCovariance(variance={self.variance:.3g}, shared={self.shared:.3g}, offset={self.offset:.3g})"

    def diag(self, X):
        """Variances of rows (n, n_channels + 1)."""
        spectra, _ = _split(np.atleast_2d(X))
        return self.variance * (spectra**2).sum(axis=1) + self.offset


class InstrumentNoise(_InstrumentKernel):
    """White noise with a variance for each instrument.

    Parameters
    ----------
    level : array-like of shape (n_instruments,)
        Noise variances, by the number of the instrument.
    level_bounds : tuple of float, or "fixed"
        Range for the optimiser.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.transfer.gp import InstrumentNoise
    >>> InstrumentNoise([0.1, 0.4])(np.array([[3.0, 0.0], [3.0, 1.0]]))
    array([[0.1, 0. ],
           [0. , 0.4]])
    """

    def __init__(self, level, level_bounds=(1e-5, 2.0)):
        self.level = level
        self.level_bounds = level_bounds

    @property
    def hyperparameter_level(self):
        """The levels, as the optimiser sees them."""
        return Hyperparameter("level", "numeric", self.level_bounds, len(np.atleast_1d(self.level)))

    def __call__(self, X, Y=None, eval_gradient=False):
        """Noise covariance of rows; none between different sets of rows."""
        _, instruments = _split(np.atleast_2d(X))
        if Y is not None:
            return np.zeros((len(instruments), len(np.atleast_2d(Y))))
        noise = np.diag(self.diag(X))
        if not eval_gradient:
            return noise
        if self.hyperparameter_level.fixed:
            return noise, np.empty((*noise.shape, 0))
        own = instruments[:, None] == np.arange(len(np.atleast_1d(self.level)))
        return noise, noise[:, :, None] * own[:, None, :]

    def __repr__(self):
        return f"InstrumentNoise([{', '.join(f'{level:.3g}' for level in np.atleast_1d(self.level))}])"

    def diag(self, X):
        """Noise variances of rows."""
        _, instruments = _split(np.atleast_2d(X))
        return np.atleast_1d(self.level).astype(float)[instruments.astype(int)]
