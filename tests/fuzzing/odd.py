"""Changes of the input after which predictions are sane, or an error names the thing."""

import numpy as np
import pandas as pd

from .case import as_frame
from .containers import ODD_CONTAINERS

__all__ = ["ODD"]


def _cell(value):
    def change(case, rng):
        X = case.X if rng.random() < 0.7 else case.X_test
        X[rng.integers(len(X)), rng.integers(X.shape[1])] = value

    return change


def _reference(value):
    def change(case, rng):
        case.y[rng.integers(len(case.y), size=rng.integers(1, 4))] = value

    return change


def _scale(case, rng):
    factor = 10.0 ** rng.integers(-300, 140)
    case.X, case.X_test = case.X * factor, case.X_test * factor


def _scale_y(case, rng):
    case.y *= 10.0 ** rng.integers(-307, 300)


def _alike(case, rng):
    rows = rng.choice(["A", "B", "all"])
    which = np.ones(len(case.X), dtype=bool) if rows == "all" else case.instrument == rows
    case.X[which] = case.X[which][0] + rng.choice([0.0, 1e-13]) * np.arange(which.sum())[:, None]


def _constant_y(case, rng):
    case.y[:] = rng.choice([0.0, 5.0, 1e-300, -3.0])


def _constant_rows(case, rng):
    case.X[rng.integers(len(case.X), size=3)] = rng.choice([0.0, 1.0, 1e-9])


def _dead_channels(case, rng):
    case.X[:, rng.integers(case.X.shape[1], size=4)] = 0.0


def _few_rows(case, rng):
    kept = np.sort(rng.permutation(len(case.X))[: rng.integers(0, 5)])
    case.X, case.y = case.X[kept], case.y[kept]
    case.instrument, case.sample_id = case.instrument[kept], case.sample_id[kept]


def _few_channels(case, rng):
    n = rng.integers(0, 4)
    case.X, case.X_test = case.X[:, :n], case.X_test[:, :n]


def _another_width(case, rng):
    case.X_test = case.X_test[:, : rng.integers(0, case.X_test.shape[1])]


def _shape(case, rng):
    wrong = [case.X[0], case.X[None], np.float64(1.0), None, "spectra", {}]
    case.X = wrong[rng.integers(len(wrong))]


def _y_shape(case, rng):
    y = case.y
    wrong = [
        *(y[:-1], np.stack([y, y]), None, np.full(len(y), np.nan), 3.0, np.tile(y[:, None, None], (1, 2, 2))),
        *(np.array([f"{v}%" for v in y]), [*([v] for v in y[:-1]), [1.0, 2.0]], y + 1j, np.zeros((len(y), 0))),
    ]
    case.y = wrong[rng.integers(len(wrong))]


def _masks(case, rng):
    name = rng.choice(["X", "y", "X_test"])
    values = getattr(case, name)
    setattr(case, name, np.ma.array(values, mask=rng.random(values.shape) < 0.1))


def _text(case, rng):
    case.X = case.X.astype(object)
    case.X[rng.integers(len(case.X)), 0] = rng.choice(["<0.5", "n.d.", "1,5"])


def _wrong_labels(case, rng):
    name = rng.choice(["instrument", "sample_id"])
    n = len(case.X)
    wrong = [
        *([[k] for k in range(n)], [{k} for k in range(n)], "A", None, ["A"] * (n - 1), np.zeros((n, 2)), {}),
        *([None] * n, [""] * n, ["same"] * n, list(range(n)), [np.nan] * n, pd.DataFrame({"a": range(n)})),
        *([np.array([k, k]) for k in range(n)], pd.array([pd.NA] * n), np.arange(n).astype("datetime64[D]")),
        np.zeros(n, dtype=bool),
    ]
    setattr(case, name, wrong[rng.integers(len(wrong))])


def _other_ids(case, rng):
    on_b = np.flatnonzero(case.instrument == "B")
    case.sample_id[on_b] = [f"{label} ".lower() for label in case.sample_id[on_b]]


def _roles(case, rng):
    wrong = [{"source": "a"}, {"target": None}, {"source": ["A"]}, {"source": "B"}, {"source": 1}, {"target": "C"}]
    case.roles = case.roles | wrong[rng.integers(len(wrong))]


def _two_columns_of_one_name(case, rng):
    frame = as_frame(case.X)
    frame.columns = ["same", "same", *frame.columns[2:]]
    case.X = frame


def _conflict(case, rng):
    case.y[-1] = rng.choice([case.y[-1] + 1, 1e6, -1.0])


def _noise(case, rng):
    case.X = rng.normal(size=case.X.shape)


def _duplicates(case, rng):
    case.X[1:4] = case.X[0]


def _integers(case, rng):
    kind = rng.choice(["int8", "uint16", "int64", "bool", "float16", "float32", "longdouble"])
    case.X, case.X_test = (np.round(50 * X).astype(kind) for X in (case.X, case.X_test))


def _sparse(case, rng):
    from scipy.sparse import csr_array

    case.X = csr_array(case.X)


def _complex(case, rng):
    case.X = case.X + 1j


#: Changes after which predictions are sane, or the error names the thing.
ODD = {
    **{f"a cell is {value}": _cell(value) for value in (np.nan, np.inf, -np.inf, 1e90, -1e160, 1e8, -9999.0, 1e-300)},
    **{f"a reference is {value}": _reference(value) for value in (np.inf, 1e90, 1e-300, -9999.99, 1e12, np.nan, 0.0)},
    "scaled": _scale,
    "references scaled": _scale_y,
    "alike": _alike,
    "constant references": _constant_y,
    "constant rows": _constant_rows,
    "dead channels": _dead_channels,
    "few rows": _few_rows,
    "few channels": _few_channels,
    "another width": _another_width,
    "no matrix": _shape,
    "no references": _y_shape,
    "masks": _masks,
    "text": _text,
    "wrong labels": _wrong_labels,
    "ids spelled differently": _other_ids,
    "roles": _roles,
    "two columns of one name": _two_columns_of_one_name,
    "conflict": _conflict,
    "noise": _noise,
    "duplicates": _duplicates,
    "integers": _integers,
    "sparse": _sparse,
    "complex": _complex,
    **ODD_CONTAINERS,
}
