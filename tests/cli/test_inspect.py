"""``skspectral inspect``, and the options of reading that it shares with ``compare``."""

import inspect

import numpy as np
import pytest

from skspectral.cli import main
from skspectral.cli._reading import OPTIONS
from skspectral.io import read_spectra

AXIS = np.arange(1100.0, 1140.0)


def write(path, names, seed=0, head="id", gain=1.0):
    rng = np.random.default_rng(seed)
    depth = np.linspace(1, 2, len(names))[:, None] * gain
    X = depth * np.sin(AXIS / 9) + 2 + 0.01 * rng.normal(size=(len(names), len(AXIS)))
    rows = [f"{name}," + ",".join(f"{value:.5f}" for value in x) for name, x in zip(names, X)]
    path.write_text("\n".join([f"{head}," + ",".join(f"{w:g}" for w in AXIS), *rows]) + "\n")
    return str(path)


def test_what_was_read_and_found(tmp_path, capsys):
    a = write(tmp_path / "a.csv", ["s1", "s2", "s3", "s4"])
    b = write(tmp_path / "b.csv", ["s1", "S2 ", "s-3", "s9"], seed=1)
    (tmp_path / "refs.csv").write_text("name;fat\ns1;1,5\ns2;2,5\ns3;3,5\n")
    plot = tmp_path / "spectra.png"
    code = main(["inspect", f"A={a}", f"B={b}", "--references", str(tmp_path / "refs.csv"), "--plot", str(plot)])
    said = capsys.readouterr().out
    assert code == 0 and plot.stat().st_size > 1000
    for text in ("A: 4 rows, 4 samples; 40 channels from 1100 to 1139 nm; quantity not stated", "2 of 6 samples paired",
                 "s3 / s-3", "property fat: 5 values, 1.5 to 3.5", "warning: some names differ little"):  # fmt: skip
        assert text in said
    assert main(["inspect", a, "--plot", str(plot)]) == 2
    assert "exists" in capsys.readouterr().err


def test_exit_code_where_something_cannot_be_right(tmp_path, capsys):
    a = write(tmp_path / "a.csv", ["s1", "s2", "s3"])
    assert main(["inspect", f"A={a}", f"B={write(tmp_path / 'b.csv', ['x1', 'x2', 'x3'], seed=2)}"]) == 3
    assert "error: no sample was measured on both" in capsys.readouterr().out
    assert main(["inspect", str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err


def test_warnings_are_lines_of_the_standard_error(tmp_path, capsys):
    path = tmp_path / "w.csv"
    path.write_text("id,fat,1100,1102\ns1,-9999,.1,.2\ns2,3,.2,.4\n")
    assert main(["inspect", str(path)]) == 0
    assert capsys.readouterr().err.startswith("Warning: ")


def test_options_have_the_names_that_they_have_in_python():
    known = inspect.signature(read_spectra).parameters
    # an option of one format
    named = {name.replace("-", "_") for name in OPTIONS if name != "sheet"}
    assert named <= set(known)
    assert set(known) - named == {"source", "properties", "progress", "options"}


@pytest.mark.parametrize(
    ("a", "b", "word"),
    [
        ("Y axis: Absorbance\n", "Y axis: Kubelka-Munk\n", "there is no conversion"),
        ("", "", "There is no property"),
    ],
)
def test_compare_refuses_what_cannot_be_compared(tmp_path, capsys, a, b, word):
    files = []
    for name, above in (("A", a), ("B", b)):
        path = tmp_path / f"{name}.csv"
        write(path, ["s1", "s2", "s3"], seed=ord(name), head="id")
        text = path.read_text()
        if above:
            text = (
                above + "\n".join(f"{line},{'fat' if k == 0 else k}" for k, line in enumerate(text.splitlines())) + "\n"
            )
        path.write_text(text)
        files.append(f"{name}={path}")
    code = main(["compare", *files, "--source", "A", "--target", "B", "--quiet", "--output", str(tmp_path / "out")])
    assert code == 2 and word in capsys.readouterr().err
