"""Names that several files, or blocks of one file, carry: replicates of one sample, or a title that names none."""

import re
import warnings
from pathlib import Path

import numpy as np

from ...exceptions import SharedNameWarning
from ..cells.phrases import axis_word
from ..names.spelling import tidy

__all__ = ["settle_shared_names"]

_FEWEST_FILES = 3
#: Correlation below which two spectra are surely not scans of one sample on one instrument.
_ALIKE = 0.9
_SHOWN = 4


def settle_shared_names(blocks):
    """Decide what a name means that several single spectra carry: replicates of a sample, or nothing.

    A name that all of several files carry is a default of the software and is forgotten. Others are replicates unless
    the spectra are too different for that: these get names of their own. Files of one stem (``wheat7.0``, ``wheat7.1``)
    and those that begin with a numbered name (``wheat7`` in ``wheat7_b.0``) are replicates beyond doubt.

    Parameters
    ----------
    blocks : list of SpectraBlock
        Changed: names and notes.

    Warns
    -----
    SharedNameWarning
        If a name is in doubt, whatever it is taken for.
    """
    singles = [block for block in blocks if len(block.X) == 1 and not _named_in_a_column(block)]
    files = {block.path for block in blocks}
    names = {block.names[0] for block in singles}
    if len(singles) == len(blocks) == len(files) >= _FEWEST_FILES and len(names) == 1 and None not in names:
        for block in blocks:
            block.notes.append(
                f"all files name their sample {block.names[0]!r}; the names of the files are taken instead"
            )
            block.names = [None]
        return
    groups = {}
    for block in singles:
        groups.setdefault(block.names[0], []).append(block)
    for name, group in groups.items():
        if name is not None and len(group) > 1 and not _replicates_by_their_files(name, group):
            _question(name, group)


def _named_in_a_column(block):
    """Whether a column of a table names the sample, which says what it says; above a spectrum stands a title."""
    label = block.meta.get("id_column")
    return label is not None and not axis_word(label)


def _replicates_by_their_files(name, group):
    paths = {block.path for block in group}
    stems = {tidy(Path(path).stem) for path in paths}
    if len(paths) < len(group):
        return False
    return len(stems) == 1 or (name[-1:].isdigit() and all(_begins_with(stem, tidy(name)) for stem in stems))


def _begins_with(stem, name):
    return stem.startswith(name) and re.match(r"\d", stem[len(name) :]) is None


def _question(name, group):
    """Warn of a name of several spectra, and take it apart where they are too different."""
    one_file = len({block.path for block in group}) == 1
    who = "blocks" if one_file else "files"
    own = [block.places[0] if one_file else _file_and_place(block, group) for block in group]
    shown = ", ".join(own[:_SHOWN]) + (f" and {len(own) - _SHOWN} more" if len(own) > _SHOWN else "")
    said = f"{len(group)} {who} name their sample {name!r} ({shown})"
    if one_file:
        said = f"{group[0].path}: {said}"
    likeness = _lowest_correlation(group)
    if likeness < _ALIKE:
        for block, label in zip(group, own):
            block.names = [f"{name} ({label})"]
        text = (
            f"{said}, but their spectra are not those of one sample (correlation down to {likeness:.2f}): they are "
            f"taken as samples of their own, called {group[0].names[0]!r} and so on."
        )
    else:
        text = (
            f"{said} and are taken as replicates of one sample. Where they are several samples, give table.sample_id "
            "names of its own, as from table.files and table.places."
        )
    warnings.warn(text, SharedNameWarning, stacklevel=4)


def _file_and_place(block, group):
    """Name a spectrum by its file, and by its place in it where several stand there."""
    stem = Path(block.path).stem
    alone = sum(Path(other.path).stem == stem for other in group) == 1
    return stem if alone else f"{Path(block.path).name}, {block.places[0]}"


def _lowest_correlation(group):
    """Lowest correlation of two spectra of one length; 1 where there are none to compare."""
    spectra = [block.X[0] for block in group if len(block.axis) == len(group[0].axis)]
    spectra = np.array([spectrum for spectrum in spectra if np.isfinite(spectrum).all() and np.ptp(spectrum) > 0])
    if len(spectra) < 2 or spectra.shape[1] < 3:
        return 1.0
    return float(np.corrcoef(spectra).min())
