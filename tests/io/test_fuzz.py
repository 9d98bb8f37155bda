"""Any table in any dialect is read back as it was; a damaged one is refused, or read as what stands there."""

import os
import re
import warnings

import numpy as np
from hypothesis import HealthCheck, given, settings

from skspectral.exceptions import TableError
from skspectral.io import read_spectra

from .dialects import cells_of, damages, dialects, tables, text_of

# a longer run: SKSPECTRAL_FUZZ=20000 pytest tests/io/test_fuzz.py
EXAMPLES = int(os.environ.get("SKSPECTRAL_FUZZ", "120"))
# numbers as programs write them: with an e, or with the D of Fortran between a decimal sign and a sign
NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?:\d+\.\d*|\.\d+)D[+-]\d\d+)", re.ASCII)
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def read(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_spectra(path, replicates=False, match="exact")


@given(table=tables(), dialect=dialects())
@SETTINGS
def test_any_table_in_any_dialect_is_read_back(tmp_path_factory, table, dialect):
    path = tmp_path_factory.getbasetemp() / "round.csv"
    path.write_bytes(text_of(cells_of(table, dialect), dialect).encode(dialect.encoding))
    found = read(path)
    order = np.argsort(table.axis)
    np.testing.assert_array_equal(found.wavelengths, table.axis[order])
    np.testing.assert_array_equal(found.X, table.X[:, order])
    np.testing.assert_array_equal(found.y.ravel(), table.y)
    assert found.sample_id.tolist() == table.names and found.properties == ["protein"]


@given(table=tables(), dialect=dialects(), damage=damages())
@SETTINGS
def test_a_damaged_table_is_refused_or_read_as_it_stands(tmp_path_factory, table, dialect, damage):
    kind, at, text = damage
    path = tmp_path_factory.getbasetemp() / "damaged.csv"
    rows = cells_of(table, dialect)
    r, c = at % len(rows), at // len(rows) % len(rows[0])
    if kind == "cell":
        rows[r][c] = text
    elif kind == "drop":
        del rows[r][c]
    elif kind == "extra":
        rows[r].insert(c, "1")
    elif kind == "swap":
        rows[r][c], rows[-1][-1] = rows[-1][-1], rows[r][c]
    data = text_of(rows, dialect).encode(dialect.encoding)
    if kind == "cut":
        data = data[: at % len(data)]
    elif kind == "byte":
        data = data[: at % len(data)] + bytes([at % 256]) + data[at % len(data) + 1 :]
    path.write_bytes(data)
    try:
        found = read(path)
    except TableError as error:
        assert "damaged.csv" in str(error)
        return
    except (ValueError, OSError) as error:
        # an axis that is none, references that contradict each other: classes of their own
        assert type(error).__module__ == "skspectral.exceptions", error
        return
    text = data.decode(dialect.encoding.removesuffix("-sig"), "replace")
    _assert_numbers_stand_in(text.replace(",", ".") if dialect.decimal == "," else text, found)
    _assert_no_more_changed_than(table, found, {"swap": 2, "drop": 0, "extra": 0}.get(kind, 1))


def _assert_numbers_stand_in(text, found):
    """Each number read is what a whole cell says, whatever sign separates the cells."""
    lines = re.split(r"[\r\n]", text)
    cells = {cell.strip('" \t') for line in lines for sign in (",", ";", "\t", "|", None) for cell in line.split(sign)}
    written = {float(cell.replace("D", "e")) for cell in cells if NUMBER.fullmatch(cell)}
    for value in [*found.X.ravel(), *found.y.ravel()]:
        assert np.isnan(value) or float(value) in written, value


def _assert_no_more_changed_than(table, found, most):
    """Cells of a sample and a wavelength that are in both tables are the same, but for those that were damaged."""
    at = {w: k for k, w in enumerate(table.axis)}
    changed = 0
    for row, name in enumerate(found.sample_id):
        if name not in table.names:
            continue
        own = table.names.index(name)
        for k, w in enumerate(found.wavelengths):
            changed += w in at and found.X[row, k] != table.X[own, at[w]]
    assert changed <= most
