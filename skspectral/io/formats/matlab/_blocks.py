"""MATLAB files: DataSet objects, structs, and plain arrays with an axis beside them."""

import pickle
import re
import subprocess
import sys

import numpy as np

from ....exceptions import NoSpectraError, ReadingOptionError, TableError, UnsupportedFormatError
from ...block import SpectraBlock
from ...cells.phrases import other_unit, quantity_of, unit_of
from ...quantities import percent_where_it_must_be
from ._axes import FEWEST_CHANNELS, axis_of_texts, is_axis, may_be_axis, nearest_axis, numbers_of
from ._variables import variables_of

__all__ = ["read_matlab"]

_NAMES = re.compile(r"sample|name|label|(^|[._])ids?$", re.I)
#: A matrix of more columns than this without an axis is hardly a table of reference values.
_MOST_REFERENCES = 40


_LOAD = "import pickle, sys, scipy.io; pickle.dump(scipy.io.loadmat(sys.argv[1]), sys.stdout.buffer)"


def read_matlab(path, *, wavelengths=None, variables=None, **options):
    """Spectra of a MATLAB file: one block for each matrix of spectra.

    ``wavelengths`` (n_channels,) is the axis of matrices that have none in the file, ``variables`` the names of the
    matrices to read (all by default). Other matrices, vectors and texts with as many rows become columns and names.
    """
    with open(path, "rb") as file:
        if file.read(10) == b"MATLAB 7.3":
            raise UnsupportedFormatError(
                f"{path}: this MATLAB file is of version 7.3 (HDF5), which is not read. Save it in MATLAB with "
                "save('name.mat', '-v7')."
            )
    held = variables_of(_loaded(path))
    axes = [variable for variable in held if is_axis(variable)]
    axes = axes or [axis for variable in held if (axis := axis_of_texts(variable)) is not None]
    axes = axes or [variable for variable in held if may_be_axis(variable, held)]
    if wavelengths is not None:
        wavelengths = np.asarray(wavelengths, dtype=np.float64).ravel()
    matrices = [v for v in held if not v.is_text and v.vector is None and v not in axes]
    single = [v for v in held if not v.is_text and v.vector is not None and v not in axes and not matrices and axes]
    found = [_oriented(path, v, axes, wavelengths) for v in [*matrices, *single]]
    found = [spectra for spectra in found if spectra is not None]
    # Where spectra stand in rows, a matrix that has the axis along its columns is something else, as loadings are.
    in_rows = [spectra for spectra in found if spectra[1] is spectra[0].value]
    left_out = [spectra[0].name for spectra in found if in_rows and spectra not in in_rows]
    found = in_rows or found
    if variables is not None:
        found = _chosen(path, found, variables)
    if not found:
        raise NoSpectraError(_refusal(path, held))
    taken = [variable for variable, *_ in found]
    axis_names = {axis.name for axis in axes}
    others = [v for v in held if v not in taken and v.name not in axis_names and v.name not in left_out]
    blocks = [_block(path, *spectra, others) for spectra in found]
    if left_out:
        blocks[0].notes.append(f"left out, having the axis along their columns: {', '.join(left_out)}")
    _number_common_rows(blocks)
    if len(blocks) > 1:
        _name_instruments(blocks)
    return blocks


def _oriented(path, variable, axes, wavelengths):
    """Spectra in rows, their axis, what names its unit, and a note; None of a matrix that is none of spectra."""
    X = variable.value
    if variable.axis is not None:
        return variable, X, variable.axis, f"{variable.axis_title}", None
    if variable.is_dataset and variable.column_names is not None:
        numbers, unit = numbers_of(variable.column_names)
        if numbers is not None:
            return variable, X, numbers, unit, None
    n_rows, n_columns = X.shape
    for values, length, note in ((X, n_columns, None), (X.T, n_rows, f"{variable.name} has its spectra in columns")):
        if length < FEWEST_CHANNELS:
            continue
        # A vector that is no axis by its name may be numbers of samples, so it does not turn a matrix.
        fitting = [axis for axis in axes if axis.vector.size == length and (values is X or is_axis(axis))]
        if fitting:
            axis = nearest_axis(path, variable, fitting)
            if not is_axis(axis) and not axis.axis_title:
                note = "; ".join([*([note] if note else []), f"{axis.name} is taken as the axis"])
            return variable, values, axis.vector, f"{axis.name} {axis.axis_title}", note
        if wavelengths is not None and len(wavelengths) == length:
            return variable, values, wavelengths, "", note
    return None


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
        unit=unit_of(unit_text) or other_unit(unit_text),
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


def _loaded(path):
    """Variables of the file by name, read by another process: damaged files can bring SciPy's reader down."""
    done = subprocess.run([sys.executable, "-c", _LOAD, str(path)], capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        why = lines[-1] if done.returncode > 0 and lines else "SciPy's reader broke off"
        raise TableError(f"{path} is no MATLAB file that can be read, or is damaged: {why}.")
    return pickle.loads(done.stdout)
