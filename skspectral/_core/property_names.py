"""What properties are called, so that errors far inside a fit can name the one that they are about."""

from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from ..exceptions import MissingReferenceError

__all__ = ["check_labelled", "properties_named", "property_name"]

_names = ContextVar("skspectral_property_names", default=())


@contextmanager
def properties_named(y):
    """Remember the names of the properties, where a table or a sequence of them gives any."""
    names = getattr(y, "columns", y if isinstance(y, (list, tuple)) else [getattr(y, "name", None)])
    names = tuple(map(str, names)) if len(names) and all(isinstance(name, str) for name in names) else ()
    token = _names.set(names or _names.get())
    try:
        yield
    finally:
        _names.reset(token)


def property_name(column, n_columns):
    """Words for the property in a column: by its name where all columns have one, else by its number from 0.

    Where a part of the properties is fitted by itself, numbers are those of this part, and names are unknown.
    """
    names = _names.get()
    return f"property {names[column]!r}" if len(names) == n_columns else f"property {column}"


def check_labelled(owner, known, *, least=1, what="source references"):
    """Raise where a property has too few references.

    Parameters
    ----------
    owner : object
        Whose class is named in the message.
    known : ndarray of bool of shape (n_rows, n_targets)
        Where there are references.
    least : int
    what : str
        Which references these are.

    Raises
    ------
    MissingReferenceError
        It names the properties.
    """
    counts = known.sum(axis=0)
    few = np.flatnonzero(counts < least)
    if few.size:
        found = ", ".join(f"{counts[j]} of {property_name(j, len(counts))}" for j in few)
        raise MissingReferenceError(
            f"{type(owner).__name__} needs {what} of every property, {least} at least, and found {found}; the others "
            "are NaN in y. Give them, or leave the property out."
        )
