"""Which rows are source, target, paired and labelled, and every error message about them.

Everything that follows from the labels of the rows is decided here, once: roles, samples, inherited references, pairs
and standards. Rows are put into an order that depends on their content alone, so that no estimator can depend on the
order in which the user listed them or on how instruments and samples are called.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..exceptions import AmbiguousInstrumentError, UnknownInstrumentError
from .inheritance import inherit
from .labels import UNPAIRED, check_instrument, check_labels, encode_samples
from .spelling import describe_pairing

__all__ = [
    "Pairs",
    "TransferRows",
    "resolve_roles",
    "shared_with",
]


ROLE_NAMES = ("the source", "the target")


def _listed(labels):
    return ", ".join(sorted(repr(label) for label in labels))


def resolve_roles(seen, source, target):
    """Decide which instrument is the source and which the target.

    Parameters
    ----------
    seen : collection
        The distinct instruments of the rows.
    source, target : object or None
        The roles as the user named them.

    Returns
    -------
    (source, target)
        None stands for a role that no row plays.

    Raises
    ------
    UnknownInstrumentError
        If a named instrument is not among the rows while others are.
    AmbiguousInstrumentError
        If the roles cannot be told: they are never guessed from order or alphabet.
    """
    seen = set(seen)
    for role, name in (("source", source), ("target", target)):
        if not isinstance(name, Hashable):
            raise UnknownInstrumentError(f"{role} must be the name of one instrument, got {name!r}.")
    if source is not None and source == target:
        raise AmbiguousInstrumentError(f"source and target are both {source!r}; name two different instruments.")
    for role, name, other in (("source", source, target), ("target", target, source)):
        rest = seen - {other}
        if name is not None and name not in seen and rest:
            raise UnknownInstrumentError(
                f"{role}={name!r} is not among the instruments of these rows: {_listed(seen)}. "
                f"Check the spelling and type of {role}= and of instrument=."
            )
    if source is not None and target is not None:
        return source, target
    rest = seen - {source, target}
    if source is None and target is None:
        if len(rest) > 1:
            raise AmbiguousInstrumentError(
                f"The rows come from {len(rest)} instruments ({_listed(rest)}); say which is the source and which the "
                "target with source= and target=."
            )
        return next(iter(rest)), None
    if len(rest) > 1:
        missing = "target" if target is None else "source"
        raise AmbiguousInstrumentError(
            f"Several instruments could be the {missing}: {_listed(rest)}. Name it with {missing}=."
        )
    other = next(iter(rest), None)
    return (source, other) if target is None else (other, target)


def _content_order(X, y, is_target):
    """Order of the rows by their own content: it survives shuffling and renaming."""
    columns = np.unique(np.linspace(0, X.shape[1] - 1, 5).astype(int))
    keys = [np.nan_to_num(column, nan=-np.inf) for column in y.T]
    keys += [X[:, j] for j in columns]
    keys.append(X @ np.arange(1.0, X.shape[1] + 1.0))
    keys.append(is_target)
    return np.lexsort(keys)


def shared_with(codes, source_codes):
    """Positions of the samples that the source has seen too, here and there: two index arrays of equal length."""
    position = {code: i for i, code in enumerate(source_codes) if code != UNPAIRED}
    here = np.array([i for i, code in enumerate(codes) if code in position], dtype=int)
    return here, np.array([position[codes[i]] for i in here], dtype=int)


@dataclass(frozen=True)
class Pairs:
    """Samples seen on both instruments, replicates averaged.

    Attributes
    ----------
    source, target : ndarray of shape (n_pairs, n_channels)
        Mean spectrum of each sample on either instrument.
    y : ndarray of shape (n_pairs, n_targets)
        References, NaN where there is none.
    """

    source: np.ndarray
    target: np.ndarray
    y: np.ndarray

    def __len__(self):
        return len(self.source)


@dataclass(frozen=True, eq=False)
class TransferRows:
    """Spectra of one source and one target instrument, sorted out.

    Attributes
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra, n_targets)
        References after inheritance.
    codes : ndarray of shape (n_spectra,)
        Sample numbers, -1 for rows without an id.
    is_target : ndarray of bool of shape (n_spectra,)
    instrument, sample_id : ndarray of shape (n_spectra,), dtype object, or None
        The user's labels in the order of ``X``.
    source, target : object or None
        The resolved roles.
    order : ndarray of int of shape (n_spectra,)
        Positions of these rows in the caller's arrays.
    """

    X: np.ndarray
    y: np.ndarray
    codes: np.ndarray
    is_target: np.ndarray
    instrument: np.ndarray | None
    sample_id: np.ndarray | None
    source: object
    target: object
    order: np.ndarray

    @classmethod
    def sort_out(cls, X, y, *, instrument=None, sample_id=None, source=None, target=None):
        """Resolve roles, drop rows of third instruments, inherit references, order by content."""
        n_rows = len(X)
        codes = encode_samples(sample_id, n_rows)
        labels = None if sample_id is None else check_labels(sample_id, n_rows, "sample_id")
        if instrument is None:
            kept = np.arange(n_rows)
            is_target = np.zeros(n_rows, dtype=bool)
            source = target = None
        else:
            instrument = check_instrument(instrument, n_rows)
            source, target = resolve_roles(set(instrument), source, target)
            is_target = np.array([target is not None and label == target for label in instrument], dtype=bool)
            is_source = np.array([source is not None and label == source for label in instrument], dtype=bool)
            kept = np.flatnonzero(is_source | is_target)
        order = kept[_content_order(X[kept], y[kept], is_target[kept])]
        codes, is_target = codes[order], is_target[order]
        return cls(
            X=X[order],
            y=inherit(y[order], codes, is_target.astype(int), None if labels is None else labels[order], ROLE_NAMES),
            codes=codes,
            is_target=is_target,
            instrument=None if instrument is None else instrument[order],
            sample_id=None if labels is None else labels[order],
            source=source,
            target=target,
            order=order,
        )

    @property
    def has_reference(self):
        """Rows with a reference for at least one property."""
        return np.isfinite(self.y).any(axis=1)

    @cached_property
    def target_samples(self):
        """Target rows, replicates averaged: ``(X, y, codes)``; a row without an id is a sample of its own."""
        return self._samples(self.is_target)

    @cached_property
    def source_samples(self):
        """Source rows, replicates averaged: ``(X, y, codes)``."""
        return self._samples(~self.is_target)

    @property
    def n_standards(self):
        """Number of samples with a target row and a reference."""
        return int(np.isfinite(self.target_samples[1]).any(axis=1).sum())

    @property
    def says_something(self):
        """Mark target samples (n_target_samples,) that have a reference, or were measured on the source too."""
        _, y, codes = self.target_samples
        marked = np.isfinite(y).any(axis=1)
        marked[shared_with(codes, self.source_samples[2])[0]] = True
        return marked

    @cached_property
    def pairs(self):
        """Samples with an id and rows on both instruments."""
        Xs, _, source_codes = self.source_samples
        Xt, yt, target_codes = self.target_samples
        on_target, on_source = shared_with(target_codes, source_codes)
        return Pairs(Xs[on_source], Xt[on_target], yt[on_target])

    def describe_pairing(self):
        """Say what is odd about the ids of the two instruments; empty where nothing is."""
        if self.sample_id is None:
            return ""
        return describe_pairing(self.sample_id[~self.is_target], self.sample_id[self.is_target])

    def _samples(self, mask):
        X, y, codes = self.X[mask], self.y[mask], self.codes[mask]
        groups = codes.copy()
        alone = groups == UNPAIRED
        groups[alone] = np.arange(alone.sum()) + codes.max(initial=0) + 1
        _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        if len(first) == len(groups):
            return X, y, codes
        # number the samples by first appearance: the rows are in content order, the codes are not
        rank = np.empty(len(first), dtype=int)
        rank[np.argsort(first)] = np.arange(len(first))
        group = rank[inverse]
        first = np.sort(first)
        counts = np.bincount(group, minlength=len(first))
        sums = np.zeros((len(first), X.shape[1]))
        np.add.at(sums, group, X)
        return sums / counts[:, None], y[first], codes[first]
