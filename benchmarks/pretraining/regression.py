"""Calibrations whose settings are chosen inside the training samples: ridge on blocks of features, and PLS."""

import numpy as np

from benchmarks.pretraining.spectra import assign_folds
from skspectral.calibration import PLSRegressionCV
from skspectral.preprocessing import SNV, SavitzkyGolay

__all__ = ["best_pls", "pls", "ridge"]

ALPHAS = np.logspace(-8, 1, 19)
N_INNER = 5


def ridge(train, y, samples, test):
    """Fit a ridge regression on blocks of features, and predict.

    Blocks are centred and weigh the same. Whether single features are scaled to one variance, and the strength of the
    ridge, come from cross-validation among the training samples.

    Parameters
    ----------
    train, test : list of ndarray of shape (n, d), (m, d)
        Blocks.
    y : ndarray of shape (n,)
        References.
    samples : ndarray of shape (n,)
        Sample of each training row; rows of one sample stay together.

    Returns
    -------
    prediction : ndarray of shape (m,)
        Predictions.
    error : float
        Root mean squared error of the cross-validation with the settings chosen.
    """
    folds = assign_folds(samples, N_INNER, seed=1)
    best = (np.inf, None)
    for by_feature in (False, True):
        K, K_test = _kernels(train, test, by_feature)
        squares = np.zeros(len(ALPHAS))
        for fold in np.unique(folds):
            a, b = folds != fold, folds == fold
            squares += ((_path(K[np.ix_(a, a)], y[a], K[np.ix_(b, a)]) - y[b, None]) ** 2).sum(axis=0)
        chosen = int(np.argmin(squares))
        if squares[chosen] < best[0]:
            best = squares[chosen], _path(K, y, K_test)[:, chosen]
    return best[1], float(np.sqrt(best[0] / len(y)))


def pls(X, y, samples, X_test):
    """Predict by PLS with a cross-validated number of components; also give the error of the cross-validation."""
    model = PLSRegressionCV().fit(X, y, sample_id=samples)
    return model.predict(X_test), float(model.rmsecv_[0])


def best_pls(X, y, samples, X_test):
    """Predict by PLS on absorbance, SNV, first derivative or both, whichever cross-validates best."""
    window = min(15, (X.shape[1] - 1) // 2 * 2 - 1)
    slope = SavitzkyGolay(window, polyorder=2, deriv=1)
    preprocessings = [
        lambda Z: Z,
        lambda Z: SNV().fit_transform(Z),
        lambda Z: slope.fit_transform(Z),
        lambda Z: slope.fit_transform(SNV().fit_transform(Z)),
    ]
    results = [pls(prepare(X), y, samples, prepare(X_test)) for prepare in preprocessings]
    return min(results, key=lambda result: result[1])


def _kernels(train, test, by_feature):
    """Gram matrices (n, n) of the training rows and (m, n) of test and training rows."""
    K, K_test = 0.0, 0.0
    for A, B in zip(train, test):
        mean = A.mean(axis=0)
        A, B = A - mean, B - mean
        if by_feature:
            spread = A.std(axis=0)
            spread = np.maximum(spread, 1e-6 * spread.max() + 1e-300)
            A, B = A / spread, B / spread
        size = np.sqrt((A**2).sum(axis=1).mean()) + 1e-300
        A, B = A / size, B / size
        K, K_test = K + A @ A.T, K_test + B @ A.T
    return K / len(train), K_test / len(train)


def _path(K, y, K_test):
    """Predictions (m, n_alphas) for every strength of the ridge, in units of the mean diagonal of the kernel."""
    column = K.mean(axis=0)
    centred = K - column - column[:, None] + column.mean()
    test = K_test - column - K_test.mean(axis=1, keepdims=True) + column.mean()
    values, vectors = np.linalg.eigh(centred)
    strength = ALPHAS * len(K) * max(np.trace(centred) / len(K), 1e-300)
    shrunk = (vectors.T @ (y - y.mean()))[:, None] / (np.maximum(values, 0)[:, None] + strength)
    return y.mean() + (test @ vectors) @ shrunk
