"""Textbook loops: slow, obvious, and what the fast implementations must agree with."""

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

__all__ = ["plain_dipls", "plain_ds", "plain_pds"]


def plain_pds(source, target, window, n_components, method="pcr"):
    """Piecewise direct standardisation channel by channel; returns F (n_channels, n_channels) and a (n_channels,)."""
    n_channels = source.shape[1]
    F, a = np.zeros((n_channels, n_channels)), np.zeros(n_channels)
    for j in range(n_channels):
        low, high = max(0, j - window), min(n_channels, j + window + 1)
        local = target[:, low:high]
        rank = min(n_components, local.shape[1], len(local) - 1)
        if method == "pcr":
            pca = PCA(rank, svd_solver="full").fit(local)
            line = LinearRegression().fit(pca.transform(local), source[:, j])
            coef = pca.components_.T @ line.coef_
        else:
            coef = PLSRegression(rank, scale=False).fit(local, source[:, j]).coef_.ravel()
        F[low:high, j] = coef
        a[j] = source[:, j].mean() - local.mean(axis=0) @ coef
    return F, a


def plain_ds(source, target, alpha, prior="zero"):
    """Direct standardisation by the normal equations of ridge regression; returns F and a."""
    n_pairs, n_channels = source.shape
    t_mean, s_mean = target.mean(axis=0), source.mean(axis=0)
    T, S = target - t_mean, source - s_mean
    penalty = alpha * np.trace(T @ T.T) / min(n_pairs, n_channels)
    start = np.eye(n_channels) if prior == "identity" else np.zeros((n_channels, n_channels))
    F = start + np.linalg.solve(T.T @ T + penalty * np.eye(n_channels), T.T @ (S - T @ start))
    return F, s_mean - t_mean @ F


def plain_dipls(source, y, target, n_components, penalty, form="absolute"):
    """di-PLS with n_channels x n_channels matrices for every component; returns the regression vector."""
    X, T, y = source - source.mean(axis=0), target - target.mean(axis=0), y - y.mean()
    n_channels = X.shape[1]
    W, P, c = np.zeros((n_channels, n_components)), np.zeros((n_channels, n_components)), np.zeros(n_components)
    strength = None
    for a in range(n_components):
        D = X.T @ X / len(X) - T.T @ T / len(T)
        if form == "absolute":
            values, vectors = np.linalg.eigh(D)
            D = (vectors * np.abs(values)) @ vectors.T
        if strength is None:
            strength = penalty * (y @ y) / np.abs(np.linalg.eigvalsh(D)).sum()
        w = np.linalg.solve(np.eye(n_channels) + strength / (y @ y) * D, X.T @ y / (y @ y))
        w /= np.linalg.norm(w)
        t, tt = X @ w, T @ w
        W[:, a], P[:, a], c[a] = w, X.T @ t / (t @ t), y @ t / (t @ t)
        X = X - np.outer(t, P[:, a])
        T = T - np.outer(tt, T.T @ tt / (tt @ tt))
        y = y - c[a] * t
    return W @ np.linalg.solve(P.T @ W, c)
