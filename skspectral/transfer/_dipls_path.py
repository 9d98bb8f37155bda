"""The latent variables of di-PLS, computed in the space that the spectra span."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve

__all__ = ["Domains", "dipls_path"]


@dataclass(init=False)
class Domains:
    """Spectra of the source and of every target.

    Every weight vector of di-PLS is a combination of the (centred) spectra, so with fewer spectra than channels the
    whole computation is done in an orthonormal basis of their span: matrices of size n_source + n_target instead of
    n_channels, and the same result.

    Parameters
    ----------
    source : ndarray of shape (n_source, n_channels)
    targets : list of ndarray of shape (n_target, n_channels)
    form : {"absolute", "signed"}
    """

    source: np.ndarray
    targets: list
    form: str
    basis: np.ndarray | None

    def __init__(self, source, targets, form, basis=None):
        self.source, self.targets, self.form, self.basis = source, list(targets), form, basis
        if basis is None and sum(len(X) for X in (source, *targets)) < source.shape[1]:
            centred = [X - X.mean(axis=0) for X in (source, *targets)]
            self.basis = np.linalg.qr(np.vstack(centred).T)[0]

    def without(self, test):
        """Return the same domains without some source rows."""
        return Domains(self.source[~test], self.targets, self.form, self.basis)

    def coordinates(self):
        """Centred source and targets in the basis."""
        centred = [X - X.mean(axis=0) for X in (self.source, *self.targets)]
        reduced = centred if self.basis is None else [X @ self.basis for X in centred]
        return reduced[0], reduced[1:]

    def back(self, coefs):
        """Bring regression vectors (n_components, n_coordinates) to channels."""
        return coefs if self.basis is None else coefs @ self.basis.T


def dipls_path(domains, y, n_components, penalty):
    """Regression vectors of di-PLS with 1, 2, ... components.

    Parameters
    ----------
    domains : Domains
    y : ndarray of shape (n_source,)
    n_components : int
    penalty : float or "heuristic"
        Relative to ``y'y / trace|D|``.

    Returns
    -------
    ndarray of shape (n_components, n_channels)
    """
    X, targets = domains.coordinates()
    y = y - y.mean()
    n_coordinates = X.shape[1]
    coefs = np.zeros((n_components, n_coordinates))
    loadings = np.zeros((n_components, n_coordinates))
    rotations = np.zeros((n_components, n_coordinates))
    total = np.zeros(n_coordinates)
    strength = None
    floor = 1e-12 * np.linalg.norm(X.T @ y)
    for a in range(n_components):
        covariance = X.T @ y
        if np.linalg.norm(covariance) <= floor:
            coefs[a:] = total
            break
        energy = y @ y
        weight = covariance / energy
        if targets and penalty != 0:
            values, vectors, difference = _difference(X, targets, domains.form)
            if penalty == "heuristic":
                strength = _heuristic(X, y, weight, values, vectors, difference)
            elif strength is None:
                size = np.abs(np.linalg.eigvalsh(difference) if values is None else values).sum()
                strength = penalty * energy / size if size > 0 else 0.0
            weight = _shrink(weight, strength / energy, values, vectors, difference)
        weight = weight / np.linalg.norm(weight)
        score = X @ weight
        loading = X.T @ score / (score @ score)
        q = (y @ score) / (score @ score)
        # regression vector of the undeflated spectra: weight (P'W)^-1 q, one column at a time
        rotation = weight - (loadings[:a] @ weight) @ rotations[:a]
        loadings[a], rotations[a] = loading, rotation
        total = total + q * rotation
        coefs[a] = total
        X = X - np.outer(score, loading)
        y = y - q * score
        targets = [_deflate(T, weight) for T in targets]
    return domains.back(coefs)


def _deflate(X, weight):
    """Remove the score along ``weight`` with the domain's own loading."""
    score = X @ weight
    energy = score @ score
    return X if energy == 0 else X - np.outer(score, score @ X / energy)


def _difference(X, targets, form):
    """Difference of the covariance matrices, as eigenpairs of its absolute value or as a signed matrix."""
    own = X.T @ X / len(X)
    signed = [own - T.T @ T / len(T) for T in targets]
    if form == "signed":
        return None, None, sum(signed)
    if len(signed) == 1:
        values, vectors = np.linalg.eigh(signed[0])
        return np.abs(values), vectors, None
    total = np.zeros_like(own)
    for matrix in signed:
        values, vectors = np.linalg.eigh(matrix)
        total += (vectors * np.abs(values)) @ vectors.T
    values, vectors = np.linalg.eigh(total)
    return np.abs(values), vectors, None


def _heuristic(X, y, weight, values, vectors, difference):
    """Penalty that makes both parts of the objective equal for the plain PLS weight."""
    if values is None:
        size = abs(weight @ difference @ weight)
    else:
        size = ((vectors.T @ weight) ** 2 * values).sum()
    return ((X - np.outer(y, weight)) ** 2).sum() / size if size > 0 else 0.0


def _shrink(weight, strength, values, vectors, difference):
    """Return ``(I + strength D)^-1 weight``."""
    if values is None:
        return solve(np.eye(len(weight)) + strength * difference, weight, assume_a="sym")
    rotated = vectors.T @ weight
    return vectors @ (rotated / (1.0 + strength * values))
