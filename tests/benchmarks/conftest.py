"""Runs of the evaluation protocol on simulated spectra, for all tests of it."""

import csv
from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmarks.accuracy import __main__ as command
from benchmarks.accuracy.data import PLANS
from benchmarks.accuracy.protocol import make_jobs

FEW = ["SourceOnly", "MeanShift", "TargetOnly", "native"]


def run(output, *options, methods=FEW):
    """Run the command on two splits; returns its exit status."""
    arguments = ["--quick", "--datasets", "simulated", "--output", str(output), "--quiet", "--methods", *methods]
    return command.main([*arguments, *options])


def read(path):
    """Rows of a file as dictionaries of text."""
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


def without_seconds(path):
    """The content of a file but for the one column that differs from run to run."""
    return [{name: value for name, value in row.items() if name != "fit_seconds"} for row in read(path)]


@pytest.fixture(scope="session")
def protocol_run():
    """What runs the protocol and reads its files."""
    return SimpleNamespace(run=run, read=read, without_seconds=without_seconds, methods=FEW)


@pytest.fixture(scope="session")
def job():
    """The first split of the simulated spectra, with every method."""
    return make_jobs("simulated", replace(PLANS["simulated"], standards=(0, 5)))[0]


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Folder of the results of a whole run."""
    folder = tmp_path_factory.mktemp("finished")
    assert run(folder, "--no-figures") == 0
    return folder
