"""Logs that were edited in a spreadsheet: dates, encodings and decimal commas of its country, lines that wait."""

import errno
import os
from datetime import datetime

import pytest

from skspectral.cli import main
from skspectral.exceptions import CheckLogError, CheckLogWarning
from skspectral.monitoring import CheckLog, CheckSamples, ControlChart

HEAD = "date,sample,property,reference,predicted\n"


def read(path, dates, head=HEAD, end=",protein,10.0,10.1"):
    path.write_text(head + "".join(f"{date},s{i}{end}\n" for i, date in enumerate(dates)))
    return CheckLog(path).read().date.tolist()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("9.3.2026", datetime(2026, 3, 9)),
        ("09.03.2026 14:30", datetime(2026, 3, 9, 14, 30)),
        ("2026/3/9", datetime(2026, 3, 9)),
        ("13/3/2026", datetime(2026, 3, 13)),
        ("3/13/2026 2:05:09 PM", datetime(2026, 3, 13, 14, 5, 9)),
        ("3/3/2026 12:00 am", datetime(2026, 3, 3)),
    ],
)
def test_dates_of_spreadsheets(tmp_path, text, meant):
    assert read(tmp_path / "l.csv", [text]) == [meant]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("9/3/2026", "can be read in two ways"),
        ("09-03-2026", "can be read in two ways"),
        ("31.2.2026", "is no date"),
        ("9.3.26", "is no date"),
        ("46090", "the number of a day"),
        ("13/3/2026 14:00 PM", "from 1 to 12"),
    ],
)
def test_dates_that_nobody_can_be_sure_of(tmp_path, text, said):
    with pytest.raises(CheckLogError, match=said):
        read(tmp_path / "l.csv", [text])


def test_one_date_tells_the_order_of_all(tmp_path):
    path = tmp_path / "l.csv"
    assert read(path, ["5/3/2026", "6/3/2026", "13/3/2026"])[0] == datetime(2026, 3, 5)
    assert read(path, ["3/5/2026", "2026-03-06", "3/13/2026"])[0] == datetime(2026, 3, 5)
    with pytest.raises(CheckLogError, match="two ways"):
        read(path, ["3/5/2026", "13/3/2026", "3/14/2026"])


def test_lines_are_appended_as_the_others_are_written(tmp_path):
    log = CheckLog(tmp_path / "l.csv")
    text = "date;sample;property;reference;predicted\n09.03.2026;Grün;Eiweiß;10,5;10,126\n"
    log.path.write_bytes(text.encode("cp1252"))
    log.append(CheckSamples(["2026-03-10"], [10.25], [10.5], ["Weiß"], "Eiweiß"))
    log.append(CheckSamples(["2026-03-11"], [10.25], [10.5], ["Ω"], "Eiweiß"))
    assert log.path.read_bytes().split(b"\n")[2].decode("cp1252") == "2026-03-10;Weiß;Eiweiß;10,25;10,5"
    samples = log.read()
    assert samples.sample.tolist() == ["Grün", "Weiß", "Ω"] and samples.properties == ["Eiweiß"]
    assert samples.reference.tolist() == [10.5, 10.25, 10.25] and samples.predicted.tolist() == [10.126, 10.5, 10.5]


def test_a_log_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "l.csv"
    path.write_bytes((HEAD + "2026-03-09,s1,protein,1,1\n").encode("utf-16"))
    before = path.read_bytes()
    for use in (CheckLog(path).read, lambda: CheckLog(path).append(CheckSamples(["2026-03-10"], [1], [1]))):
        with pytest.raises(CheckLogError, match="UTF-16"):
            use()
    assert path.read_bytes() == before


def test_a_reading_waits_for_its_reference(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text(HEAD + "2026-03-09,s1,protein,10,10.1\n2026-03-10,s2,protein,,10.2\n2026-03-11,s3,protein,10,\n")
    with pytest.warns(CheckLogWarning, match="line 3: sample 's2' has no reference yet and is left out, and so are 1"):
        assert CheckLog(path).read().sample.tolist() == ["s1"]


def test_percent_beside_fractions_is_asked_about(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text(HEAD + "2026-03-09,s1,protein,10,10.1\n2026-03-10,s2,protein,0.102,10.2\n")
    with pytest.warns(CheckLogWarning, match="line 3: the reference of 'protein' of sample 's2' is 0.102, and 10.2"):
        CheckLog(path).read()


def test_samples_that_are_not_far_off_are_not_accused():
    dates = [f"2026-03-{day:02d}" for day in range(1, 11)]
    names = [f"s{day}" for day in range(10)]
    error = [0.1, -0.1, 0.05, 0.12, -0.08, 0.1, -0.1, 3.0, 0.1, -0.1]
    state = ControlChart(sep=0.3).check(CheckSamples(dates, [10.0] * 10, [10 + e for e in error], names))
    assert "read sample s7 again" in state.advice


def test_the_way_out_is_named_as_on_the_command_line(tmp_path, capsys):
    read(tmp_path / "l.csv", [f"2026-03-{day:02d}" for day in range(1, 11)])
    assert main(["monitor", str(tmp_path / "l.csv")]) == 2
    assert "Give --sep, the standard error" in capsys.readouterr().err


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path, monkeypatch):
    log = CheckLog(tmp_path / "l.csv")
    log.append(CheckSamples(["2026-03-09"], [10.0], [10.1], ["s1"], "protein"))
    before = log.path.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="nothing was added") as raised:
        log.append(CheckSamples(["2026-03-10"], [10.0], [10.1], ["s2"], "protein"))
    assert raised.value.filename == str(log.path) and log.path.read_bytes() == before
