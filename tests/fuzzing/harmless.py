"""Changes of the input that change nothing."""

import numpy as np
import pandas as pd

from .case import as_frame
from .containers import HARMLESS_CONTAINERS

__all__ = ["HARMLESS"]


def _both(function):
    """Change spectra of fit and predict alike."""

    def change(case, rng):
        case.X, case.X_test = function(case.X), function(case.X_test)

    return change


def _label(name, function):
    def change(case, rng):
        setattr(case, name, function(getattr(case, name)))

    return change


def _shuffle(case, rng):
    order = rng.permutation(len(case.X))
    case.X, case.y = case.X[order], case.y[order]
    case.instrument, case.sample_id = case.instrument[order], case.sample_id[order]


def _missing_twins(case, rng):
    case.y[case.instrument == "B"] = np.nan


def _read_only(case, rng):
    for name in ("X", "y", "instrument", "sample_id", "X_test"):
        getattr(case, name).setflags(write=False)


def _numbers(ids):
    return [int(str(label)[1:]) for label in ids]


#: Changes after which predictions must be what they were.
HARMLESS = {
    "lists": _both(lambda X: X.tolist()),
    "frames": _both(as_frame),
    "Fortran order": _both(np.asfortranarray),
    "every second of an array": _both(lambda X: np.repeat(X, 2, axis=0)[::2]),
    "object spectra": _both(lambda X: X.astype(object)),
    "masked without a mask": _both(np.ma.masked_array),
    "read only": _read_only,
    "shuffled": _shuffle,
    "references of twins": _missing_twins,
    "y as a column": _label("y", lambda y: y[:, None]),
    "y as Series": _label("y", lambda y: pd.Series(y, index=np.arange(len(y))[::-1])),
    "y as objects": _label("y", lambda y: y.astype(object)),
    "y nullable": _label("y", lambda y: pd.array(y, dtype="Float64")),
    "y as list": _label("y", lambda y: y.tolist()),
    "instrument as category": _label("instrument", pd.Categorical),
    "instrument as list": _label("instrument", list),
    "instrument as str array": _label("instrument", lambda v: v.astype(str)),
    "ids as numbers": _label("sample_id", _numbers),
    "ids as numbers and texts": _label("sample_id", lambda v: [str(k) if k % 2 else k for k in _numbers(v)]),
    "ids as floats": _label("sample_id", lambda v: np.array(_numbers(v), dtype=float)),
    "ids as Series": _label("sample_id", lambda v: pd.Series(v, index=np.arange(len(v))[::-1])),
    "ids as tuples": _label("sample_id", lambda v: pd.Series([(label, 1) for label in v])),
    **HARMLESS_CONTAINERS,
}
