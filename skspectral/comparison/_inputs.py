"""What a comparison is made from, and a fingerprint of all of it."""

import pickle
import uuid

import joblib
import numpy as np

from .._core.labels import id_key, is_missing
from .._core.quantities import converted_spectra, quantity_of, refuse_mirrored
from .._core.references import check_references
from .._core.roles import resolve_roles
from .._core.versions import COMPARED, current_versions, without_versions
from ..model_selection import inherit_references

__all__ = ["fingerprint", "in_one_quantity", "references_with_twins"]


def in_one_quantity(X, instrument, sample_id, quantity, cv):
    """Convert source spectra to the target's quantity, and refuse those that must be of another.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    instrument, sample_id : ndarray of shape (n_spectra,), dtype object
    quantity : str, dict of {instrument: str} or None
    cv : splitter
        With the roles.

    Returns
    -------
    ndarray of shape (n_spectra, n_channels)
        A copy where spectra were converted.
    """
    source, target = resolve_roles(set(instrument), getattr(cv, "source", None), getattr(cv, "target", None))
    quantities = {name: quantity_of(quantity, name) for name in (source, target)}
    if quantities[source] != quantities[target]:
        on_source = np.array([label == source for label in instrument], dtype=bool)
        X = X.astype(np.float64)
        X[on_source] = converted_spectra(X[on_source], quantities[source], quantities[target], source)
    refuse_mirrored(X, instrument, sample_id, quantities, source, target)
    return X


def references_with_twins(y, instrument, sample_id, cv):
    """Give target rows the references of their twins on the source, so that they can be tested.

    Source rows take nothing: with N standards, the source knows of the target's references those of the standards only.

    Parameters
    ----------
    y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
    instrument, sample_id : ndarray of shape (n_spectra,), dtype object
    cv : splitter
        With the roles.

    Returns
    -------
    ndarray of shape (n_spectra,) or (n_spectra, n_targets)
    """
    source, target = resolve_roles(set(instrument), getattr(cv, "source", None), getattr(cv, "target", None))
    ours = np.array([label in (source, target) for label in instrument], dtype=bool)
    # rows of other instruments lend nothing
    inherited = inherit_references(y, instrument, [label if here else None for label, here in zip(sample_id, ours)])
    on_target = np.array([label == target for label in instrument], dtype=bool)
    given = check_references("compare_methods", y, len(instrument), allow_missing=True)
    given[on_target] = inherited[on_target]
    return given


def fingerprint(X, y, names, instrument, sample_id, methods, splits):
    """Identify data, names, methods and splits by their content.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra, n_targets)
    names : list of str
        Names of the properties.
    instrument, sample_id : ndarray of shape (n_spectra,), dtype object
    methods : dict of {str: estimator}
    splits : list of (train, test)

    Returns
    -------
    str
        Sixteen characters. Where a method cannot be pickled, as with a function that has no name, they are never the
        same again.
    """
    labels = [
        [None if is_missing(label) else repr(id_key(label)) for label in column] for column in (instrument, sample_id)
    ]
    data = (np.ascontiguousarray(X, dtype=np.float64), np.ascontiguousarray(y), [str(name) for name in names], labels)
    versions = {name: version for name, version in current_versions().items() if name in COMPARED}
    try:
        # which other packages happen to be loaded does not change a method
        with without_versions():
            return joblib.hash((data, versions, splits, dict(methods)))[:16]
    except (pickle.PicklingError, TypeError):
        return uuid.uuid4().hex[:16]
