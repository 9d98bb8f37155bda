"""Which pairing of source and target spectra is the likely one, and which pair does not fit the others.

Spectra are scores in the leading principal components of the source samples, with unit variance. A target spectrum is
its source twin, shifted, slightly distorted by a matrix common to all pairs, plus noise whose covariance is common too:
``t_i = s_i + a + B s_i + e_i``. With a flat prior on ``a``, a normal one on ``B`` and an inverse Wishart prior on the
covariance all three integrate out. The mean of the target spectra does not depend on how they are paired, so neither
does ``a``.
"""

import numpy as np
from scipy import stats
from scipy.optimize import linear_sum_assignment
from scipy.special import gammaln

__all__ = ["PairModel", "rival_evidence", "source_scores"]

# Chosen on simulated instruments, tablets, sugar cane and alcohol mixtures, not on corn; see benchmarks/diagnostics.
N_COMPONENTS = 4
PRIOR_FREEDOM = 4.0
PRIOR_VARIANCE = 0.1
DISTORTION = 0.3
# natural logarithm of the odds that remain beyond the number of other pairings
CAUTION = 1.5
NEGLIGIBLE = 1e-10


def source_scores(samples, source, target, n_components=N_COMPONENTS):
    """Project paired spectra on the principal components of the source samples, scaled to unit variance.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_channels)
        All source samples.
    source, target : ndarray of shape (n_pairs, n_channels)
    n_components : int
        Largest number of components; fewer where the samples vary in fewer directions or pairs are few.

    Returns
    -------
    tuple of ndarray
        Scores of ``samples``, ``source`` and ``target``, each with ``n_components`` columns.
    """
    centre = samples.mean(axis=0)
    _, singular, axes = np.linalg.svd(samples - centre, full_matrices=False)
    usable = int((singular > NEGLIGIBLE * max(singular[0], np.abs(centre).max())).sum())
    k = min(n_components, usable, len(source) - 3)
    axes, scale = axes[:k], singular[:k] / np.sqrt(len(samples) - 1)
    return tuple((X - centre) @ axes.T / scale for X in (samples, source, target))


class PairModel:
    """The integrated likelihood of pairings.

    Parameters
    ----------
    source, target : ndarray of shape (n_pairs, n_components)
        Scores as filed.
    variance : float
        Of the noise of a pair, before any is seen.
    """

    def __init__(self, source, target, variance=PRIOR_VARIANCE):
        self.source = source - source.mean(axis=0)
        self.target = target - target.mean(axis=0)
        n, k = source.shape
        self.weight = np.linalg.inv(np.eye(n) + DISTORTION * self.source @ self.source.T)
        self.prior = PRIOR_FREEDOM * variance * np.eye(k)
        self.power = (PRIOR_FREEDOM + n - 1) / 2

    def log_likelihood(self, order):
        """Of the pairing in which source ``i`` belongs to target ``order[i]``, up to a constant."""
        residual = self.target[order] - self.source
        return -self.power * np.linalg.slogdet(self.prior + residual.T @ self.weight @ residual)[1]

    def exchange_gains(self, order):
        """Gain in log likelihood, (n_pairs, n_pairs), from exchanging the target spectra of each two pairs."""
        target = self.target[order]
        residual = target - self.source
        weighted = self.weight @ residual
        inverse = np.linalg.inv(self.prior + residual.T @ weighted)
        # An exchange adds d w' + w d' + c d d' to the scatter matrix, with d the step between the two target spectra,
        # w that between their weighted residuals. The determinant of a sum of rank 2 needs products in the metric of
        # the inverse only: steps (d'd), slopes (w'w) and mixed (d'w).
        steps = _squared_distances(target @ inverse @ target.T)
        slopes = _squared_distances(weighted @ inverse @ weighted.T)
        cross = target @ inverse @ weighted.T
        mixed = cross + cross.T - np.diag(cross)[:, None] - np.diag(cross)
        ratio = (1 + mixed) ** 2 + steps * (_squared_distances(self.weight) - slopes)
        gains = -self.power * np.log(ratio)
        np.fill_diagonal(gains, -np.inf)
        return gains

    def most_likely(self):
        """Search the pairing that beats the filed one by more than the number of its rivals.

        Returns
        -------
        order : ndarray of int of shape (n_pairs,)
            Source ``i`` belongs to target ``order[i]``.
        evidence : float
            Logarithm of the likelihood ratio to the filed pairing, less that of the number of pairings that move as
            many samples; 0 for the filed pairing.
        """
        n = len(self.source)
        filed = np.arange(n)
        distance = ((self.target[None] - self.source[:, None]) ** 2).sum(axis=2)
        starts = (filed, linear_sum_assignment(distance)[1])
        best, best_evidence = filed, 0.0
        for order in map(self._climb, starts):
            moved = int((order != filed).sum())
            # pairs of samples for one swap; all arrangements of the moved samples beyond that
            rivals = np.log(n * (n - 1) / 2) if moved == 2 else gammaln(n + 1) - gammaln(n - moved + 1)
            evidence = self.log_likelihood(order) - self.log_likelihood(filed) - rivals
            if moved and evidence > max(best_evidence, CAUTION):
                best, best_evidence = order, float(evidence)
        return best, best_evidence

    def _climb(self, order):
        """Exchange two samples at a time while that gains more than chance among all exchanges would."""
        n = len(order)
        least = np.log(n * (n - 1) / 2) + CAUTION
        order = order.copy()
        for _ in range(n):
            gains = self.exchange_gains(order)
            i, j = np.unravel_index(np.argmax(gains), gains.shape)
            if gains[i, j] <= least:
                break
            order[[i, j]] = order[[j, i]]
        return order

    def held_out_p(self, order):
        """Probability of a residual as large as that of each pair, judged by the other pairs: (n_pairs,).

        Each pair is predicted by the others under the same model, which gives an F distribution.
        """
        target = self.target[order]
        n, k = self.source.shape
        p_values = np.empty(n)
        for i in range(n):
            others = np.arange(n) != i
            s_mean, t_mean = self.source[others].mean(axis=0), target[others].mean(axis=0)
            s, own = self.source[others] - s_mean, self.source[i] - s_mean
            residual = target[others] - t_mean - s
            inverse = np.linalg.inv(s.T @ s + np.eye(k) / DISTORTION)
            distortion = inverse @ s.T @ residual
            scatter = self.prior + residual.T @ (residual - s @ distortion)
            leverage = 1 + 1 / (n - 1) + own @ inverse @ own
            gap = target[i] - t_mean - own - own @ distortion
            freedom = PRIOR_FREEDOM + n - 2
            distance = gap @ np.linalg.solve(scatter, gap) / leverage
            p_values[i] = stats.f.sf(distance * freedom / k, k, freedom)
        return p_values


def rival_evidence(samples, source, target, own):
    """Say whether each target spectrum fits another source sample better than its own, judged by the other pairs.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_components)
        Scores of all source samples.
    source, target : ndarray of shape (n_pairs, n_components)
        Scores of the pairs.
    own : ndarray of int of shape (n_pairs,)
        Position of each pair among the samples.

    Returns
    -------
    evidence : ndarray of shape (n_pairs,)
        Logarithm of the likelihood ratio of the best other sample, less that of the number of other samples.
    rival : ndarray of int of shape (n_pairs,)
        Position of that sample.
    distance : ndarray of shape (n_pairs,)
        Squared distance of each target spectrum from where its own source spectrum puts it.
    """
    n, k = source.shape
    prior, freedom = PRIOR_FREEDOM * PRIOR_VARIANCE * np.eye(k), PRIOR_FREEDOM + n - 2
    evidence, rival, distance = np.empty(n), np.empty(n, dtype=int), np.empty(n)
    for i in range(n):
        others = np.arange(n) != i
        s_mean, t_mean = source[others].mean(axis=0), target[others].mean(axis=0)
        s = source[others] - s_mean
        residual = target[others] - t_mean - s
        inverse = np.linalg.inv(s.T @ s + np.eye(k) / DISTORTION)
        distortion = inverse @ s.T @ residual
        scatter = prior + residual.T @ (residual - s @ distortion)
        offered = samples - s_mean
        leverage = 1 + 1 / (n - 1) + np.einsum("ij,jk,ik->i", offered, inverse, offered)
        gap = target[i] - t_mean - offered - offered @ distortion
        far = np.einsum("ij,ji->i", gap, np.linalg.solve(scatter, gap.T)) / leverage
        # a Student's t density of each sample's prediction
        likelihood = -0.5 * k * np.log(leverage) - 0.5 * (freedom + k) * np.log1p(far)
        distance[i], mine = far[own[i]], likelihood[own[i]]
        likelihood[own[i]] = -np.inf
        rival[i] = int(np.argmax(likelihood))
        evidence[i] = likelihood[rival[i]] - mine - np.log(max(len(samples) - 1, 1))
    return evidence, rival, distance


def _squared_distances(products):
    """Squared distances (n, n) out of inner products (n, n)."""
    squares = np.diag(products)
    return squares[:, None] + squares - 2 * products
