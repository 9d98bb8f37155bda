"""The command line: each command is one module of this package."""

from ._main import main

__all__ = ["main"]
