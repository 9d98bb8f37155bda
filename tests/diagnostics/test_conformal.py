"""Intervals as wide as the errors of left-out standards ask for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cross_decomposition import PLSRegression

from skspectral import MeanShift, TransferredModel
from skspectral.datasets import make_instruments
from skspectral.diagnostics import TransferIntervals

ROLES = {"source": "A", "target": "B"}
#: Each property is one draw of errors.
N_DRAWS = 12


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=60, n_channels=30, n_targets=1, random_state=3)


def rows(data, n_standards):
    number = np.array([int(label[1:]) for label in data.sample_id])
    kept = ((data.instrument == "A") & (number < 30)) | ((data.instrument == "B") & (number < n_standards))
    return kept, {"instrument": data.instrument[kept], "sample_id": data.sample_id[kept]}


def intervals_of(data, n_standards, residuals, std=None, **options):
    kept, labels = rows(data, n_standards)
    y = np.repeat(data.y[kept], residuals.shape[1], axis=1)
    standards = labels["sample_id"][labels["instrument"] == "B"]
    fitted = TransferIntervals(conformal=True, **ROLES, **options)
    return fitted.fit(data.X[kept], y, **labels, residuals=residuals, left_out=standards, left_out_std=std)


@pytest.fixture(scope="module")
def drawn(data):
    """Heavy-tailed errors of a method that takes them for a third of what they are."""
    rng = np.random.default_rng(0)
    new = data.X[data.instrument == "B"][30:]
    errors = 0.3 * rng.standard_t(3, size=(10 + len(new), N_DRAWS))
    std = np.full(errors.shape, 0.1)
    return intervals_of(data, 10, errors[:10], std[:10]), new, errors[10:], std[10:]


def test_they_hold_though_the_method_does_not_know_its_errors(drawn):
    intervals, new, errors, std = drawn
    spread = intervals.std(new, np.zeros(errors.shape) + intervals.y_mean_, std)
    covered = np.abs(errors) <= intervals.quantile(0.9) * spread
    intervals.scores_, kept = None, intervals.scores_
    by_student = np.abs(errors) <= intervals.quantile(0.9) * spread
    intervals.scores_ = kept
    assert 0.8 < covered.mean() <= 1.0
    assert by_student.mean() < covered.mean() - 0.15


def test_a_standard_does_not_judge_itself(data):
    """An absurd error of one standard widens what the others have, and leaves its own deviation what it was."""
    residuals = np.full((10, 1), 0.1)
    plain = intervals_of(data, 10, residuals).scores_[:, 0]
    residuals[4] = 100.0
    absurd = intervals_of(data, 10, residuals).scores_[:, 0]
    others = np.arange(10) != 4
    assert (absurd[others] < 0.1 * plain[others]).all()
    # the deviation grows with the predicted value as well, but not with the squared error
    assert absurd[4] > 10 * plain[4]


@pytest.mark.parametrize(("n", "level", "place"), [(9, 0.9, 9), (19, 0.9, 18), (10, 0.9, 10), (10, 0.5, 6)])
def test_the_width_is_an_order_statistic(drawn, n, level, place):
    intervals = TransferIntervals(**ROLES)
    intervals.__dict__ = drawn[0].__dict__ | {
        "scores_": np.random.default_rng(n).permutation(np.arange(1.0, n + 1))[:, None]
    }
    assert intervals.quantile(level)[0] == place


def test_too_few_standards_leave_students_width(data):
    residuals = np.full((8, 2), 0.1)
    residuals[0, 1] = np.nan
    intervals = intervals_of(data, 8, residuals)
    plain = TransferIntervals(**ROLES)
    plain.__dict__ = {**vars(intervals), "scores_": None}
    assert_array_equal(intervals.quantile(0.9), plain.quantile(0.9))
    assert (intervals.quantile(0.5) != plain.quantile(0.5)).all()
    assert np.isnan(intervals.scores_[0, 1]) and np.isfinite(intervals.scores_[1:]).all()


def test_somebody_must_say_which_standards_were_left_out(data):
    kept, labels = rows(data, 5)
    with pytest.raises(ValueError, match="left-out standards"):
        TransferIntervals(conformal=True, **ROLES).fit(data.X[kept], data.y[kept], **labels)


def test_a_deployed_model_keeps_them(data, tmp_path):
    kept, labels = rows(data, 10)
    given = {"X": data.X[kept], "y": data.y[kept], **labels, "wavelengths": data.wavelengths}
    given["method"] = MeanShift(PLSRegression(4))
    model = TransferredModel.fit(**given, **ROLES, conformal=True)
    plain = TransferredModel.fit(**given, **ROLES)
    assert "conformal up to 91 %, by 10 left-out standards" in str(model) and "conformal" not in str(plain)
    new = data.X[data.instrument == "B"][30:]
    found, other = model.predict(new), plain.predict(new)
    assert_array_equal(found.value, other.value)
    ratio = (found.upper - found.lower) / (other.upper - other.lower)
    intervals = model.records["B"].intervals
    expected = intervals.quantile(0.9) / plain.records["B"].intervals.quantile(0.9)
    assert_allclose(ratio, np.broadcast_to(expected, ratio.shape))
    model.save(tmp_path / "model")
    assert_array_equal(TransferredModel.load(tmp_path / "model").predict(new).upper, found.upper)
    with pytest.raises(ValueError, match="validate=False"):
        TransferredModel.fit(**given, **ROLES, conformal=True, validate=False)
