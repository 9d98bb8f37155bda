"""Weights of the members within their family, and of the families: priors, tempered by what the standards say."""

import numpy as np
from scipy.stats import chi2

__all__ = ["alike", "effective_counts", "family_shares", "member_weights"]

# a relative mean squared error below which better is not better, within a family and between families
FLOOR, FAMILY_FLOOR = 1e-4, 1e-5
# with fewer standards of a property their errors say nothing about which model is better
LEAST_FOR_EVIDENCE = 3
# errors repeat one another: this many standards say half of what they would if they did not
HALF = 50.0
# the standards that the learned shares of the families are for
REFERENCE = 10.0


def effective_counts(n_standards):
    """Number of standards that may speak: none where there are too few, and fewer than there are where many."""
    n = np.asarray(n_standards, dtype=float)
    return np.where(n >= LEAST_FOR_EVIDENCE, n / (1.0 + n / HALF), 0.0)


def member_weights(log_prior, errors, source_errors, n_standards, powers, spread):
    """Weigh the members of one family against one another.

    Parameters
    ----------
    log_prior : ndarray of shape (n_members,)
    errors : ndarray of shape (n_members, n_targets)
        Mean squares on held-out standards; NaN where a property has none.
    source_errors : ndarray of shape (n_members, n_targets)
        Mean squared errors on the source, with the disagreement of the pairs where a model ignores it.
    n_standards : ndarray of shape (n_targets,)
        Standards with a reference of each property.
    powers : dict
        ``"standards"``: exponent of the held-out error per standard; 0.5 would be a Gaussian likelihood, less is
        tempered. ``"source"``: exponent of the error on the source.
    spread : ndarray of shape (n_targets,)
        Variance of each property on the source, the unit of the floor.

    Returns
    -------
    ndarray of shape (n_members, n_targets)
        Columns sum to one.
    """
    held_out = np.nan_to_num(np.log(errors / spread + FLOOR), nan=0.0)
    on_source = np.log(source_errors / spread + FLOOR)
    return _softmax(
        log_prior[:, None]
        - powers["standards"] * effective_counts(n_standards) * held_out
        - powers["source"] * on_source
    )


def family_shares(names, errors, expected, n_standards, n_seen, holds, constants, spread):
    """Weigh families against one another.

    Parameters
    ----------
    names : list of str
        Families that there are.
    errors : ndarray of shape (n_families, n_targets)
        Mean squares of each family's mixture on held-out standards; NaN where there is none.
    expected : ndarray of shape (n_families, n_targets)
        Mean squared error on the source of each family, with the disagreement of the pairs where models ignore it.
    n_standards, n_seen : ndarray of shape (n_targets,)
        Standards with a reference, and standards or pairs, whichever are more.
    holds : ndarray of bool of shape (n_families, n_targets)
        Whether a property has what the family needs.
    constants : dict
        ``"shares"``: for each family the logarithm of its share at ten standards, how it grows with the logarithm of
        their number, and the exponent of the expected error; ``"early"``: what is added to this exponent without
        standards, half of it with one, and so on; ``"evidence"``: exponent of the held-out error per standard.
    spread : ndarray of shape (n_targets,)

    Returns
    -------
    ndarray of shape (n_families, n_targets)
        Columns sum to one.
    """
    shares = np.array([constants["shares"][name] for name in names])
    held_out = np.nan_to_num(np.log(errors / spread + FAMILY_FLOOR), nan=0.0)
    more = np.asarray(n_seen) + 1.0
    logits = shares[:, :1] + shares[:, 1:2] * np.log(more / (REFERENCE + 1.0))
    logits = logits - constants["evidence"] * effective_counts(n_standards) * held_out
    logits = logits - (shares[:, 2:] + constants["early"] / more) * np.log(expected / spread + FAMILY_FLOOR)
    return _softmax(np.where(holds, logits, -np.inf))


def alike(gap, source_error, n_pairs, constants):
    """How far the instruments are one and the same for a property: weight (n_targets,) of the untouched source model.

    What its predictions from the two spectra of a pair differ by adds to its error. Where even an upper limit of that,
    at 95 % and for so few pairs, is small beside the error on the source, no transfer can better it.

    Parameters
    ----------
    gap, source_error : ndarray of shape (n_targets,)
        Mean squared disagreement of the pairs, and mean squared error on the source.
    n_pairs : int
    constants : dict
        ``"ratio"`` of the limit to the error at which the weight is one half, and ``"slope"``.
    """
    if n_pairs < 1:
        return np.zeros(len(gap))
    limit = gap * n_pairs / chi2.ppf(0.05, n_pairs)
    # a property that does not vary is predicted without error from either spectrum
    ratio = np.divide(limit, source_error, out=np.where(limit > 0, np.inf, 0.0), where=source_error > 0)
    logit = constants["slope"] * (np.log(constants["ratio"]) - np.log(np.clip(ratio, 1e-300, 1e300)))
    return 1.0 / (1.0 + np.exp(np.clip(-logit, -50.0, 50.0)))


def _softmax(logits):
    weights = np.exp(logits - logits.max(axis=0))
    return weights / weights.sum(axis=0)
