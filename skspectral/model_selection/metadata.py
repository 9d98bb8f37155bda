"""The two labels of each row, as splitters receive them: through metadata routing or through ``groups``."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import _num_samples

from .._core.known_instruments import check_others
from .._core.labels import UNPAIRED, check_instrument, check_labels, encode_samples, id_order
from .._core.references import check_references
from .._core.roles import resolve_roles
from .._core.spelling import describe_pairing, warn_of_instruments_left_out
from ..exceptions import AmbiguousInstrumentError, NoSourceError, NoStandardsError, UnpairedSamplesWarning

__all__ = ["SplitRows", "as_groups", "detach"]


def as_groups(instrument, sample_id):
    """Join the labels of the rows into the ``groups`` of scikit-learn, for use without metadata routing.

    Parameters
    ----------
    instrument : array-like of shape (n_spectra,)
        Instrument of each row.
    sample_id : array-like of shape (n_spectra,)
        Sample of each row; None, NaN and pandas.NA mean unknown.

    Returns
    -------
    ndarray of shape (n_spectra, 2), dtype object
        Instrument and sample. scikit-learn slices it by rows, so it may be handed on to an inner search.

    Raises
    ------
    ValueError
        If the two do not have one label per row.

    Examples
    --------
    >>> from skspectral.model_selection import as_groups
    >>> as_groups(["A", "B"], [1, None])
    array([['A', 1],
           ['B', None]], dtype=object)
    """
    n_rows = len(instrument)
    columns = [check_labels(instrument, n_rows, "instrument"), check_labels(sample_id, n_rows, "sample_id")]
    groups = np.empty((n_rows, 2), dtype=object)
    groups[:, 0], groups[:, 1] = columns
    return groups


def detach(y, sample_id, rows):
    """Take reference and sample from chosen rows, which makes them unlabelled spectra without a twin.

    A splitter yields positions and cannot hide a reference; detach the rows of the target instrument that shall be
    known as spectra only, then split.

    Parameters
    ----------
    y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        References; NaN where there is none.
    sample_id : array-like of shape (n_spectra,)
        Sample of each row.
    rows : array-like of bool of shape (n_spectra,), or array-like of int
        The rows to detach, as a mask or as positions.

    Returns
    -------
    y : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        A float64 copy with NaN in ``rows``.
    sample_id : ndarray of shape (n_spectra,), dtype object
        A copy with None in ``rows``.

    Raises
    ------
    ValueError
        If lengths differ, or ``rows`` is neither a mask nor positions of rows.

    Examples
    --------
    >>> from skspectral.model_selection import detach
    >>> detach([1.0, 2.0], ["a", "b"], [1])
    (array([ 1., nan]), array(['a', None], dtype=object))
    """
    detached = np.array(y, dtype=np.float64)
    if detached.ndim not in (1, 2):
        raise ValueError(f"y must have shape (n_spectra,) or (n_spectra, n_targets), got {detached.shape}.")
    n_rows = len(detached)
    ids = np.array(check_labels(sample_id, n_rows, "sample_id"), dtype=object)
    chosen = np.asarray(rows)
    if chosen.size == 0:
        chosen = chosen.astype(int)
    is_mask = chosen.dtype == bool and chosen.shape == (n_rows,)
    are_positions = chosen.dtype.kind in "iu" and chosen.ndim == 1
    if not is_mask and not (are_positions and (chosen >= -n_rows).all() and (chosen < n_rows).all()):
        raise ValueError(
            f"rows must be a boolean mask of shape ({n_rows},) or positions below {n_rows}, got {chosen.dtype} of "
            f"shape {chosen.shape}."
        )
    detached[chosen] = np.nan
    ids[chosen] = None
    return detached, ids


@dataclass(frozen=True, eq=False)
class SplitRows:
    """What a splitter has to know about the rows.

    Attributes
    ----------
    is_source, is_target, is_other : ndarray of bool of shape (n_rows,)
        Rows of a further known instrument that the splitter names are other; those of any third one are nothing.
    codes : ndarray of int of shape (n_rows,)
        Position of the sample in ``ids``; -1 for rows without an id.
    ids : list
        The samples in an order that depends on their ids alone, never on the order of the rows.
    y : ndarray of shape (n_rows, n_targets)
        References as given.
    has_reference : ndarray of bool of shape (n_rows,)
        Rows with a finite reference of their own for at least one property; all rows without ``y``.
    """

    is_source: np.ndarray
    is_target: np.ndarray
    is_other: np.ndarray
    codes: np.ndarray
    ids: list
    y: np.ndarray
    has_reference: np.ndarray

    @classmethod
    def read(cls, splitter, X, y, groups, instrument, sample_id):
        """Read the labels, wherever they come from, and resolve the roles."""
        n_rows = _num_samples(X)
        instrument, sample_id = _labels(type(splitter).__name__, n_rows, groups, instrument, sample_id)
        source, target = resolve_roles(set(instrument), splitter.source, splitter.target)
        is_source = np.array([source is not None and label == source for label in instrument], dtype=bool)
        is_target = np.array([target is not None and label == target for label in instrument], dtype=bool)
        check_others(splitter.others, source, target, instrument)
        is_other = np.array([label in splitter.others for label in instrument], dtype=bool)
        name = type(splitter).__name__
        if not is_source.any():
            raise NoSourceError(f"{name} found no row of a source instrument (source={source!r}).")
        if not is_target.any():
            raise NoStandardsError(f"{name} found no row of a target instrument (target={target!r}) to test on.")
        _warn_of_spelling(instrument, sample_id, is_source, is_target, source, target)
        codes, ids = _number_samples(sample_id, n_rows)
        if y is None:
            references, has_reference = np.zeros((n_rows, 1)), np.ones(n_rows, dtype=bool)
        else:
            references = check_references(splitter, y, n_rows, allow_missing=True).reshape(n_rows, -1)
            has_reference = np.isfinite(references).any(axis=1)
        return cls(is_source, is_target, is_other, codes, ids, references, has_reference)

    @property
    def takes_part(self):
        """Rows of the instruments that the splitter is about."""
        return self.is_source | self.is_target | self.is_other

    def samples(self, mask):
        """Numbers of the samples with a row in ``mask``, in ascending order."""
        found = np.unique(self.codes[mask])
        return found[found != UNPAIRED]

    def rows_of(self, samples):
        """Rows of the samples, on every instrument."""
        return np.isin(self.codes, samples) & (self.codes != UNPAIRED)

    @property
    def testable(self):
        """Samples with a target row that has a reference of its own."""
        return self.samples(self.is_target & self.has_reference)

    @property
    def standards(self):
        """Samples with a target row, and a reference on any of the instruments."""
        known = self.samples(self.takes_part & self.has_reference)
        return np.intersect1d(self.samples(self.is_target), known)

    def remedy(self):
        """Say how target rows get the references of their twins, where these would be more to test on."""
        lent = len(np.setdiff1d(self.standards, self.testable))
        if not lent:
            return ""
        return (
            f" {lent} more samples of the target have a reference on their source rows: give "
            "y=inherit_references(y, instrument, sample_id)."
        )

    def references_of(self, samples):
        """Mean reference (n_samples, n_targets) of each sample over its rows; NaN where it has none."""
        ours = self.takes_part
        means = np.full((len(samples), self.y.shape[1]), np.nan)
        for i, sample in enumerate(samples):
            values = self.y[ours & (self.codes == sample)]
            for j in range(values.shape[1]):
                finite = np.sort(values[np.isfinite(values[:, j]), j])
                if finite.size:
                    means[i, j] = finite.mean()
        return means


def _labels(name, n_rows, groups, instrument, sample_id):
    """Take the labels from metadata or from ``groups``; say how to pass them when there are none."""
    if groups is not None and (instrument is not None or sample_id is not None):
        raise AmbiguousInstrumentError(f"{name} got groups= besides instrument= or sample_id=; give one or the other.")
    if groups is not None:
        groups = np.asarray(groups, dtype=object)
        if groups.ndim == 2 and groups.shape == (n_rows, 2):
            instrument, sample_id = groups.T
    if instrument is None or sample_id is None:
        raise AmbiguousInstrumentError(
            f"{name} needs the instrument and the sample of every row. Pass them in one of three ways: (1) with "
            "metadata routing enabled, instrument=... and sample_id=... to fit, or in params= of cross_validate; "
            "(2) without it, groups=as_groups(instrument, sample_id); (3) cv=list(splitter.split(X, y, "
            "instrument=..., sample_id=...))."
        )
    return check_instrument(instrument, n_rows), check_labels(sample_id, n_rows, "sample_id")


def _warn_of_spelling(instrument, sample_id, is_source, is_target, source, target):
    """Warn of labels in several spellings: a twin that is not recognised stays in the training set."""
    warn_of_instruments_left_out(instrument, source, target, stacklevel=4)
    odd = describe_pairing(sample_id[is_source], sample_id[is_target])
    if odd:
        warnings.warn(odd, UnpairedSamplesWarning, stacklevel=4)


def _number_samples(sample_id, n_rows):
    """Number samples in the canonical order of their ids: (codes of shape (n_rows,), list of ids)."""
    codes = encode_samples(sample_id, n_rows)
    # where a number and its text are one id, the number stands for both, whichever comes first
    label = {}
    for code, given in zip(codes, sample_id):
        if code != UNPAIRED and (code not in label or (isinstance(label[code], str) and not isinstance(given, str))):
            label[code] = given
    order = sorted(label, key=lambda code: id_order(label[code]))
    rank = np.full(len(order) + 1, UNPAIRED)
    rank[order] = np.arange(len(order))
    return rank[codes], [label[code] for code in order]
