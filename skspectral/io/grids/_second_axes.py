"""Rows of a table that are no spectra but the axis once more: labels that are repeated, pairs of columns."""

from dataclasses import replace

import numpy as np

from ...exceptions import TableError
from ..cells.numbers import is_blank
from ..cells.phrases import axis_word

__all__ = ["without_second_axes"]

FEWEST_CHANNELS = 3
# values that rise and fall with the axis like this, and lie where it lies, are an axis
LEAST_CORRELATION, FARTHEST = 0.999, 2.0


def without_second_axes(body, axis, labels, path, *, turned):
    """Leave out what repeats the axis, and refuse what is another one.

    Files that were put below each other repeat their labels; programs write wavelength and value of each spectrum in
    two columns.

    Parameters
    ----------
    body : Body
        Spectra in rows.
    axis : ndarray of shape (n_channels,)
    labels : list of str
        Labels of all columns.
    path : str
        The file.
    turned : bool
        Whether the spectra are columns of the file.

    Returns
    -------
    Body
        The same, or one with fewer rows and a note.

    Raises
    ------
    TableError
        If a row or column is an axis of its own: the spectra behind it do not belong to the first one.
    """
    X = body.X
    if X.shape[1] < FEWEST_CHANNELS or len(X) < 2:
        return body
    same = (X[:, :FEWEST_CHANNELS] == axis[:FEWEST_CHANNELS]).all(axis=1)
    same[same] = (X[same] == axis).all(axis=1)
    other = _like(X, axis) & ~same
    if not turned:
        # in a file of rows, names of columns among the cells prove it
        other |= _repeats_labels(body, labels, len(X)) & ~same
    if other.any():
        row = int(np.argmax(other))
        what = "column" if turned else "row"
        raise TableError(
            f"{path}, {body.places[row]}: this {what} is an axis of its own, {X[row, 0]:g} to {X[row, -1]:g}, where "
            f"the first is {axis[0]:g} to {axis[-1]:g}. Give spectra on different axes in files of their own."
        )
    if not same.any():
        return body
    kept = np.flatnonzero(~same)
    numbered = [body.places[row] for row in np.flatnonzero(same)]
    shown = ", ".join(numbered[:3]) + (", ..." if len(numbered) > 3 else "")
    return replace(
        body,
        X=np.ascontiguousarray(X[kept]),
        cells={k: [cells[row] for row in kept] for k, cells in body.cells.items()},
        places=[body.places[row] for row in kept],
        where=lambda r, k: body.where(kept[r], k),
        notes=[*body.notes, f"the axis stands again in {shown}, and is left out there"],
        flaws=body.flaws and {new: body.flaws[old] for new, old in enumerate(kept) if old in body.flaws},
    )


def _like(X, axis):
    """Mark rows that rise or fall all along, as the axis does and where it lies."""
    steps = np.diff(X[:, :FEWEST_CHANNELS], axis=1)
    rising = np.sign(axis[1] - axis[0])
    # most spectra are sorted out by their first steps
    candidates = np.flatnonzero((np.sign(steps) == rising).all(axis=1) | (np.sign(steps) == -rising).all(axis=1))
    marked = np.zeros(len(X), dtype=bool)
    for row in candidates:
        values = X[row]
        near = (values < FARTHEST * axis).all() and (values > axis / FARTHEST).all()
        if near and abs(np.sign(np.diff(values)).sum()) == len(values) - 1:
            marked[row] = abs(np.corrcoef(values, axis)[0, 1]) > LEAST_CORRELATION
    return marked


def _repeats_labels(body, labels, n_rows):
    """Mark rows whose other cells are the labels of their columns."""
    named = [k for k in body.cells if labels[k] and not axis_word(labels[k])]
    marked = np.full(n_rows, bool(named))
    for k in named:
        marked &= [not is_blank(cell) and str(cell).strip() == labels[k] for cell in body.cells[k]]
    return marked
