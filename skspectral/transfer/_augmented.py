"""Ridge regression on source rows, paired differences and target rows, solved in closed form.

Three kinds of rows share one regression vector: a source sample predicts its reference; the difference between the two
spectra of a pair predicts zero; a target sample predicts its reference with an offset of its own. The weights of the
differences and of the target rows say how much is known about the instruments. Leaving a standard out, which takes up
to three rows away at once (and the contrasts between its replicates), needs no refit: the residuals of a block B are
``inv(C_BB) @ alpha_B`` with ``C = inv(K)`` and ``alpha = C @ r``. The system grows with the rows or with the channels,
whichever are fewer: more source samples than channels are rotated into as many rows as there are channels, which
changes no result but the error on the source, which is then that of generalised cross-validation.

Contrasts between replicates, and differences between known instruments, are a fourth kind, which predicts zero as the
differences do. Their weight is fixed: it stands for a share of their covariance in every source sample.
"""

from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..exceptions import ImplausibleSpectraError

__all__ = ["AugmentedRows", "OtherRows", "Solution", "difference_weights", "inverse_of"]

# variance of the two unpenalised offsets, in units of the standardised reference
OFFSET = 1e3
JITTER = 1e-10
# so many rows cost little; up to two for a channel they are left as they are, for exact errors of models that run
# through nearly all of them
FEW_ROWS = 300


@dataclass(frozen=True, eq=False)
class Solution:
    """A fitted model in the units of the preprocessed spectra and of ``y``.

    Attributes
    ----------
    coef : ndarray of shape (n_targets, n_channels)
    intercept : ndarray of shape (n_targets,)
    held_out : ndarray of shape (n_standards, n_targets)
        Reference minus prediction of each standard, by a model that has not seen any of its rows; NaN where it has no
        reference.
    source_error : ndarray of shape (n_targets,)
        Mean squared leave-one-out error of the source samples, in squared units; by generalised cross-validation where
        there are many more of them than channels.
    gap : ndarray of shape (n_targets,) or float
        Mean squared difference between the predictions from the two spectra of a pair, for models that have learned
        nothing from differences.
    """

    coef: np.ndarray
    intercept: np.ndarray
    held_out: np.ndarray
    source_error: np.ndarray
    gap: np.ndarray | float = 0.0


@dataclass(frozen=True, eq=False)
class OtherRows:
    """Samples of further instruments, shifted onto the source by their mean difference.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_channels)
    y : ndarray of shape (n_samples, n_targets)
    standard : ndarray of int of shape (n_samples,)
        The standard that is the same sample, -1 where none is.
    """

    X: np.ndarray
    y: np.ndarray
    standard: np.ndarray


class AugmentedRows:
    """The rows of one preprocessing, ready to be solved with many settings.

    Parameters
    ----------
    source : ndarray of shape (n_source, n_channels)
        Preprocessed source samples.
    y_source : ndarray of shape (n_source, n_targets)
        NaN where there is no reference.
    target : ndarray of shape (n_standards, n_channels)
        Preprocessed standards as the target sees them.
    y_target : ndarray of shape (n_standards, n_targets)
    twin : ndarray of int of shape (n_standards,)
        Row of the same sample in ``source``, -1 where it has none.
    others : OtherRows, optional
        What further instruments saw.
    nuisance : NuisanceRows, optional
        Contrasts between repeated scans, and differences between known instruments.
    of_nuisance : ndarray of int of shape (n_nuisance_rows,), optional
        The standard that such a row belongs to, -1 where none.
    """

    def __init__(self, source, y_source, target, y_target, twin, others=None, nuisance=None, of_nuisance=None):
        labelled = np.isfinite(y_source).any(axis=1)
        self.mean = source[labelled].mean(axis=0)
        self.scale = np.sqrt(((source[labelled] - self.mean) ** 2).sum(axis=1).mean()) or 1.0
        self.y_mean = np.nanmean(y_source, axis=0)
        spread = np.nanstd(y_source, axis=0)
        self.y_scale = np.where(spread > 0, spread, 1.0)
        paired = np.flatnonzero(twin >= 0)
        Z_source = (source - self.mean) / self.scale
        Z_target = (target - self.mean) / self.scale
        r_source = (y_source - self.y_mean) / self.y_scale
        r_target = (y_target - self.y_mean) / self.y_scale
        self.differences = Z_target[paired] - Z_source[twin[paired]]
        self.n_pairs, self.n_standards = len(paired), len(target)
        of_source = np.full(len(source), -1)
        of_source[twin[paired]] = paired
        if others is not None:
            Z_source = np.vstack([Z_source, (others.X - self.mean) / self.scale])
            r_source = np.vstack([r_source, (others.y - self.y_mean) / self.y_scale])
            of_source = np.concatenate([of_source, others.standard])
        labelled = np.isfinite(r_source).any(axis=1)
        own, free = (np.flatnonzero(labelled & (of_source >= 0)), np.flatnonzero(labelled & (of_source < 0)))
        self.n_source = len(own) + len(free)
        self.n_known = np.isfinite(r_source[labelled]).sum(axis=0)
        Z_free, shared, r_free = _rotate(Z_source[free], r_source[free])
        no_reference = np.zeros((self.n_pairs, r_source.shape[1]))
        self.Z = np.vstack([Z_source[own], Z_free, self.differences, Z_target])
        self.r = np.vstack([r_source[own], r_free, no_reference, r_target])
        n_source_rows = len(own) + len(Z_free)
        self.kinds = np.repeat([0, 1, 2], [n_source_rows, self.n_pairs, self.n_standards])
        self.shared = np.concatenate([np.ones(len(own)), shared, np.zeros(self.n_pairs), np.ones(self.n_standards)])
        self.on_target = np.concatenate([np.zeros(n_source_rows), np.ones(self.n_pairs + self.n_standards)])
        self.standard = np.concatenate(
            [of_source[own], np.full(len(Z_free), -1), paired, np.arange(len(target))]
        ).astype(int)
        if nuisance is not None:
            self._add_nuisance(nuisance, of_nuisance)

    def _add_nuisance(self, nuisance, standard):
        """Append rows that have a weight of their own and no offset."""
        n, nothing = len(nuisance), np.zeros(len(nuisance))
        self.Z = np.vstack([self.Z, nuisance.X / self.scale])
        self.r = np.vstack([self.r, np.zeros((n, self.r.shape[1]))])
        self.kinds = np.concatenate([self.kinds, np.full(n, 3)])
        self.shared = np.concatenate([self.shared, nothing])
        self.on_target = np.concatenate([self.on_target, nothing])
        self.standard = np.concatenate([self.standard, standard]).astype(int)

    def with_target(self, target):
        """Return the same rows with other spectra of the standards (n_standards, n_channels), preprocessed."""
        changed = copy(self)
        changed.__dict__.pop("gram", None)
        on_target = self.kinds == 2
        delta = (target - self.mean) / self.scale - self.Z[on_target]
        own = (self.kinds == 1) & (self.on_target == 1)
        changed.Z = self.Z.copy()
        changed.Z[on_target] += delta
        changed.Z[own] += delta[self.standard[own]]
        changed.differences = changed.Z[self.kinds == 1]
        return changed

    def solve(self, ridge, difference, target, *, channel_weights=None, deviation=0.0, offset=True):
        """Solve with one setting.

        Parameters
        ----------
        ridge : float
            Noise variance of a source row (rows have unit mean square norm).
        difference, target : float
            How many times more a difference row and a target row weigh than a source row.
        channel_weights : ndarray of shape (n_channels,), optional
            Multiplies the spectra.
        deviation : float, default=0.0
            Variance of a regression vector of the target's own, relative to the shared one.
        offset : bool, default=True
            Whether target rows have an offset of their own.

        Returns
        -------
        Solution
        """
        Z = self.Z if channel_weights is None else self.Z * channel_weights
        kernel = self.gram.copy() if channel_weights is None else Z @ Z.T
        if deviation:
            kernel = kernel * (1.0 + deviation * np.outer(self.on_target, self.on_target))
        shifted = self.on_target if offset else np.zeros_like(self.on_target)
        kernel += OFFSET * (np.outer(self.shared, self.shared) + np.outer(shifted, shifted))
        noise = ridge / np.array([1.0, difference, target, self.n_source])[self.kinds]
        n_targets = self.r.shape[1]
        coef, intercept = np.empty((n_targets, Z.shape[1])), np.empty(n_targets)
        held_out = np.full((self.n_standards, n_targets), np.nan)
        source_error = np.empty(n_targets)
        kernel[np.diag_indices_from(kernel)] += noise
        for columns, kept, blocks in self._patterns:
            inverse = inverse_of(kernel if len(kept) == len(kernel) else kernel[np.ix_(kept, kept)])
            alpha = inverse @ self.r[np.ix_(kept, columns)]
            flags = self.shared[kept] + shifted[kept]
            source_error[columns] = self.source_error(inverse, alpha, kept, columns, ridge)
            weights = Z[kept].T @ alpha
            if deviation:
                weights += deviation * (Z[kept] * self.on_target[kept, None]).T @ alpha
            constant = OFFSET * flags @ alpha
            coef[columns] = weights.T * (1.0 if channel_weights is None else channel_weights)
            intercept[columns] = constant
            for standards, rows, places in blocks:
                # residuals of the target row of each standard without its whole block
                alone = np.linalg.solve(inverse[rows[:, :, None], rows[:, None, :]], alpha[rows])
                held_out[np.ix_(standards, columns)] = alone[np.arange(len(rows)), places]
        coef *= self.y_scale[:, None] / self.scale
        intercept = intercept * self.y_scale + self.y_mean - coef @ self.mean
        return Solution(coef, intercept, held_out * self.y_scale, source_error * self.y_scale**2)

    @cached_property
    def gram(self):
        return self.Z @ self.Z.T

    @cached_property
    def _patterns(self):
        """Properties that have the same references: their columns, the rows they have, and what each standard takes.

        The last is a list of (standards, rows of each among those kept, place of the target row among them), standards
        with equally many rows together.
        """
        known, found = np.isfinite(self.r), []
        for pattern in np.unique(known, axis=1).T:
            kept = np.flatnonzero(pattern)
            standard, kinds = self.standard[kept], self.kinds[kept]
            by_size = {}
            for k in np.unique(standard[standard >= 0]):
                rows = np.flatnonzero(standard == k)
                place = np.flatnonzero(kinds[rows] == 2)
                if len(place):
                    by_size.setdefault(len(rows), []).append((k, rows, place[0]))
            blocks = [tuple(np.array(part) for part in zip(*group)) for group in by_size.values()]
            found.append((np.flatnonzero((known == pattern[:, None]).all(axis=0)), kept, blocks))
        return found

    def source_error(self, inverse, alpha, kept, columns, ridge):
        """Leave-one-out error over the source samples (n_columns,); generalised cross-validation of rotated ones."""
        on_source = self.kinds[kept] == 0
        n = self.n_known[columns]
        if (n == on_source.sum()).all():
            return ((alpha[on_source] / np.diag(inverse)[on_source, None]) ** 2).mean(axis=0)
        # each sample that the rotation saved would stand on the diagonal with its noise alone
        trace = np.diag(inverse)[on_source].sum() + (n - on_source.sum()) / (ridge + JITTER)
        return n * (alpha[on_source] ** 2).sum(axis=0) / trace**2


def _rotate(Z, r):
    """Rotate samples with the same references into fewer rows where there are more samples than channels.

    Returns
    -------
    Z : ndarray of shape (n_rows, n_channels)
    shared : ndarray of shape (n_rows,)
        What became of the ones that stand for the offset.
    r : ndarray of shape (n_rows, n_targets)
    """
    known = np.isfinite(r)
    parts = []
    for pattern in np.unique(known, axis=0):
        rows = np.flatnonzero((known == pattern).all(axis=1))
        together = np.column_stack([Z[rows], np.ones(len(rows)), r[rows][:, pattern]])
        n, p = together.shape
        if n > p and n > min(2 * p, FEW_ROWS):
            together = np.linalg.qr(together, mode="r")
        references = np.full((len(together), r.shape[1]), np.nan)
        references[:, pattern] = together[:, Z.shape[1] + 1 :]
        parts.append((together[:, : Z.shape[1]], together[:, Z.shape[1]], references))
    if not parts:
        return Z, np.ones(0), r
    return tuple(np.concatenate(part) for part in zip(*parts))


def inverse_of(matrix):
    """Inverse of a symmetric positive definite matrix; the jitter keeps equal rows solvable.

    Raises
    ------
    ImplausibleSpectraError
        If rows differ so much in size that rounding has made it indefinite.
    """
    matrix = matrix + JITTER * np.eye(len(matrix))
    try:
        factor = cho_factor(matrix, lower=True, check_finite=False)
    except np.linalg.LinAlgError as error:
        sizes = np.sqrt(np.diag(matrix))
        raise ImplausibleSpectraError(
            f"The spectra differ so much in size (from {sizes.min():.3g} to {sizes.max():.3g} times the usual) that "
            "the small ones are lost in rounding. Check for spikes, and the scale of both instruments."
        ) from error
    return cho_solve(factor, np.eye(len(matrix)), check_finite=False)


def difference_weights(rows, ridge, shrinkage, width):
    """Channel weights that stand for the diagonal part of a shrunk covariance of the differences.

    Adding the differences as noise to every source row is ridge regression with their covariance as penalty; with few
    pairs its diagonal is better known than the rest, so a share of it moves there.

    Parameters
    ----------
    rows : AugmentedRows
    ridge : float
        Noise variance of a source row.
    shrinkage : float
        Share of the covariance kept as it is, 0 to 1; the rest becomes channel weights.
    width : int
        Channels over which the variance is smoothed.

    Returns
    -------
    weights : ndarray of shape (n_channels,)
        For ``AugmentedRows.solve(1.0, difference, ...)``: the ridge is in them.
    difference : float
        Weight of the difference rows that goes with them.
    """
    D = rows.differences
    n_pairs = max(len(D), 1)
    variance = np.zeros(rows.Z.shape[1]) if len(D) < 2 else D.var(axis=0, ddof=1)
    kernel = np.ones(max(1, min(width, len(variance))))
    # each channel's own neighbours count at the ends, too
    smooth = np.convolve(variance, kernel, mode="same") / np.convolve(np.ones_like(variance), kernel, mode="same")
    weights = 1.0 / np.sqrt(ridge + rows.n_source * (1.0 - shrinkage) * smooth)
    return weights, max(rows.n_source * shrinkage / max(n_pairs - 1, 1), 1e-12)
