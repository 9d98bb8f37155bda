"""MATLAB files: DataSet objects, structs, and plain arrays with an axis beside them."""

import re

import numpy as np

from ..exceptions import NoSpectraError, ReadingOptionError, TableError, UnsupportedFormatError
from ._block import SpectraBlock
from ._matlab_parts import variables_of
from ._percent import percent_where_it_must_be
from ._phrases import quantity_of, unit_of

__all__ = ["read_matlab"]

_AXIS = re.compile(r"wave|lambda|(^|[._])(wl|wn|wv|nm|nu|freqs?|axis|axisscale|xaxis|x_?axis|shift)\d*($|[._])", re.I)
_NAMES = re.compile(r"sample|name|label|(^|[._])ids?$", re.I)
#: A matrix of more columns than this without an axis is hardly a table of reference values.
_MOST_REFERENCES = 40
_FEWEST_CHANNELS = 3
#: A vector that is not named as an axis must be at least as long to be taken as one.
_FEWEST_UNNAMED = 10


def read_matlab(path, *, wavelengths=None, variables=None, **options):
    """Spectra of a MATLAB file: one block for each matrix of spectra.

    ``wavelengths`` (n_channels,) is the axis of matrices that have none in the file, ``variables`` the names of the
    matrices to read (all by default). Other matrices, vectors and texts with as many rows become columns and names.
    """
    from scipy.io import loadmat

    with open(path, "rb") as file:
        if file.read(10) == b"MATLAB 7.3":
            raise UnsupportedFormatError(
                f"{path}: this MATLAB file is of version 7.3 (HDF5), which is not read. Save it in MATLAB with "
                "save('name.mat', '-v7')."
            )
    held = variables_of(loadmat(path))
    axes = [variable for variable in held if _is_axis(variable)]
    axes = axes or [variable for variable in held if _may_be_axis(variable, held)]
    if wavelengths is not None:
        wavelengths = np.asarray(wavelengths, dtype=np.float64).ravel()
    matrices = [v for v in held if not v.is_text and v.vector is None and v not in axes]
    single = [v for v in held if not v.is_text and v.vector is not None and v not in axes and not matrices and axes]
    found = [_oriented(path, v, axes, wavelengths) for v in [*matrices, *single]]
    found = [spectra for spectra in found if spectra is not None]
    if variables is not None:
        found = _chosen(path, found, variables)
    if not found:
        raise NoSpectraError(_refusal(path, held))
    taken = [variable for variable, *_ in found]
    others = [variable for variable in held if variable not in taken and variable not in axes]
    blocks = [_block(path, *spectra, others) for spectra in found]
    _number_common_rows(blocks)
    if len(blocks) > 1:
        _name_instruments(blocks)
    return blocks


def _is_axis(variable):
    """Whether a variable is an axis by its name: finite numbers that only rise or only fall."""
    values = variable.vector
    return values is not None and _AXIS.search(variable.name) is not None and _is_monotonic(values)


def _may_be_axis(variable, held):
    """Whether a vector can be nothing but the axis: it rises or falls, counts nothing, and a matrix is as wide."""
    values = variable.vector
    if values is None or len(values) < _FEWEST_UNNAMED or not _is_monotonic(values):
        return False
    counted = values[0] in (0, 1) and np.all(np.diff(values) == 1)
    widths = [other.value.shape[1] for other in held if not other.is_text and other.vector is None]
    return not counted and len(values) in widths


def _is_monotonic(values):
    steps = np.diff(values)
    return len(values) >= _FEWEST_CHANNELS and bool(
        np.all(np.isfinite(values)) and (np.all(steps > 0) or np.all(steps < 0))
    )


def _oriented(path, variable, axes, wavelengths):
    """Spectra in rows, their axis, what names its unit, and a note; None of a matrix that is none of spectra."""
    X = variable.value
    if variable.axis is not None:
        return variable, X, variable.axis, f"{variable.axis_title}", None
    if variable.is_dataset and variable.column_names is not None:
        labels = [re.sub(r"[^\d.eE+-]", "", text) for text in variable.column_names]
        numbers = np.array([float(text) if re.fullmatch(r"\d+(\.\d*)?", text) else np.nan for text in labels])
        if _is_monotonic(numbers):
            return variable, X, numbers, variable.column_names[0], None
    n_rows, n_columns = X.shape
    for values, length, note in ((X, n_columns, None), (X.T, n_rows, f"{variable.name} has its spectra in columns")):
        if length < _FEWEST_CHANNELS:
            continue
        fitting = [axis for axis in axes if axis.vector.size == length]
        if fitting:
            axis = _nearest(path, variable, fitting)
            if not _is_axis(axis):
                note = "; ".join([*([note] if note else []), f"{axis.name} is taken as the axis"])
            return variable, values, axis.vector, axis.name, note
        if wavelengths is not None and len(wavelengths) == length:
            return variable, values, wavelengths, "", note
    return None


def _nearest(path, variable, axes):
    """The axis of a matrix among several of its length: that in its struct, or with the same ending of the name."""
    parent, _, own = variable.name.rpartition(".")
    near = [axis for axis in axes if axis.name.rpartition(".")[0] == parent] or axes
    if any(not np.array_equal(axis.vector, near[0].vector) for axis in near):
        named = [axis for axis in near if re.split(r"[._]", axis.name)[-1] == re.split(r"[._]", own)[-1]]
        if len(named) != 1:
            names = ", ".join(axis.name for axis in near)
            raise TableError(
                f"{path}: {names} may each be the axis of {variable.name}. Put a matrix and its axis into one "
                "struct, or end both names alike (X_a, wavelength_a)."
            )
        return named[0]
    return near[0]


def _chosen(path, found, variables):
    names = [variables] if isinstance(variables, str) else list(variables)
    by_name = {spectra[0].name: spectra for spectra in found}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise ReadingOptionError(
            f"{path}: variables= names {', '.join(map(repr, unknown))}; the file has spectra in {', '.join(by_name)}."
        )
    return [by_name[name] for name in names]


def _block(path, variable, X, axis, unit_text, note, others):
    names, columns, notes = _columns(X.shape[0], others)
    if variable.row_names is not None:
        names = [name or None for name in variable.row_names]
    rows, channels = variable.included
    if rows is not None:
        columns["included"] = rows.tolist()
        notes.append(f"the file excludes {np.sum(~rows)} of {len(rows)} samples (column 'included')")
    if channels is not None:
        notes.append(f"the file excludes {np.sum(~channels)} of {len(channels)} channels; they are read all the same")
    quantity = quantity_of(f"{variable.meta.get('title', '')} {variable.name}".replace("_", " "))
    quantity, percent = percent_where_it_must_be(quantity, X)
    return SpectraBlock(
        X=np.array(X, dtype=np.float64),
        axis=np.array(axis, dtype=np.float64),
        unit=unit_of(unit_text),
        quantity=quantity,
        names=names,
        places=[f"variable {variable.name}, row {k + 1}" for k in range(len(X))],
        path=str(path),
        columns=columns,
        meta={"format": "MATLAB", "variable": variable.name, **variable.meta},
        notes=[*notes, *([note] if note else []), *([percent] if percent else [])],
    )


def _columns(n, others):
    """Names and columns of ``n`` rows from the other variables of the file, and what to note."""
    names, columns, notes = [None] * n, {}, []
    for variable in others:
        if variable.is_text:
            if len(variable.value) != n or n == 1:
                continue
            if _NAMES.search(variable.name) and names[0] is None:
                names = [name or None for name in variable.value]
            else:
                columns[variable.name] = variable.value
        elif n > 1 and variable.value.shape[0] == n and variable.value.shape[1] <= _MOST_REFERENCES:
            labels = variable.column_names or _labels(variable, others)
            columns.update({label: variable.value[:, j].tolist() for j, label in enumerate(labels)})
        elif n > 1 and variable.value.shape == (1, n):
            columns[variable.name] = variable.value[0].tolist()
        else:
            continue
        notes.append(f"row k of {variable.name} is taken to belong to spectrum k")
    return names, columns, notes


def _labels(variable, others):
    """Labels of the columns of a matrix: the texts of a variable that are as many, else the name and a number."""
    k = variable.value.shape[1]
    if k == 1:
        return [variable.name]
    for texts in others:
        if texts.is_text and len(texts.value) == k and k != variable.value.shape[0] and len(set(texts.value)) == k:
            return texts.value
    return [f"{variable.name} {j + 1}" for j in range(k)]


def _number_common_rows(blocks):
    """Number the rows that several matrices share, where no names say which spectra are of one sample.

    In such files row k of every matrix is sample k. Where some matrices have reference values beside them, these are
    the samples; a matrix with another number of rows (of standards, say) has nothing to do with them. What the names
    of the matrices of as many rows begin with (``calibrate_1``, ``calibrate_2``) names their set of samples, the rest
    the instrument; where there are several sets, their names go before the numbers.
    """
    sets = {}
    for block in blocks:
        if not any(block.names):
            sets.setdefault(len(block.X), []).append(block)
    sets = {n: of_set for n, of_set in sets.items() if len(of_set) > 1}
    with_columns = {n: of_set for n, of_set in sets.items() if any(block.columns for block in of_set)}
    sets = with_columns or sets
    for n, of_set in sets.items():
        names = [block.meta["variable"] for block in of_set]
        beginnings = {re.match(r"(.*[._])?", name).group() for name in names}
        common = beginnings.pop() if len(beginnings) == 1 else ""
        label = f"{common.rstrip('._') or f'set of {n}'} " if len(sets) > 1 else ""
        for block in of_set:
            block.names = [f"{label}{k + 1}" for k in range(n)]
            block.meta["instrument"] = block.meta["variable"].removeprefix(common)
            block.notes.append(f"no names of samples: row k of {', '.join(names)} is taken as one sample")


def _name_instruments(blocks):
    """Take each of several matrices as one instrument, named like the matrix, unless the file says otherwise."""
    for block in blocks:
        name = block.meta.pop("instrument", block.meta["variable"])
        if not any(label.lower() == "instrument" for label in block.columns):
            block.columns["instrument"] = [name] * len(block.X)


def _refusal(path, held):
    shapes = ", ".join(
        f"{v.name} ({len(v.value)} texts)" if v.is_text else f"{v.name} ({v.value.shape[0]} x {v.value.shape[1]})"
        for v in held[:20]
    )
    return (
        f"{path}: this MATLAB file holds no matrix of spectra with an axis, only: {shapes or 'nothing to read'}. "
        "Name the axis 'wavelength' or 'wavenumber', or give it with wavelengths=."
    )
