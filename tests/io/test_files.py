"""Many files: order, what is passed over, and what becomes of those that cannot be read."""

import struct
import warnings

import pytest

from skspectral.exceptions import ReadingOptionError, SharedNameWarning, SkippedFilesWarning, TableError
from skspectral.io.formats.many_files import files_of, read_many

from .binary_writers import AB, opus


def write_asd(path, level=0.5, n=6):
    """A file of the oldest revision of ASD that holds reflectance."""
    header = bytearray(484)
    header[:3] = b"ASD"
    header[186] = 1
    struct.pack_into("<2f", header, 191, 350.0, 1.0)
    struct.pack_into("<H", header, 204, n)
    path.write_bytes(bytes(header) + struct.pack(f"<{n}f", *[level] * n))


@pytest.fixture
def folder(tmp_path):
    for name in ("s10.asd", "s2.asd", "S1.asd", "deep/s3.asd"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_asd(tmp_path / name)
    for name in (".hidden", "Thumbs.db", "~$table.xlsx"):
        (tmp_path / name).write_bytes(b"nothing to read")
    return tmp_path


def names(files, folder):
    return [file.removeprefix(f"{folder}/") for file in files]


def test_a_folder_is_read_in_natural_order_without_the_files_of_the_system(folder):
    assert names(files_of(folder), folder) == ["deep/s3.asd", "S1.asd", "s2.asd", "s10.asd"]


def test_globs_and_lists(folder):
    assert names(files_of(f"{folder}/*.asd"), folder) == ["S1.asd", "s2.asd", "s10.asd"]
    assert names(files_of(f"{folder}/**/*3.asd"), folder) == ["deep/s3.asd"]
    listed = [folder / "s10.asd", folder / "S1.asd", f"{folder}/s*.asd"]
    assert names(files_of(listed), folder) == ["s10.asd", "S1.asd", "s2.asd"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(folder):
    write_asd(folder / "s[1].asd")
    assert names(files_of(folder / "s[1].asd"), folder) == ["s[1].asd"]


@pytest.mark.parametrize(
    ("source", "error", "match"),
    [
        ("none.asd", FileNotFoundError, r"none\.asd: there is no such file"),
        ("none*.asd", TableError, r"none\*\.asd: no file matches"),
        ("empty", TableError, "there is no file in this folder"),
    ],
)
def test_sources_without_files_are_refused(folder, source, error, match):
    (folder / "empty").mkdir()
    with pytest.raises(error, match=match):
        files_of(folder / source)


def test_an_empty_list_is_refused():
    with pytest.raises(TableError, match="the list of files to read is empty"):
        files_of([])


def test_one_broken_file_stops_or_is_reported(folder):
    (folder / "s11.asd").write_bytes((folder / "s10.asd").read_bytes()[:300])
    with pytest.raises(TableError, match=r"s11\.asd.*truncated"):
        read_many(folder, progress=False)
    with pytest.warns(SkippedFilesWarning, match=r"1 of 5 files were left out(.|\n)*s11\.asd.*truncated"):
        blocks, skipped = read_many(folder, on_error="skip", progress=False)
    assert [block.path.removeprefix(f"{folder}/") for block in blocks] == ["deep/s3.asd", "S1.asd", "s2.asd", "s10.asd"]
    ((path, error),) = skipped
    assert path == str(folder / "s11.asd")
    assert isinstance(error, TableError)


def test_files_that_are_all_broken_are_an_error(tmp_path):
    (tmp_path / "a.asd").write_bytes(b"as7\0")
    with pytest.raises(TableError, match="None of 1 files could be read"):
        read_many(tmp_path, on_error="skip")


def test_a_name_that_all_files_share_names_no_sample(tmp_path):
    for k in range(3):
        (tmp_path / f"s{k}.0").write_bytes(opus((AB, [0.1, 0.2, 0.3]), name="Sample"))
    blocks, _ = read_many(tmp_path)
    assert [block.names for block in blocks] == [[None]] * 3
    assert "all files name their sample 'Sample'" in blocks[0].notes[-1]
    (tmp_path / "s3.0").write_bytes(opus((AB, [0.1, 0.2, 0.3]), name="other"))
    with pytest.warns(SharedNameWarning, match="3 files name their sample 'Sample' .s0, s1, s2.*taken as replicates"):
        blocks, _ = read_many(tmp_path)
    assert [block.names for block in blocks] == [["Sample"]] * 3 + [["other"]]
    (tmp_path / "s2.0").write_bytes(opus((AB, [0.3, 0.1, 0.2]), name="Sample"))
    with pytest.warns(SharedNameWarning, match=r"correlation down to -0\.50.*samples of their own"):
        blocks, _ = read_many(tmp_path)
    assert [block.names for block in blocks] == [["Sample (s0)"], ["Sample (s1)"], ["Sample (s2)"], ["other"]]


def test_names_of_files_that_speak_of_replicates_are_not_in_doubt(tmp_path):
    for file, name in (("w7.0", "w7"), ("w7.1", "w7"), ("w8_a.0", "w8"), ("w8-b.0", "w8")):
        (tmp_path / file).write_bytes(opus((AB, [0.1, 0.2, 0.3]), name=name))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        blocks, _ = read_many(tmp_path)
    assert [block.names[0] for block in blocks] == ["w7", "w7", "w8", "w8"]


def test_many_files_show_progress_unless_silenced(tmp_path, capsys):
    for k in range(12):
        write_asd(tmp_path / f"{k}.asd")
    blocks, skipped = read_many(tmp_path)
    assert (len(blocks), skipped) == (12, [])
    assert "12/12" in capsys.readouterr().err
    read_many(tmp_path, progress=False)
    assert capsys.readouterr().err == ""


def test_an_unknown_way_to_treat_errors_is_refused(folder):
    with pytest.raises(ReadingOptionError, match="on_error must be 'raise', 'skip' or 'keep'"):
        read_many(folder, on_error="ignore")
