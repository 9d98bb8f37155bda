"""The versions that a stored model was made with, and a warning where others load it."""

import inspect
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import sklearn

from .._version import __version__
from ..exceptions import VersionMismatchWarning

__all__ = ["COMPARED", "VersionedState", "current_versions", "warn_of_other_versions", "without_versions"]

# fitted attributes change their names and meaning with minor versions of these two; arrays stay what they are
COMPARED = ("skspectral", "scikit-learn")

STATE_KEY = "_skspectral_versions"

_STAMPED = ContextVar("versions are part of the state", default=True)


def current_versions():
    """Give the versions of the packages that a model depends on, as text; torch only where it is loaded."""
    versions = {"skspectral": __version__, "scikit-learn": sklearn.__version__, "numpy": np.__version__}
    if "torch" in sys.modules:
        versions["torch"] = str(sys.modules["torch"].__version__)
    return versions


def warn_of_other_versions(stored, what, *, stacklevel=2):
    """Warn if a model comes from another minor version of skspectral or scikit-learn.

    Parameters
    ----------
    stored : dict of {str: str}
        What `current_versions` was when the model was stored.
    what : str
        The model, as the subject of the warning.
    stacklevel : int
        As in ``warnings.warn``, counted from the caller.
    """
    current = current_versions()
    differing = [name for name in COMPARED if name in stored and _minor(stored[name]) != _minor(current[name])]
    if differing:
        made, here = (" and ".join(f"{name} {versions[name]}" for name in differing) for versions in (stored, current))
        warnings.warn(
            f"{what} was stored with {made}, and is loaded with {here}. Its predictions may differ or fail: install "
            "the versions it was made with, or fit it anew.",
            VersionMismatchWarning,
            stacklevel=stacklevel + 1,
        )


@contextmanager
def without_versions():
    """Leave the versions out of the state of estimators, where their content is compared instead of stored."""
    token = _STAMPED.set(False)
    try:
        yield
    finally:
        _STAMPED.reset(token)


def _minor(version):
    return str(version).split(".")[:2]


class VersionedState:
    """Mixin of all estimators: pickles carry the versions, and say on loading where they differ."""

    def __getstate__(self):
        stamp = {STATE_KEY: current_versions()} if _STAMPED.get() else {}
        return super().__getstate__() | stamp

    def __setstate__(self, state):
        versions = state.get(STATE_KEY, {})
        super().__setstate__({name: value for name, value in state.items() if name != STATE_KEY})
        # parameters that the class did not have when the model was stored
        for name, parameter in inspect.signature(type(self).__init__).parameters.items():
            if parameter.default is not parameter.empty and not hasattr(self, name):
                setattr(self, name, parameter.default)
        warn_of_other_versions(versions, f"This {type(self).__name__}")
