"""The versions that a stored model was made with, and a warning where others load it.

Where a class comes to keep other things than it did, its number ``_layout`` grows, and what was stored before is
refused by name: it would load, and fail in ``predict``.
"""

import inspect
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import sklearn

from .._version import __version__
from ..exceptions import ModelFileError, VersionMismatchWarning

__all__ = ["COMPARED", "VersionedState", "current_versions", "warn_of_other_versions", "without_versions"]

# fitted attributes change their names and meaning with minor versions of these two; arrays stay what they are
COMPARED = ("skspectral", "scikit-learn")

STATE_KEY, LAYOUT_KEY = "_skspectral_versions", "_skspectral_layout"
# that of a class without a number, and of states that do not say theirs
FIRST_LAYOUT = 1

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

    # grows with every change of what a fitted estimator of the class keeps
    _layout = FIRST_LAYOUT

    def __getstate__(self):
        stamp = {STATE_KEY: current_versions()} if _STAMPED.get() else {}
        layout = {LAYOUT_KEY: self._layout} if self._layout != FIRST_LAYOUT else {}
        return super().__getstate__() | stamp | layout

    def __setstate__(self, state):
        versions = state.get(STATE_KEY, {})
        self._refuse_other_layouts(state, versions)
        stamps = (STATE_KEY, LAYOUT_KEY)
        super().__setstate__({name: value for name, value in state.items() if name not in stamps})
        # parameters that the class did not have when the model was stored
        for name, parameter in inspect.signature(type(self).__init__).parameters.items():
            if parameter.default is not parameter.empty and not hasattr(self, name):
                setattr(self, name, parameter.default)
        warn_of_other_versions(versions, f"This {type(self).__name__}")

    def _refuse_other_layouts(self, state, versions):
        """Raise ModelFileError where a fitted estimator was stored that kept other things than the class does now."""
        stored = state.get(LAYOUT_KEY, FIRST_LAYOUT)
        fitted = any(name.endswith("_") and not name.startswith("_") for name in state)
        if stored == self._layout or not fitted:
            return
        name, made = type(self).__name__, versions.get("skspectral", "an unknown version")
        earlier, remedy = "an earlier", "Fit it anew, and store it again"
        if stored > self._layout:
            earlier, remedy = "a later", "Update skspectral, or fit it anew"
        raise ModelFileError(
            f"This {name} was stored in {earlier} layout ({stored}, by skspectral {made}; this version has layout "
            f"{self._layout}), which cannot predict here. {remedy}."
        )
