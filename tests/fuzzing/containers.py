"""Containers and kinds of numbers that spectra, references and labels may come in, as changes of a case."""

import datetime
import decimal
import fractions

import numpy as np
import pandas as pd

__all__ = ["HARMLESS_CONTAINERS", "ODD_CONTAINERS"]

# steps of 2 nm are what methods take where they know no axis
AXIS = np.arange(1000.0, 1000.0 + 2 * 32, 2.0)


def both(function):
    """Change spectra of fit and predict alike."""

    def change(case, rng):
        case.X, case.X_test = function(case.X), function(case.X_test)

    return change


def argument(name, function):
    """Change one argument."""

    def change(case, rng):
        setattr(case, name, function(getattr(case, name)))

    return change


def _named(X, labels):
    return pd.DataFrame(X, columns=list(labels))


def _columns_shuffled_in_predict(case, rng):
    case.X = _named(case.X, AXIS)
    case.X_test = _named(case.X_test, AXIS).iloc[:, rng.permutation(len(AXIS))]


def _in_other_unit(case, rng):
    case.X = _named(case.X, AXIS)
    labels = {"nm": [f"{w:g} nm" for w in AXIS], "cm-1": [f"{1e7 / w!r} cm-1" for w in AXIS]}
    case.X_test = _named(case.X_test, labels[rng.choice(["nm", "cm-1"])])


def _negative_strides(X):
    flipped = np.ascontiguousarray(X[::-1, ::-1])
    return flipped[::-1, ::-1]


def _view_of_wider(X):
    wide = np.full((len(X), 3 * X.shape[1]), np.nan)
    wide[:, 1::3] = X
    return wide[:, 1::3]


def _swapped_bytes(X):
    return X.astype(X.dtype.newbyteorder())


#: Changes after which predictions must be what they were.
HARMLESS_CONTAINERS = {
    "columns named by wavelengths": both(lambda X: _named(X, AXIS)),
    "columns named X1000": both(lambda X: _named(X, [f"X{w:g}" for w in AXIS])),
    "columns shuffled in predict": _columns_shuffled_in_predict,
    "columns in another unit in predict": _in_other_unit,
    "frames nullable": both(lambda X: _named(X, AXIS).astype("Float64")),
    "frames of objects": both(lambda X: _named(X, AXIS).astype(object)),
    "frames of Arrow": both(lambda X: _named(X, AXIS).astype("float64[pyarrow]")),
    "frames with odd index": both(lambda X: _named(X, AXIS).set_axis(["same"] * len(X), axis=0)),
    "negative strides": both(_negative_strides),
    "view of a wider array": both(_view_of_wider),
    "bytes swapped": both(_swapped_bytes),
    "matrix of decimals": both(lambda X: np.vectorize(lambda v: fractions.Fraction(float(v)), otypes=[object])(X)),
    "memory of subclasses": both(lambda X: X.view(np.recarray)),
    "y in a frame": argument("y", lambda y: pd.DataFrame({"protein": y})),
    "y nullable with NA": argument("y", lambda y: pd.Series(y, dtype="Float64")),
    "y of Arrow": argument("y", lambda y: pd.Series(y, dtype="float64[pyarrow]")),
    "y masked without a mask": argument("y", np.ma.masked_array),
    "y of bytes swapped": argument("y", _swapped_bytes),
    "y strided": argument("y", lambda y: np.repeat(y, 3)[::3]),
    "instrument nullable": argument("instrument", lambda v: pd.array(list(v), dtype="string")),
    "instrument of Arrow": argument("instrument", lambda v: pd.Series(list(v), dtype="string[pyarrow]")),
    "instrument as np.str_": argument("instrument", lambda v: np.array([np.str_(k) for k in v], dtype=object)),
    "ids nullable": argument("sample_id", lambda v: pd.array([int(str(k)[1:]) for k in v], dtype="Int64")),
    "ids as categories": argument("sample_id", lambda v: pd.Categorical(list(v))),
    "ids as dates": argument(
        "sample_id", lambda v: [datetime.date(2020, 1, 1) + datetime.timedelta(int(str(k)[1:])) for k in v]
    ),
    "ids as decimals": argument("sample_id", lambda v: [decimal.Decimal(int(str(k)[1:])) for k in v]),
    "ids as masked texts": argument("sample_id", lambda v: np.ma.masked_array(list(v))),
    "ids as bytes": argument("sample_id", lambda v: [str(k).encode() for k in v]),
    "ids as datetime64": argument(
        "sample_id", lambda v: np.array([np.datetime64("2020-01-01") + int(str(k)[1:]) for k in v])
    ),
}


def _float32_extremes(case, rng):
    tiny, huge = np.finfo(np.float32).tiny, np.finfo(np.float32).max
    case.X = case.X.astype(np.float32)
    case.X[rng.integers(len(case.X)), rng.integers(case.X.shape[1])] = rng.choice([tiny, huge, -huge, tiny / 8])
    case.X_test = case.X_test.astype(np.float32)


def _float16_scaled(case, rng):
    factor = rng.choice([1e-7, 1e-3, 1e3, 6e4])
    case.X, case.X_test = ((X / np.abs(X).max() * factor).astype(np.float16) for X in (case.X, case.X_test))


def _cells(value):
    def change(case, rng):
        X = case.X if rng.random() < 0.6 else case.X_test
        X[rng.integers(len(X), size=rng.integers(1, 4)), rng.integers(X.shape[1])] = value

    return change


def _row_scaled(case, rng):
    X = case.X if rng.random() < 0.5 else case.X_test
    X[rng.integers(len(X))] *= rng.choice([1e-300, 1e-12, 1e-6, 100.0, 1e4, 1e7, -1.0, 1e200])


def _instrument_scaled(case, rng):
    case.X[case.instrument == rng.choice(["A", "B"])] *= rng.choice([1e-9, 0.01, 100.0, 1e5, 1e9, -1.0])


def _test_scaled(case, rng):
    case.X_test = case.X_test * rng.choice([1e-12, 0.01, 100.0, 1e4, 1e7, 1e9, -1.0])


def _one_row(case, rng):
    kept = [rng.integers(len(case.X))]
    case.X, case.y = case.X[kept], case.y[kept]
    case.instrument, case.sample_id = case.instrument[kept], case.sample_id[kept]


def _one_source_row(case, rng):
    kept = np.flatnonzero(case.instrument == rng.choice(["A", "B"]))[1:]
    kept = np.setdiff1d(np.arange(len(case.X)), kept)
    case.X, case.y = case.X[kept], case.y[kept]
    case.instrument, case.sample_id = case.instrument[kept], case.sample_id[kept]


def _one_column(case, rng):
    j = rng.integers(case.X.shape[1])
    case.X, case.X_test = case.X[:, [j]], case.X_test[:, [j]]


def _equal_channels(case, rng):
    case.X = np.repeat(case.X[:, :1], case.X.shape[1], axis=1)
    case.X += rng.choice([0.0, 1e-14, 1e-9]) * np.arange(case.X.shape[1])


def _rank_one(case, rng):
    case.X = np.outer(case.X[:, 3], case.X[0])


def _constant_property_of_one(case, rng):
    case.y[case.instrument == rng.choice(["A", "B"])] = rng.choice([0.0, 1e-300, 7.5])


def _two_properties(case, rng):
    other = [np.full(len(case.y), np.nan), np.full(len(case.y), 3.0), -case.y * 1e6, np.zeros(len(case.y))]
    case.y = np.column_stack([case.y, other[rng.integers(len(other))]])


def _two_properties_of_one_name(case, rng):
    case.y = pd.DataFrame(np.column_stack([case.y, 2 * case.y]), columns=["protein", "protein"])


def _kind_of_y(case, rng):
    y, whole = case.y, np.round(case.y)
    kinds = [
        *(y > y.mean(), whole.astype(int), y.astype(str), [f" {v:.3f} " for v in y], [f"{v:.2f}".encode() for v in y]),
        *(whole.astype("datetime64[D]"), whole.astype("timedelta64[s]"), y.astype(np.longdouble), pd.Series(y > 12)),
        *([decimal.Decimal(float(v)) for v in y], [str(v).replace(".", ",") for v in y], pd.Categorical(whole)),
        *([*y[:-1].tolist(), None], [*y[:-1].tolist(), "n.d."], [*y[:-1].tolist(), "<0.5"], [*y[:-1].tolist(), pd.NA]),
        *(pd.Series(y, dtype="Float64").mask(y > np.median(y)), np.matrix(y).T, [{}] * len(y)),
        *(np.ma.array(y, mask=rng.random(len(y)) < 0.3), np.ma.array(y, mask=True)),
    ]
    case.y = kinds[rng.integers(len(kinds))]


def _kind_of_X(case, rng):
    X, n = case.X, case.X.shape[1]
    few = rng.random(X.shape) < 0.01
    kinds = [
        *(np.greater(X, X.mean()), X.astype(str), X.astype("S"), (X * 1e6).astype("datetime64[s]"), [*X.tolist(), [1]]),
        *(_named(X, AXIS).astype(str), _named(X, AXIS).assign(protein=1.0), _named(X, AXIS).assign(sample="s")),
        *(np.stack([X, X]), [X, X], pd.Series(list(X)), X[:, :0], X[:0], [[]], np.matrix(X)),
        *(_named(X, range(n)), _named(X, [*AXIS[:-1], "last"]), _named(X, [*AXIS[:-1], np.nan]), _named(X, [None] * n)),
        *(_named(X, pd.MultiIndex.from_product([["a"], AXIS])), _named(X, AXIS).mask(few), _named(X, [True] * n)),
        *(_named(X, AXIS).astype("Float64").mask(few), _named(X, AXIS / 1e3), _named(X, 1e7 / AXIS), _named(X, -AXIS)),
        *(_named(X, AXIS[::-1]), _named(X, AXIS * 1e-9), _named(X, AXIS * 10), _named(X, np.r_[AXIS[:16], AXIS[:16]])),
        *(_named(X, [f"{w} THz" for w in AXIS]), _named(X, [f"band{k}" for k in range(n)])),
    ]
    case.X = kinds[rng.integers(len(kinds))]


def _kind_of_X_test(case, rng):
    X, n = case.X_test, case.X_test.shape[1]
    kinds = [
        *(
            X[:0],
            X[0],
            X[:1],
            X[None],
            X.tolist(),
            X.astype(str),
            X.astype(np.float16),
            X > 0.5,
            X + 0j,
            None,
            "spectra",
        ),
        *(np.ma.array(X, mask=rng.random(X.shape) < 0.05), np.full(X.shape, np.nan), np.zeros(X.shape)),
        *(
            _named(X, AXIS[::-1]),
            _named(X, AXIS + 300),
            _named(X, ["a"] * n),
            X[:, ::-1],
            X * 0 + X[0],
            np.ones(X.shape),
        ),
        *(rng.normal(size=X.shape), _named(X, AXIS).assign(protein=1.0), X.astype("datetime64[s]")),
    ]
    case.X_test = kinds[rng.integers(len(kinds))]


def _kind_of_labels(case, rng):
    name = rng.choice(["instrument", "sample_id"])
    values, n = getattr(case, name), len(case.X)
    every_fifth = np.arange(n) % 5 == 0
    kinds = [
        *([1 if k % 3 else "A" for k in range(n)], [1.0, True, "1", None, np.nan] * n, list(map(bool, range(n)))),
        *([float("inf")] * n, [1 + 2j] * n, ["A", 1] * (n // 2), [f"s{k}" for k in range(n)], ["s0"] * n, range(n)),
        *(pd.Series(values).mask(every_fifth), np.ma.array(list(values), mask=every_fifth)),
        *([frozenset({k}) for k in range(n)], [None, *values[1:]], ["A"] * n, pd.DataFrame({"a": values})),
        *(np.array(values)[:, None], [str(v).lower() for v in values], [f" {v}" for v in values]),
        *(dict.fromkeys(range(n)), np.arange(n) * 1e300, [np.nan, *values[1:]]),
    ]
    setattr(case, name, kinds[rng.integers(len(kinds))])


def _labels_swapped(case, rng):
    case.instrument, case.sample_id = case.sample_id, case.instrument


def _restarting_ids(case, rng):
    case.sample_id = np.array([f"s{k % 4}" for k in range(len(case.X))], dtype=object)


def _shifted_pairs(case, rng):
    on_b = np.flatnonzero(case.instrument == "B")
    case.sample_id[on_b] = np.roll(case.sample_id[on_b], 1)


def _spike(case, rng):
    case.X[rng.integers(len(case.X)), rng.integers(case.X.shape[1])] += 10.0 ** rng.integers(-1, 9)


def _collinear(case, rng):
    case.X[:, 1::2] = case.X[:, ::2]
    case.X_test[:, 1::2] = case.X_test[:, ::2]


def _few_pairs(case, rng):
    on_b = np.flatnonzero(case.instrument == "B")
    case.sample_id[on_b[rng.integers(0, 3) :]] = None


def _source_references_gone(case, rng):
    case.y[rng.permutation(len(case.y))[: rng.integers(10, len(case.y))]] = np.nan


def _huge_and_tiny_references(case, rng):
    case.y = case.y.mean() * 10.0 ** rng.choice([-74, -60, 60, 74]) * (1 + 1e-3 * rng.normal(size=len(case.y)))
    case.y[case.instrument == "B"] = np.nan


#: Changes after which predictions are sane, or the error names the thing.
ODD_CONTAINERS = {
    **{f"cells are {value}": _cells(value) for value in (1e300, -1e300, 1e-300, 999.0, -999.0, 32767.0, 1e30, 1e5)},
    "float32 extremes": _float32_extremes,
    "float16 scaled": _float16_scaled,
    "a row scaled": _row_scaled,
    "an instrument scaled": _instrument_scaled,
    "predicted spectra scaled": _test_scaled,
    "one row": _one_row,
    "one row of an instrument": _one_source_row,
    "one column": _one_column,
    "equal channels": _equal_channels,
    "rank one": _rank_one,
    "constant property of one instrument": _constant_property_of_one,
    "two properties": _two_properties,
    "two properties of one name": _two_properties_of_one_name,
    "kind of y": _kind_of_y,
    "kind of X": _kind_of_X,
    "kind of X in predict": _kind_of_X_test,
    "kind of labels": _kind_of_labels,
    "labels swapped": _labels_swapped,
    "ids restart": _restarting_ids,
    "pairs shifted": _shifted_pairs,
    "a spike": _spike,
    "collinear channels": _collinear,
    "few pairs": _few_pairs,
    "references gone": _source_references_gone,
    "huge or tiny references": _huge_and_tiny_references,
}
