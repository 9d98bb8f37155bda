"""Curves of runs that went on from one another, joined over their hours."""

import numpy as np
import pytest

from benchmarks.pretraining.learning_curve import GROUPS, STEPS_OF_WEIGHTS, learning_curve, per_doubling

COLUMNS = [column for columns in GROUPS.values() for column in columns]


def curve(steps, hours, loss):
    return {"step": steps, "hours": hours} | {column: [loss + k for k in range(len(steps))] for column in COLUMNS}


def test_hours_add_up_and_steps_that_were_not_kept_are_left_out():
    first, second = STEPS_OF_WEIGHTS.values()
    curves = {
        "small-1": curve([0, first], [0.0, 2.0], 10.0),
        "small-2": curve([0, second, second + 100], [0.0, 3.0, 4.0], 20.0),
    }
    points = learning_curve(curves, curve([500], [0.5], 30.0))
    assert points["minerals"] == [(0.0, 10.0), (2.0, 11.0), (2.0, 20.0), (5.0, 21.0), (5.5, 30.0)]
    assert points["simulated"] == [(2.0, 20.0), (5.0, 21.0), (5.5, 30.0)]


def test_gain_of_a_doubling():
    hours = np.array([0.5, 1.0, 2.0, 4.0, 8.0])
    losses = np.where(hours < 4, 5.0, -1.0 - 0.25 * np.log2(hours))
    assert per_doubling(list(zip(hours, losses))) == pytest.approx(-0.25)
