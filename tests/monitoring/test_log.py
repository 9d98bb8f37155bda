"""The log of check samples: nothing is lost, and no cut number passes for a whole one."""

import multiprocessing
import os
import time
import warnings
from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skspectral.exceptions import CheckLogError, CheckLogWarning
from skspectral.monitoring import CheckLog, CheckSamples

HEAD = "date,sample,property,reference,predicted\n"


def one(name="S1", predicted=11.52, on="2026-03-09"):
    return CheckSamples([on], [12.0], [predicted], [name], "protein")


@pytest.fixture
def log(tmp_path):
    return CheckLog(tmp_path / "checks.csv")


def test_what_is_written_is_read(log):
    dates = [date(2026, 3, 9), datetime(2026, 3, 9, 14, 30), np.datetime64("2026-03-10"), "2026-03-11T08:00:01"]
    samples = CheckSamples(dates, [1.1, 2, 3, 4], [0.1 + 0.2, 2, 3, 1e-17], ['a "b", c', "x;y", "ü", "#1"], "fat")
    log.append(samples)
    read = log.read()
    for name in ("date", "sample", "target_name", "reference", "predicted"):
        assert getattr(read, name).tolist() == getattr(samples, name).tolist()
    assert log.path.read_text(encoding="utf-8").splitlines()[1].startswith("2026-03-09,")


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.datetimes(),
            st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        min_size=1,
        unique=True,
    ),
    cut=st.integers(1, 200),
)
def test_a_cut_tail_loses_lines_but_changes_none(tmp_path_factory, rows, cut):
    log = CheckLog(tmp_path_factory.mktemp("log") / "checks.csv")
    dates, names, values = zip(*rows)
    log.append(CheckSamples(dates, values, values, names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CheckLogWarning)
        whole = {(*row,) for row in zip(*_columns(log.read()))}
        content = log.path.read_bytes()
        log.path.write_bytes(content[: max(len(HEAD), len(content) - cut)])
        log.append(one("later"))
        after = {(*row,) for row in zip(*_columns(log.read()))}
    assert after - whole == {(*row,) for row in zip(*_columns(one("later")))}


def _columns(samples):
    return samples.date, samples.sample, samples.target_name, samples.reference, samples.predicted


def test_a_cut_last_line_is_left_out_and_said(log):
    log.append(one())
    log.append(one("S2"))
    log.path.write_bytes(log.path.read_bytes()[:-2])
    for _ in range(2):
        with pytest.warns(CheckLogWarning, match=r"line 3 was cut off.*S2.*11\.5'"):
            assert log.read().sample.tolist() == ["S1"]
        log.append(one(f"S{3}"))
        with pytest.warns(CheckLogWarning, match="line 3 was cut off"):
            assert log.read().sample.tolist() == ["S1", "S3"]
        log.path.write_bytes(log.path.read_bytes()[: -len("2026-03-09,S3,protein,12.0,11.52\n")])
        log.path.write_bytes(log.path.read_bytes()[: -len("#torn\n")])


def test_a_line_that_stands_twice_counts_once(log):
    log.append(one())
    log.append(one())
    with pytest.warns(CheckLogWarning, match="line 3 says the same as line 2"):
        assert len(log.read()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sample,reference\n", "must name the columns date"),
        ("PK\x03\x04", "must name the columns"),
        (HEAD.strip(), "must name the columns"),
        (HEAD + "09/03/2026,S1,protein,12,11\n", "line 2: '09/03/2026' can be read in two ways"),
        (HEAD + "2026-03-09,S1,protein,12,nan\n", "line 2: the predicted 'nan' of sample 'S1'"),
        (HEAD + "2026-03-09,S1,protein,12,1e999\n", "predicted '1e999'"),
        (HEAD + "2026-03-09,S1,protein,1_2,12\n", "reference '1_2'"),
        (HEAD + "2026-03-09,S1,protein,12,3\n\n2026-03-09,S1,protein,<5,3\n", "line 4: the reference '<5'"),
        (HEAD + "2026-03-09,S1,protein,12,5,3\n", None),
        (HEAD + "2026-03-09,S1,protein\n", "has 3 columns, and the head has 5"),
        (HEAD + "2026-03-09,,protein,1,2\n", "line 2: the name"),
        (HEAD + "2026-03-09,S,p,1,2\n2026-03-09T10:00+01:00,T,p,1,2\n", "time zone"),
    ],
)
def test_what_cannot_be_read_is_named(log, text, said):
    log.path.write_text(text, encoding="utf-8")
    if said is None:
        with pytest.raises(CheckLogError, match="6 columns"):
            log.read()
        return
    with pytest.raises(CheckLogError, match=said):
        log.read()


def test_a_file_that_is_no_log_is_not_appended(log):
    log.path.write_text("name,value\n1,2\n")
    with pytest.raises(CheckLogError, match="no log of check samples"):
        log.append(one())
    assert log.path.read_text() == "name,value\n1,2\n"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_log_from_a_spreadsheet(log, delimiter):
    head = "Date;Sample;Property;Reference;Predicted;Who\r\n".replace(";", delimiter)
    log.path.write_text("\ufeff" + head + "2026-03-09;S1;protein;12,5;11,25;me\r\n".replace(";", delimiter), "utf-8")
    log.append(one("S2"))
    read = log.read()
    assert read.predicted.tolist() == [11.25, 11.52] and read.sample.tolist() == ["S1", "S2"]


def test_an_empty_file_is_an_empty_log(log):
    log.path.touch()
    assert len(log.read()) == 0
    log.append(one())
    assert log.path.read_text().startswith(HEAD)
    with pytest.raises(CheckLogError, match="line break"):
        log.append(one("a\nb"))


def append_many(log, name, n, done=None):
    for i in range(n):
        names = [f"{name}-{i}-{j}" for j in range(3)]
        log.append(CheckSamples(["2026-03-09"] * 3, [1.0] * 3, [2.25] * 3, names, "protein"))
        if done is not None:
            done.value = i + 1


# forked, as importing the package anew would take most of the time
posix = pytest.mark.skipif(os.name != "posix", reason="needs fork and SIGKILL")


@posix
def test_processes_that_append_at_the_same_time_lose_nothing(log):
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=append_many, args=(log, name, 40)) for name in "ABC"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert sorted(log.read().sample) == sorted(f"{name}-{i}-{j}" for name in "ABC" for i in range(40) for j in range(3))
    assert log.path.read_text().count("date") == 1


@posix
def test_a_killed_process_leaves_the_log_whole(log):
    fork = multiprocessing.get_context("fork")
    done, rng = 0, np.random.default_rng(0)
    for attempt in range(12):
        # without a lock, which a killed process would keep for ever
        counter = fork.RawValue("i", 0)
        writer = fork.Process(target=append_many, args=(log, f"K{attempt}", 100_000, counter))
        writer.start()
        while not counter.value:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.03))
        writer.kill()
        writer.join()
        done += counter.value
        with warnings.catch_warnings():
            # the kernel may stop a write at the end of a page: the cut line is left out, and said
            warnings.simplefilter("ignore", CheckLogWarning)
            read = log.read()
        # what was said to be written is there, blocks of three, and at most one more for each kill
        assert done <= len(read) // 3 <= done + attempt + 1
        assert set(read.predicted) == {2.25}


def test_a_disk_that_takes_only_a_part_leaves_the_log_as_it_was(log, monkeypatch):
    log.append(one())
    before = log.path.read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    with pytest.raises(OSError, match="nothing was added"):
        log.append(one("S2"))
    monkeypatch.undo()
    assert log.path.read_bytes() == before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2204-03-09,S9,protein,12,11.9", "line 6: the date 2204-03-09 is still to come"),
        ("2026-03-09,S9,protein,-9999,11.9", "line 6: -9999 stands for 'no value'"),
        ("2026-03-09,S9,Protein ,12,11.9", "line 6: the properties 'protein' and 'Protein' differ in spelling alone"),
    ],
)
def test_doubtful_lines_are_kept_and_said(log, line, said):
    good = [f"2026-03-0{k},S{k},protein,1{k},1{k}.1\n" for k in range(1, 5)]
    log.path.write_text(HEAD + "".join(good))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(log.read()) == 4
    log.path.write_text(HEAD + "".join(good) + line + "\n")
    with pytest.warns(CheckLogWarning, match=said):
        assert len(log.read()) == 5
