"""Choose, transfer, predict, monitor: on a folder of OPUS files, and on the sheets of a workbook."""

import csv

import numpy as np
import pytest

from skspectral.cli import main
from skspectral.datasets import make_instruments
from skspectral.monitoring import CheckLog
from tests.io.binary_writers import AB, opus
from tests.io.workbook_writer import xlsx

N_OLD, N_STANDARDS = 20, 5


@pytest.fixture(scope="module")
def data():
    """Wavenumbers from 9000 to 4000 per cm, one property."""
    data = make_instruments(n_samples=28, n_channels=40, noise=1e-4, random_state=5)
    data.axis = np.linspace(9000.0, 4000.0, 40)
    data.number = np.array([int(label[1:]) for label in data.sample_id])
    return data


@pytest.fixture
def say(tmp_path, capsys, monkeypatch):
    """Run a command in the folder, and give what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        assert main([*map(str, arguments)]) == 0
        return capsys.readouterr().out

    return run


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def truth(data):
    return dict(zip(data.sample_id, data.y[:, 0]))


def check_predictions(data, path):
    """All later samples, near their references."""
    rows, known = read(path), truth(data)
    assert sorted(row["sample_id"] for row in rows) == sorted(set(data.sample_id[data.number >= N_OLD]))
    off = np.array([float(row["protein"]) - known[row["sample_id"]] for row in rows])
    assert np.sqrt(np.mean(off**2)) < 0.3 * data.y.std()


def check_log(path):
    log = CheckLog(path).read()
    assert len(log) == 28 - N_OLD and set(log.target_name) == {"protein"}
    assert np.abs(np.subtract(log.predicted, log.reference)).max() < 3.0


def write_opus(folder, data, rows):
    folder.mkdir()
    for row in np.flatnonzero(rows):
        name = data.sample_id[row]
        (folder / f"{name}.0").write_bytes(opus((AB, data.X[row]), name=name, instrument="MPA"))


def test_a_folder_of_opus_files(data, tmp_path, say):
    on = {name: data.instrument == name for name in "AB"}
    write_opus(tmp_path / "bench", data, on["A"] & (data.number < N_OLD))
    lab = ["sample_id,protein", *(f"{name},{float(value)!r}" for name, value in truth(data).items())]
    (tmp_path / "lab.csv").write_text("\n".join(lab))
    say("choose", "bench", "--references", "lab.csv", "-n", N_STANDARDS, "-o", "list.csv")
    chosen = [row["sample_id"] for row in read(tmp_path / "list.csv")]
    assert len(chosen) == N_STANDARDS
    write_opus(tmp_path / "field", data, on["B"] & np.isin(data.sample_id, chosen))
    roles = ["--source", "bench", "--target", "field", "--method", "MeanShift"]
    say("transfer", "bench=bench", "field=field", "--references", "lab.csv", *roles, "-o", "m.skspectral")
    write_opus(tmp_path / "new", data, on["B"] & (data.number >= N_OLD))
    say("predict", "m.skspectral", "new", "-o", "p.csv")
    check_predictions(data, tmp_path / "p.csv")
    say("monitor", "m.skspectral", "log.csv", "--add", "new", "--references", "lab.csv")
    check_log(tmp_path / "log.csv")


def sheet(data, rows):
    cells = [[str(data.sample_id[row]), *map(float, data.X[row])] for row in np.flatnonzero(rows)]
    return [["sample_id", *map(float, data.axis)], *cells]


def test_the_sheets_of_a_workbook(data, tmp_path, say):
    on = {name: data.instrument == name for name in "AB"}
    lab = [["sample_id", "protein"], *([str(name), float(value)] for name, value in truth(data).items())]
    bench = sheet(data, on["A"] & (data.number < N_OLD))
    xlsx(tmp_path / "bench.xlsx", {"bench": bench, "lab": lab})
    say("choose", "bench.xlsx", "--unit", "cm-1", "-n", N_STANDARDS, "-o", "list.csv")
    chosen = [row["sample_id"] for row in read(tmp_path / "list.csv")]
    field = sheet(data, on["B"] & np.isin(data.sample_id, chosen))
    xlsx(tmp_path / "both.xlsx", {"bench": bench, "field": field, "lab": lab})
    roles = ["--source", "bench", "--target", "field", "--method", "MeanShift"]
    say("transfer", "both.xlsx", "--unit", "cm-1", *roles, "-o", "m.skspectral")
    xlsx(tmp_path / "new.xlsx", {"new": sheet(data, on["B"] & (data.number >= N_OLD)), "lab": lab})
    say("predict", "m.skspectral", "new.xlsx", "-o", "p.csv")
    check_predictions(data, tmp_path / "p.csv")
    say("monitor", "m.skspectral", "log.csv", "--add", "new.xlsx")
    check_log(tmp_path / "log.csv")
