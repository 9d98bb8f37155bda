"""What the README shows runs as it stands."""

import re
from pathlib import Path

import numpy as np

from benchmarks.accuracy.readme import BEGIN, END, readme_table
from benchmarks.foundation import sentence

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_quick_start_runs(capsys):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    assert len(code.splitlines()) <= 15
    names = {}
    exec(code, names)
    assert capsys.readouterr().out.startswith("{'pds__")
    assert names["search"].score(names["data"].X[-3:], names["data"].y[-3:]) > -np.inf


def test_two_set_up_commands_pin_their_versions():
    commands = re.findall(r"^python -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    assert all("-c constraints.txt" in command for command in commands)


def test_results_come_from_the_results_files():
    shown = README.split(BEGIN)[1].split(END)[0].strip()
    assert shown == readme_table(Path(__file__).parents[1] / "benchmarks" / "accuracy" / "results")


def test_what_is_said_of_the_foundation_model_comes_from_its_results():
    shown = README.split(sentence.BEGIN)[1].split(sentence.END)[0].strip()
    assert shown == sentence.foundation_text(Path(__file__).parents[1] / "benchmarks" / "foundation" / "results")
