"""PLS1 for every number of components at once."""

import numpy as np

__all__ = ["pls1_path"]


def pls1_path(X, y, n_components):
    """Regression vectors of PLS1 for every number of components in one sweep.

    The improved kernel algorithm of Dayal & MacGregor, which deflates only the covariance vector.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels)
        Centred spectra.
    y : ndarray of shape (n_samples,)
        Centred references.
    n_components : int
        Largest number of components.

    Returns
    -------
    ndarray of shape (n_components, n_channels)
        Row ``a`` holds the regression vector with ``a + 1`` components. Once the covariance is exhausted, the remaining
        rows repeat the last one.

    References
    ----------
    Dayal, B. S., MacGregor, J. F. (1997). Improved PLS algorithms. Journal of Chemometrics 11, 73-85.
    https://doi.org/10.1002/(SICI)1099-128X(199701)11:1%3C73::AID-CEM435%3E3.0.CO;2-%23
    """
    coefs = np.zeros((n_components, X.shape[1]))
    loadings = np.empty((n_components, X.shape[1]))
    rotations = np.empty((n_components, X.shape[1]))
    covariance = X.T @ y
    floor = 1e-12 * np.sqrt((covariance @ covariance) or 1.0)
    total = np.zeros(X.shape[1])
    for a in range(n_components):
        norm = np.sqrt(covariance @ covariance)
        if norm <= floor:
            coefs[a:] = total
            break
        weight = covariance / norm
        rotation = weight - (loadings[:a] @ weight) @ rotations[:a]
        score = X @ rotation
        energy = score @ score
        loadings[a] = (score @ X) / energy
        rotations[a] = rotation
        q = (rotation @ covariance) / energy
        covariance = covariance - loadings[a] * (q * energy)
        total = total + q * rotation
        coefs[a] = total
    return coefs
