"""What several sources say of one sample."""

from pathlib import Path

import numpy as np

from ..._core.spelling import tidy
from ...exceptions import ConflictingReferenceError

__all__ = ["keys_of_file", "merge_references", "name_by_samples", "same_value"]

REFERENCE_TOLERANCE = 1e-6


def same_value(first, second):
    """Whether two references are one value."""
    return abs(first - second) <= REFERENCE_TOLERANCE * max(abs(first), abs(second))


def keys_of_file(path):
    """What a table may call the only spectrum of a file: its name with the suffix, or without it; both `tidy`."""
    return {tidy(Path(path).name), tidy(Path(path).stem)}


def name_by_samples(references, samples, files, key):
    """Give references that are filed under the names of files those of the samples in them.

    Parameters
    ----------
    references : References
        Changed: ``names``.
    samples : sequence of str or None
        Sample of each row.
    files : sequence of str or None
        File of each row, None where it holds several spectra.
    key : callable
        Reduces a name to what tells samples apart.

    Returns
    -------
    dict of {int: str}
        By row, what the references that got another name were called.
    """
    known = {key(sample) for sample in samples if sample is not None}
    inside = {}
    for sample, path in zip(samples, files):
        for name in () if sample is None or path is None else keys_of_file(path):
            inside.setdefault(name, set()).add(sample)
    written = {}
    for row, name in enumerate(references.names):
        found = () if name is None or key(name) in known else inside.get(tidy(name), ())
        if len(found) == 1:
            written[row] = name
            (references.names[row],) = found
    return written


def merge_references(sample_id, y, properties, references, key, written):
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
    written : dict of {int: str}
        From `name_by_samples`.

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
                        + _question_of_files(written.get(known[0]), written.get(row))
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


def _question_of_files(first, second):
    """What to say of references that are filed under two files of one sample; nothing where they are not."""
    if None in (first, second) or first == second:
        return ""
    return (
        f" {first!r} and {second!r} are files that count as replicates of one sample, by their names or what stands in "
        "them. If they are samples of their own, read them without references and give table.sample_id and table.y "
        "their own; if not, give the mean."
    )
