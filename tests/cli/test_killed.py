"""``skspectral predict`` killed at any line of its writing: there is always a whole file, the old or the new one."""

import multiprocessing
import os
import signal
import sys

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression

from skspectral import MeanShift, TransferredModel
from skspectral.cli import main, predict
from skspectral.datasets import make_instruments

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs fork and SIGKILL")
#: Where lines are counted: from when everything is predicted.
WRITING = {predict._write.__code__.co_name, "write_text", "write_whole"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, new spectra and predictions of them."""
    folder = tmp_path_factory.mktemp("killed")
    data = make_instruments(n_samples=12, n_channels=8, random_state=0)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id, "wavelengths": data.wavelengths}
    model = TransferredModel.fit(
        X=data.X, y=data.y, **labels, source="A", target="B", method=MeanShift(PLSRegression(2)), validate=False
    )
    model.save(folder / "model")
    header = ",".join(["sample_id", *(f"{value:.6g}" for value in data.wavelengths)])
    rows = [f"n{i}," + ",".join(map(repr, map(float, x))) for i, x in enumerate(data.X[-4:])]
    (folder / "new.csv").write_text("\n".join([header, *rows]))
    return folder


def arguments(folder, level):
    given = ["predict", folder / "model", folder / "new.csv", "-o", folder / "p.csv", "--level", level]
    return [*map(str, given), "--force", "--quiet"]


def dies_at(folder, fatal_line):
    """Predict other intervals, and be killed before so many lines of writing are done."""
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        if event == "line":
            lines += 1
            if lines == fatal_line:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(lambda frame, *_: trace if frame.f_code.co_name in WRITING else None)
    os._exit(main(arguments(folder, 0.5)))


def test_old_predictions_stay_whole_until_the_new_ones_are(folder):
    fork, found = multiprocessing.get_context("fork"), []
    assert main(arguments(folder, 0.5)) == 0
    new = (folder / "p.csv").read_bytes()
    assert main(arguments(folder, 0.9)) == 0
    old = (folder / "p.csv").read_bytes()
    assert old != new
    for fatal_line in range(1, 100):
        (folder / "p.csv").write_bytes(old)
        process = fork.Process(target=dies_at, args=(folder, fatal_line))
        process.start()
        process.join()
        found.append((folder / "p.csv").read_bytes())
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
    assert set(found) == {old, new}
    # whole from some line on, and never before; that is where the file is put in its place
    turned = found.index(new)
    assert turned > 5 and found[turned:] == [new] * (len(found) - turned) and len(found) < 99
    left = [path for path in folder.iterdir() if path.name.endswith(".partial")]
    assert all(path.name.startswith(".p.csv.") for path in left)
    assert main(arguments(folder, 0.9)) == 0
    np.testing.assert_array_equal(list((folder / "p.csv").read_bytes()), list(old))
