"""Files that are never overwritten unasked."""

from itertools import count
from pathlib import Path

__all__ = ["set_aside"]


def set_aside(path):
    """Give a file another name, ``name.old-1.csv`` or the next that is free, and return its new path."""
    path = Path(path)
    names = (path.with_name(f"{path.stem}.old-{n}{path.suffix}") for n in count(1))
    return path.rename(next(name for name in names if not name.exists()))
