"""What several sources say of one sample."""

import numpy as np

from ...exceptions import ConflictingReferenceError

__all__ = ["merge_references", "same_value"]

REFERENCE_TOLERANCE = 1e-6


def same_value(first, second):
    """Whether two references are one value."""
    return abs(first - second) <= REFERENCE_TOLERANCE * max(abs(first), abs(second))


def merge_references(sample_id, y, properties, references, key):
    """Add references of a file to those beside the spectra.

    Parameters
    ----------
    sample_id : sequence of str or None
        Sample of each row.
    y : ndarray of shape (n_spectra, n_properties)
        References beside the spectra.
    properties : list of str
        Their names.
    references : References
        Those of the file.
    key : callable
        Reduces a name to what tells samples apart.

    Returns
    -------
    y : ndarray of shape (n_spectra, n_properties)
    properties : list of str
    used : set
        Keys of samples that have spectra.

    Raises
    ------
    ConflictingReferenceError
        If two values of one sample and property differ; the message names both places.
    """
    rows = references.by_key(key)
    names = [*properties, *(name for name in references.values if name not in properties)]
    out = np.full((len(sample_id), len(names)), np.nan)
    out[:, : len(properties)] = y
    found = {}
    for sample, where in rows.items():
        for name, column in references.values.items():
            known = [row for row in where if np.isfinite(column[row])]
            if not known:
                continue
            for row in known[1:]:
                if not same_value(column[row], column[known[0]]):
                    raise ConflictingReferenceError(
                        f"Sample {references.names[row]!r} has two references of {name!r}: {column[known[0]]:g} "
                        f"({references.where(known[0])}) and {column[row]:g} ({references.where(row)})."
                    )
            found[sample, name] = column[known[0]], known[0]
    used = set()
    for row, sample in enumerate(sample_id):
        if sample is None:
            continue
        label = key(sample)
        if label not in rows:
            continue
        used.add(label)
        for name in references.values:
            if (label, name) not in found:
                continue
            value, at = found[label, name]
            k = names.index(name)
            if np.isfinite(out[row, k]) and not same_value(out[row, k], value):
                raise ConflictingReferenceError(
                    f"Sample {sample!r} has two references of {name!r}: {out[row, k]:g} beside its spectrum and "
                    f"{value:g} ({references.where(at)})."
                )
            out[row, k] = value
    return out, names, used
