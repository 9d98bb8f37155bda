"""Weights of the members: a prior, tempered by what the standards say."""

import numpy as np

__all__ = ["evidence_counts", "mixture_weights"]

# a relative mean squared error below which better is not better
FLOOR = 1e-4
# with fewer standards of a property their errors say nothing about which model is better
LEAST_FOR_EVIDENCE = 5


def evidence_counts(n_standards):
    """Number of standards that may speak: none where there are too few."""
    n_standards = np.asarray(n_standards)
    return np.where(n_standards >= LEAST_FOR_EVIDENCE, n_standards, 0)


def mixture_weights(log_prior, errors, source_errors, n_standards, powers, spread):
    """Combine prior, held-out errors on the standards and cross-validation errors on the source.

    Parameters
    ----------
    log_prior : ndarray of shape (n_members,)
    errors : ndarray of shape (n_members, n_targets)
        Of held-out standards; NaN where a property has none.
    source_errors : ndarray of shape (n_members, n_targets)
        Mean squared errors on the source.
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
    evidence = np.nan_to_num(np.log(errors / spread + FLOOR), nan=0.0)
    on_source = np.log(source_errors / spread + FLOOR)
    logits = (
        log_prior[:, None]
        - powers["standards"] * evidence_counts(n_standards) * evidence
        - powers["source"] * on_source
    )
    weights = np.exp(logits - logits.max(axis=0))
    return weights / weights.sum(axis=0)
