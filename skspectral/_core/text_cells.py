"""Texts among numbers: which cell it is."""

from contextlib import contextmanager

import numpy as np

__all__ = ["naming_text"]

# what NumPy says of cells that are no numbers
WORDS = ("convert", "float()", "setting an array element")


@contextmanager
def naming_text(values, name):
    """Name the argument, and the cell where there is one, in errors of converting ``values`` to numbers.

    Parameters
    ----------
    values : array-like
        What is converted inside the block.
    name : str
        What it is called.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        text = str(error)
        if name in text.replace(":", " ").split() or not any(word in text for word in WORDS):
            raise
        raise type(error)(f"{name}{_first_text(values)}: {text}") from error


def _first_text(values):
    """Say where the first entry stands that is no number; empty where that cannot be told."""
    cells = np.asarray(values, dtype=object)
    for position in np.ndindex(cells.shape if cells.ndim in (1, 2) else ()):
        if position and not _is_number(cells[position]):
            place = ", ".join(f"{word} {i}" for word, i in zip(("row", "column"), position))
            return f" holds {str(cells[position])[:40]!r} in {place}"
    return ""


def _is_number(value):
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
