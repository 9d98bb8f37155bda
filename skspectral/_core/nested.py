"""Fits inside other fits: what the outer one has judged is not questioned again."""

from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["is_nested", "nested_fits"]

_nested = ContextVar("skspectral_nested_fits", default=False)


@contextmanager
def nested_fits():
    """Take axes, references and labels as they are while estimators are fitted inside others."""
    token = _nested.set(True)
    try:
        yield
    finally:
        _nested.reset(token)


def is_nested():
    """Tell whether this is a fit inside another."""
    return _nested.get()
