"""Odd inputs for every estimator, and a judge of what came of them."""

import copy
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import skspectral
from skspectral import exceptions
from skspectral.base import BaseTransferRegressor
from skspectral.datasets import make_instruments
from tests.odd_containers import HARMLESS_CONTAINERS, ODD_CONTAINERS

__all__ = ["HARMLESS", "ODD", "Case", "apply", "base_case", "judge"]

PACKAGE = str(Path(skspectral.__file__).parent)
ABSURD = 1e3
#: Warnings that say why predictions may be absurd; one of an unknown axis does not.
OF_ABSURD = (exceptions.AbsurdPredictionWarning, exceptions.MissingCodeWarning)
THINGS = (
    *("X ", "X:", "X,", "y ", "y:", "y.", "spectr", "referenc", "instrument", "sample", "source", "target", "channel"),
    *("column", "data", "feature", "propert", "wavelength", "standards", "pairs", "array", "input", "rows"),
)


@dataclass
class Case:
    """What ``fit`` and ``predict`` are given."""

    X: object
    y: object
    instrument: object
    sample_id: object
    X_test: object
    roles: dict


def base_case():
    """Fourteen samples on A, eight of them on B, six further ones to predict."""
    data = make_instruments(n_samples=20, n_channels=32, noise=1e-4, random_state=3)
    rows, test = np.r_[0:14, 20:28], np.r_[34:40]
    return Case(
        data.X[rows].copy(),
        data.y[rows, 0].copy(),
        data.instrument[rows].astype(object),
        data.sample_id[rows].astype(object),
        data.X[test].copy(),
        {"source": "A", "target": "B"},
    )


def _frame(X):
    return pd.DataFrame(X, columns=[f"c{j}" for j in range(X.shape[1])])


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
    "frames": _both(_frame),
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
    frame = _frame(case.X)
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


def apply(names, seed):
    """Make a case with some changes; None where two of them do not go together."""
    case, rng = base_case(), np.random.default_rng(seed)
    for name in names:
        try:
            (HARMLESS | ODD)[name](case, rng)
        except (ValueError, TypeError, IndexError, AttributeError, OverflowError, KeyError, NotImplementedError):
            return None
    return case


def judge(estimator, case, *, expected=None):
    """Fit and predict, and judge what comes of it.

    Parameters
    ----------
    estimator : estimator
        Unfitted; gets the roles of the case where it has any.
    case : Case
    expected : ndarray, optional
        What must be predicted; otherwise finite and sane values, or a clear error, will do.

    Returns
    -------
    str
        "right" or "error".

    Raises
    ------
    AssertionError
        If neither.
    """
    transfers = isinstance(estimator, BaseTransferRegressor)
    labels = {"instrument": case.instrument, "sample_id": case.sample_id} if transfers else {}
    given = {"X": case.X, "y": case.y, "X_test": case.X_test, **labels}
    before = copy.deepcopy(given)
    if transfers:
        estimator.set_params(**case.roles)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = estimator.fit(case.X, case.y, **labels)
            predicted = np.asarray(model.predict(case.X_test))
        except Exception as error:
            _assert_untouched(given, before)
            assert expected is None, f"{type(error).__name__}: {error}"
            _assert_clear(error)
            return "error"
    _assert_untouched(given, before)
    assert predicted.dtype.kind == "f" and len(predicted) == len(case.X_test)
    if expected is not None:
        np.testing.assert_allclose(predicted.ravel(), expected.ravel(), rtol=1e-6, atol=1e-9)
    warned = any(one.category in OF_ABSURD for one in caught)
    assert np.isfinite(predicted).all(), "not finite"
    _assert_sane(predicted, case.y, warned)
    return "right"


def _assert_untouched(given, before):
    for name, value in given.items():
        pd.testing.assert_frame_equal(*(pd.DataFrame({"repr": [repr(v)]}) for v in (value, before[name])), obj=name)
        if isinstance(value, np.ndarray) and value.dtype != object:
            np.testing.assert_array_equal(np.asarray(value), np.asarray(before[name]), err_msg=f"{name} was written to")


def _assert_clear(error):
    kind, text = type(error).__name__, str(error)
    assert isinstance(error, (ValueError, TypeError)) and not isinstance(error, np.linalg.LinAlgError), (
        f"{kind}: {text}"
    )
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    ours = last.startswith(PACKAGE) or "sklearn/utils" in last or "sklearn/base" in last
    assert ours or type(error).__module__ == exceptions.__name__, f"from {last}: {kind}: {text}"
    assert any(word in f"{text} " for word in THINGS), f"names nothing: {kind}: {text}"


def _assert_sane(predicted, y, warned):
    if isinstance(y, np.ma.MaskedArray):
        y = y.filled(np.nan)
    known = np.asarray(y, dtype=np.float64)
    known = known[np.isfinite(known)]
    reach = max(np.ptp(known), np.abs(known).max())
    worst = np.abs(predicted - known.mean()).max(initial=0.0)
    sane = worst <= ABSURD * reach or worst < 1e-9
    assert warned or sane, f"absurd without a word: {worst:.3g}, references reach {reach:.3g}"
