"""Damaged files of every binary format and of JCAMP-DX: an error that names the file, or a readable block."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from skspectral.exceptions import TableError
from skspectral.io.formats.one_file import kind_of_file, read_file

from .binary_writers import AB, SCSM, asd, opus, spc
from .jcamp_writer import FORMS, block
from .workbook_writer import ods, xlsx

Y = np.array([0.5, 0.25, -0.125, 0.75, 1.0, 0.625])
AXIS = np.arange(1100.0, 1112.0, 2.0)
ROWS = [["sample_id", *AXIS.tolist()], ["a", *Y.tolist()], ["b", *(Y + 1).tolist()]]


def written(write, *arguments):
    stream = io.BytesIO()
    write(stream, *arguments)
    return stream.getvalue()


FILES = {
    "asd": asd(1000 * (Y + 1), white=2000 * (Y + 1), kind=1, description="x"),
    "spc": spc([Y, 2 * Y], exponent=3, log="SUBFILE1 = 1"),
    "spc with its own axes": spc([Y, 2 * Y], own_axes=[AXIS, AXIS]),
    "opus": opus((SCSM, Y), (AB, Y)),
    "opus series": opus((AB, [Y, Y])),
    **{f"jcamp {form}": block([100, 104, 104, -3, 0, 0, 0, 12, 1005, -77] * 2, form).encode() for form in FORMS},
    "xlsx": written(xlsx, {"spectra": ROWS, "lab": [["sample_id", "fat"], ["a", 1.5]]}),
    "ods": written(ods, {"spectra": ROWS}),
    "parquet": written(lambda stream: pd.DataFrame(ROWS[1:], columns=map(str, ROWS[0])).to_parquet(stream)),
    "matlab": written(savemat, {"X": np.array([Y, Y]), "wavelength": AXIS, "y": np.array([[1.0], [2.0]])}),
}


@st.composite
def damage(draw, data):
    """The file cut off or not, and some of its bits flipped; more of them where its header stands."""
    cut = draw(st.integers(8, len(data)) | st.just(len(data)))
    out = bytearray(data[:cut])
    places = st.integers(4, cut - 1) | st.integers(4, min(cut, 600) - 1)
    for place, bit in draw(st.lists(st.tuples(places, st.integers(0, 7)), max_size=6)):
        out[place] ^= 1 << bit
    return bytes(out)


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", [name for name in FILES if name != "matlab"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_files_never_fail_otherwise(tmp_path_factory, name, data):
    read_damaged(tmp_path_factory, name, data)


# every file is read by a process of its own, which takes its time
@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_damaged_matlab_files_never_fail_otherwise(tmp_path_factory, data):
    read_damaged(tmp_path_factory, "matlab", data)


def read_damaged(tmp_path_factory, name, data):
    folder = tmp_path_factory.getbasetemp()
    whole, broken = folder / "whole.bin", folder / "damaged.bin"
    whole.write_bytes(FILES[name])
    broken.write_bytes(data.draw(damage(FILES[name])))
    if kind_of_file(broken) != kind_of_file(whole):
        return
    try:
        blocks = read_file(broken)
    except TableError as error:
        assert "damaged.bin" in str(error)
    else:
        assert all(block.X.shape == (len(block.places), len(block.axis)) for block in blocks)


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_read_before_they_are_damaged(tmp_path, name):
    path = tmp_path / "whole.bin"
    path.write_bytes(FILES[name])
    assert read_file(path)
