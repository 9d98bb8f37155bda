"""What may be wrong with a table that was put together: its instruments, and its references."""

import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from ...exceptions import TableWarning, ZeroReferencesWarning
from ..names.spelling import tidy
from ..references.properties import zeros_apart

__all__ = ["warn_of_instruments", "warn_of_unnamed", "warn_of_zeros"]

FEW = 3


def warn_of_instruments(table):
    """Say where two instruments differ in spelling alone."""
    seen = {}
    for name in table.instruments:
        if name is None:
            continue
        other = seen.setdefault(tidy(str(name)), name)
        if other != name:
            warnings.warn(
                f"The instruments {other!r} ({len(table.rows_of(other))} rows) and {name!r} "
                f"({len(table.rows_of(name))} rows) differ in spelling alone and are kept apart.",
                TableWarning,
                stacklevel=4,
            )


def warn_of_unnamed(table):
    """Ask whether files or folders that hold the same samples are instruments that nobody named."""
    rows = [row for row, name in enumerate(table.instrument) if name is None and table.files[row] is not None]
    paths = {file: Path(str(file)) for file in dict.fromkeys(table.files[row] for row in rows)}
    in_folders = len({path.parent for path in paths.values()}) > 1
    if not in_folders:
        # files of one spectrum are no instruments
        counts = Counter(table.files[row] for row in rows)
        rows = [row for row in rows if counts[table.files[row]] > 1]
    seen = {}
    for row in rows:
        if table.sample_id[row] is not None:
            path = paths[table.files[row]]
            seen.setdefault(table.sample_id[row], {})[path.parent if in_folders else path] = None
    several = [places for places in seen.values() if len(places) > 1]
    if not several:
        return
    shown = list(dict.fromkeys(place.name for places in several for place in places))
    listed = ", ".join(shown[:FEW]) + (f" and {len(shown) - FEW} more" if len(shown) > FEW else "")
    warnings.warn(
        f"{len(several)} samples stand in several {'folders' if in_folders else 'files'} ({listed}), of which "
        "no instrument is named: they are taken as replicates on one. Where these are instruments, name them, as in "
        f"{{{shown[0]!r}: ...}}.",
        TableWarning,
        stacklevel=4,
    )


def warn_of_zeros(table):
    """Ask whether zeros among references that are far from zero mean that there is none."""
    for k, name in enumerate(table.properties):
        values = table.y[:, k]
        rows = np.flatnonzero(zeros_apart(values))
        if not len(rows):
            continue
        others = values[np.isfinite(values) & (values != 0)]
        warnings.warn(
            f"{len(rows)} references of {name!r} are 0 (first: {table.where(rows[0])}), all others {others.min():.4g} "
            f"to {others.max():.4g}. Zeros are kept as values: leave the cell blank where there is none.",
            ZeroReferencesWarning,
            stacklevel=4,
        )
