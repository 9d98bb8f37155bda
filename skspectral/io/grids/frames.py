"""DataFrames of whatever library as a grid of cells, and their spectra."""

import numpy as np

from ...exceptions import TableError
from ..cells.labels import axis_labels
from ..cells.phrases import axis_word
from .blocks import blocks_from_cells

__all__ = ["blocks_of_frame", "grid_of_frame", "is_frame"]


def is_frame(source):
    """Whether this is a table in memory, of pandas or with ``to_pandas``, and no file."""
    return hasattr(source, "to_pandas") or hasattr(source, "columns") or hasattr(source, "to_frame")


def grid_of_frame(frame, name, *, whole_index=False):
    """Take a DataFrame apart.

    Parameters
    ----------
    frame : DataFrame or Series
    name : str
        What it is called in messages.
    whole_index : bool
        Whether numbers in an index without a name are a column, too; by default they only number the rows.

    Returns
    -------
    labels : list
    rows : list of list

    Raises
    ------
    TableError
        If this is no DataFrame, or levels of labels or an index of several levels have no name.
    """
    frame = frame.to_pandas() if hasattr(frame, "to_pandas") else frame
    frame = frame.to_frame() if hasattr(frame, "to_frame") and not hasattr(frame, "columns") else frame
    if not all(hasattr(frame, attribute) for attribute in ("columns", "index", "astype")):
        raise TableError(f"A {type(frame).__name__} is no DataFrame; SpectraTable(X, wavelengths) takes arrays.")
    if getattr(frame.columns, "nlevels", 1) > 1:
        raise TableError(
            f"{name} has labels of {frame.columns.nlevels} levels, such as {frame.columns[0]!r}: keep one level, with "
            "frame.droplevel(0, axis=1)."
        )
    levels = list(frame.index.names)
    if len(levels) > 1 and None in levels:
        raise TableError(
            f"{name} has an index of {len(levels)} levels without names: name them, as in "
            "frame.rename_axis(['instrument', 'sample_id'])."
        )
    labels, rows = list(frame.columns), frame.astype(object).to_numpy().tolist()
    if len(levels) > 1:
        return [*levels, *labels], [[*index, *row] for index, row in zip(frame.index, rows)]
    numbers = all(isinstance(label, (int, np.integer)) for label in frame.index)
    if levels[0] is not None or not numbers or (whole_index and not _counts_rows(frame)):
        return [levels[0] or "sample_id", *labels], [[index, *row] for index, row in zip(frame.index, rows)]
    return labels, rows


def _counts_rows(frame):
    """Whether an index is 0, 1, 2, ..., as a DataFrame has it that was given none."""
    return list(getattr(frame, "index", ())) == list(range(len(frame)))


def blocks_of_frame(frame, **options):
    """Read the spectra of a DataFrame; an index of numbers without a name is one of rows, unless it is the axis."""
    name = "the DataFrame"
    grid, whole = grid_of_frame(frame, name), grid_of_frame(frame, name, whole_index=True)
    unnamed = len(whole[0]) > len(grid[0])
    if unnamed and axis_labels(grid[0], name) is None and not axis_word(grid[0][0]):
        return _blocks(*whole, name, options)
    blocks = _blocks(*grid, name, options)
    if unnamed:
        blocks[0].notes.append(
            "the numbers in the index have no name and are not taken as samples; rename_axis('sample_id') takes them"
        )
    return blocks


def _blocks(labels, rows, name, options):
    return blocks_from_cells([labels, *rows], name, "row {}", lines=range(len(rows) + 1), **options)
