"""Tables drawn at random, written in the dialects that are read, and damaged."""

import dataclasses
import io

import numpy as np
from hypothesis import strategies as st

WORDS = st.text(alphabet="abcdefghijkmopqrstuvwyzABCDEFGHKLMPQRSTUVWXYZäéß_-", min_size=2, max_size=8)


@dataclasses.dataclass
class Table:
    names: list
    axis: np.ndarray
    X: np.ndarray
    y: np.ndarray


@dataclasses.dataclass
class Dialect:
    delimiter: str
    decimal: str
    encoding: str
    label: str
    end: str
    above: str
    turned: bool
    quoted: str
    exponents: bool
    plus: bool
    trailing: bool


@st.composite
def tables(draw):
    """Two to six spectra of three to twelve channels, with one property."""
    n, p = draw(st.integers(2, 6)), draw(st.integers(3, 12))
    start, step = draw(st.integers(350, 2000)), draw(st.sampled_from([0.5, 1.0, 2.0, 3.5, 8.0]))
    axis = start + step * np.arange(p)
    if draw(st.booleans()):
        axis = axis[::-1]
    numbers = st.floats(-5, 5, allow_nan=False, width=64).map(lambda value: round(value, 9) + 0.0)
    X = np.array(draw(st.lists(st.lists(numbers, min_size=p, max_size=p), min_size=n, max_size=n)))
    y = np.array(draw(st.lists(st.integers(1, 9999).map(lambda value: value / 100), min_size=n, max_size=n)))
    names = [f"{word}{k}x" for k, word in enumerate(draw(st.lists(WORDS, min_size=n, max_size=n)))]
    return Table(names, axis, X, y)


@st.composite
def dialects(draw):
    """A delimiter, a decimal sign, an encoding, and what stands around the numbers."""
    delimiter = draw(st.sampled_from([",", ";", "\t", "|", "  "]))
    decimal = draw(st.sampled_from([".", ","] if delimiter != "," else ["."]))
    return Dialect(
        delimiter,
        decimal,
        draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])),
        draw(st.sampled_from(["{}", "X{}", "{}nm", "w{}", "band{}", "spec.{}", "scan_nir.{}_ref", "nm {}"])),
        draw(st.sampled_from(["\n", "\r\n", "\r"])),
        draw(st.sampled_from(["", "# measured by me\n", "Export of a program\n", "Serial: 77\nOperator: me\n\n"])),
        draw(st.booleans()),
        draw(st.sampled_from(["none", "first", "all"])),
        *(draw(st.sampled_from([False, False, True])) for _ in range(3)),
    )


def cells_of(table, dialect):
    """Rows of cells as they are written; labels with a comma are possible only where it is the decimal sign."""
    label = dialect.label if dialect.delimiter != "  " else dialect.label.replace(" ", "")

    def written(value):
        text = f"{value:.16e}" if dialect.exponents else repr(float(value))
        return ("+" if dialect.plus and value >= 0 else "") + text.replace(".", dialect.decimal)

    labels = [label.format(f"{w:g}".replace(".", dialect.decimal)) for w in table.axis]
    rows = [["sample_id", "protein", *labels]]
    for name, value, spectrum in zip(table.names, table.y, table.X):
        rows.append([name, written(value), *map(written, spectrum)])
    return [list(column) for column in zip(*rows)] if dialect.turned else rows


def text_of(rows, dialect):
    """The table as text."""
    above = dialect.above if dialect.delimiter != "  " else dialect.above.replace("Export of a program", "Export")
    out = io.StringIO()
    end = dialect.delimiter * (dialect.trailing and dialect.delimiter != "  ") + "\n"
    for row in rows:
        quotes = {"none": 0, "first": 1, "all": len(row)}[dialect.quoted]
        quoted = [f'"{cell}"' if k < quotes else cell for k, cell in enumerate(row)]
        out.write(dialect.delimiter.join(quoted) + end)
    return (above + out.getvalue()).replace("\n", dialect.end)


@st.composite
def damages(draw):
    """What happens to the bytes of a file: a cell, an encoding, a cut."""
    return (
        draw(st.sampled_from(["cut", "byte", "cell", "drop", "extra", "swap"])),
        draw(st.integers(0, 10**6)),
        draw(
            st.sampled_from(
                ["", "x", "1.2.3", "--", "1,2,3", "inf", "nan", "0x1F", "1_0", "#DIV/0!", "-9999", "12:30", "é"]
            )
        ),
    )
