import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score, root_mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_validate

from skspectral import metrics
from skspectral.metrics import (
    bias,
    bias_test,
    get_scorer,
    r2,
    rmsep,
    rpd,
    rpiq,
    scorers,
    sep,
    sep_test,
    slope_test,
)

FIGURES = [rmsep, bias, sep, r2, rpd, rpiq]
each_figure = pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.__name__)
numbers = st.floats(-1e3, 1e3)


@pytest.fixture
def y():
    rng = np.random.default_rng(3)
    y_true = rng.normal(10, 2, size=(30, 2))
    return y_true, 0.9 * y_true + rng.normal(0.5, 0.4, size=(30, 2))


def test_hand_worked_case():
    y_true, y_pred = [1.0, 2.0, 3.0, 6.0], [2.0, 2.0, 5.0, 7.0]
    # Errors 1, 0, 2, 1: mean 1, sum of squares 6, around the mean 2.
    assert rmsep(y_true, y_pred) == pytest.approx(np.sqrt(6 / 4))
    assert bias(y_true, y_pred) == pytest.approx(1.0)
    assert sep(y_true, y_pred) == pytest.approx(np.sqrt(2 / 3))
    # References around their mean 3: 4 + 1 + 0 + 9 = 14.
    assert r2(y_true, y_pred) == pytest.approx(1 - 6 / 14)
    assert rpd(y_true, y_pred) == pytest.approx(np.sqrt(14 / 3) / np.sqrt(2 / 3))
    # Quartiles by linear interpolation: 1.75 and 3.75.
    assert rpiq(y_true, y_pred) == pytest.approx(2.0 / np.sqrt(1.5))


def test_agrees_with_scikit_learn(y):
    for multioutput in ("uniform_average", "raw_values"):
        np.testing.assert_allclose(
            rmsep(*y, multioutput=multioutput), root_mean_squared_error(*y, multioutput=multioutput)
        )
        np.testing.assert_allclose(r2(*y, multioutput=multioutput), r2_score(*y, multioutput=multioutput))


@given(st.integers(2, 20).flatmap(lambda n: st.tuples(*[arrays(np.float64, n, elements=numbers)] * 2)))
def test_rmsep_is_made_of_bias_and_sep(y):
    n = len(y[0])
    np.testing.assert_allclose(rmsep(*y) ** 2, bias(*y) ** 2 + sep(*y) ** 2 * (n - 1) / n, rtol=1e-9, atol=1e-9)


@given(st.tuples(*[arrays(np.float64, 8, elements=numbers)] * 2), numbers)
def test_an_offset_moves_the_bias_and_not_the_sep(y, offset):
    y_true, y_pred = y
    assert bias(y_true, y_pred + offset) == pytest.approx(bias(y_true, y_pred) + offset, abs=1e-9)
    assert sep(y_true, y_pred + offset) == pytest.approx(sep(y_true, y_pred), abs=1e-9)


@each_figure
def test_missing_references_are_left_out_by_column(figure, y):
    y_true, y_pred = y
    expected = [figure(y_true[5:, 0], y_pred[5:, 0]), figure(y_true[:-3, 1], y_pred[:-3, 1])]
    y_true[:5, 0] = np.nan
    y_true[-3:, 1] = np.nan
    np.testing.assert_allclose(figure(y_true, y_pred, multioutput="raw_values"), expected)
    assert figure(y_true, y_pred) == pytest.approx(np.mean(expected))


@each_figure
def test_shapes_and_types(figure, y):
    y_true, y_pred = y[0][:, 0], y[1][:, 0]
    value = figure(y_true, y_pred)
    assert type(value) is float
    assert figure(y_true[:, None], y_pred) == value
    assert figure(list(y_true), pd.Series(y_pred, index=range(100, 130))) == value
    nullable = pd.Series(np.r_[y_true, 0.0]).convert_dtypes()
    nullable.iloc[-1] = pd.NA
    assert figure(nullable, np.r_[y_pred, 1.0]) == pytest.approx(value, rel=1e-14)
    raw = figure(y_true, y_pred, multioutput="raw_values")
    assert raw.shape == (1,)
    assert raw.dtype == np.float64


@each_figure
def test_bad_input_is_named(figure, y):
    y_true, y_pred = y
    with pytest.raises(ValueError, match="property 1 has 0 reference values in 30 rows"):
        figure(np.where([True, False], y_true, np.nan), y_pred)
    with pytest.raises(ValueError, match="y_pred contains NaN"):
        figure(y_true, np.where([True, False], y_pred, np.nan))
    with pytest.raises(ValueError, match="y_true contains infinity"):
        figure(np.where([True, False], y_true, np.inf), y_pred)
    with pytest.raises(ValueError, match=r"\(30, 2\).*\(29, 2\)"):
        figure(y_true, y_pred[:29])
    with pytest.raises(ValueError, match=r"\(30, 2\).*\(30, 1\)"):
        figure(y_true, y_pred[:, 0])
    with pytest.raises(ValueError, match="multioutput must be"):
        figure(y_true, y_pred, multioutput="mean")
    with pytest.raises(ValueError, match="dim"):
        figure(y_true[None], y_pred[None])


@pytest.mark.parametrize("figure", [sep, r2, rpd, rpiq], ids=lambda f: f.__name__)
def test_spread_needs_two_references(figure):
    with pytest.raises(ValueError, match="1 reference values in 2 rows; at least 2"):
        figure([1.0, np.nan], [1.0, 2.0])


def test_perfect_predictions(y):
    y_true = y[0]
    assert rmsep(y_true, y_true) == sep(y_true, y_true) == bias(y_true, y_true) == 0
    assert r2(y_true, y_true) == 1
    assert rpd(y_true, y_true) == rpiq(y_true, y_true) == np.inf


def test_inputs_stay_as_they_are(y):
    before = [a.copy() for a in y]
    for figure in [*FIGURES, bias_test, slope_test]:
        figure(*y)
    np.testing.assert_array_equal(y, before)


def test_bias_test_is_the_t_test_of_the_errors(y):
    y_true, y_pred = y[0][:, 0], y[1][:, 0]
    test = bias_test(y_true, y_pred)
    reference = stats.ttest_1samp(y_pred - y_true, 0)
    assert test.estimate == bias(y_true, y_pred)
    assert test.statistic == pytest.approx(abs(reference.statistic))
    assert test.p_value == pytest.approx(reference.pvalue)
    # ISO 12099 states it as a limit of the bias itself.
    iso_limit = stats.t.ppf(0.975, 29) * sep(y_true, y_pred) / np.sqrt(30)
    assert test.limit * abs(test.estimate) / test.statistic == pytest.approx(iso_limit)
    assert test.significant == (abs(test.estimate) > iso_limit)


def test_slope_test_follows_iso_12099(y):
    y_true, y_pred = y[0][:, 0], y[1][:, 0]
    n = y_true.size
    slope = np.cov(y_pred, y_true)[0, 1] / np.var(y_pred, ddof=1)
    residual_variance = (n - 1) / (n - 2) * (np.var(y_true, ddof=1) - slope**2 * np.var(y_pred, ddof=1))
    statistic = abs(slope - 1) * np.sqrt(np.var(y_pred, ddof=1) * (n - 1) / residual_variance)
    test = slope_test(y_true, y_pred)
    assert test.estimate == pytest.approx(slope)
    assert test.statistic == pytest.approx(statistic)
    assert test.limit == pytest.approx(stats.t.ppf(0.975, n - 2))
    assert test.p_value == pytest.approx(2 * stats.t.sf(statistic, n - 2))


def test_sep_test_is_a_ratio_of_variances(y):
    y_true, y_pred = y[0][:, 0], y[1][:, 0]
    test = sep_test(y_true, y_pred, reference_sep=0.3, reference_df=50)
    assert test.statistic == pytest.approx((sep(y_true, y_pred) / 0.3) ** 2)
    assert test.limit == pytest.approx(stats.f.ppf(0.95, 29, 50))
    assert test.p_value == pytest.approx(stats.f.sf(test.statistic, 29, 50))
    assert not sep_test(y_true, y_pred, reference_sep=10.0, reference_df=50).significant


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.02, 0.3])
def test_false_alarms_are_as_frequent_as_alpha(alpha):
    rng = np.random.default_rng(0)
    y_pred = rng.normal(size=(12, 2000))
    y_true = y_pred + rng.normal(0, 0.5, size=y_pred.shape)
    for test in (
        bias_test(y_true, y_pred, alpha=alpha),
        slope_test(y_true, y_pred, alpha=alpha),
        sep_test(y_true, y_pred, alpha=alpha, reference_sep=0.5, reference_df=10**6),
    ):
        assert test.significant.mean() == pytest.approx(alpha, abs=4 * np.sqrt(alpha / 2000))
        np.testing.assert_array_equal(test.significant, test.p_value < alpha)


@pytest.mark.parametrize("test", [bias_test, slope_test])
def test_tests_of_two_properties(test, y):
    y_true, y_pred = y
    y_true[2, 1] = np.nan
    both = dataclasses.asdict(test(y_true, y_pred))
    for column in (0, 1):
        for name, value in dataclasses.asdict(test(y_true[:, column], y_pred[:, column])).items():
            assert both[name].shape == (2,)
            assert both[name][column] == value
            assert isinstance(value, bool if name == "significant" else float)


@pytest.mark.parametrize("test", [bias_test, slope_test])
def test_without_scatter(test):
    y = np.random.default_rng(0).normal(size=20)
    perfect = test(y, y)
    assert (perfect.statistic, perfect.p_value, perfect.significant) == (0.0, 1.0, False)
    wrong = test(y, 2 * np.ones(20) + y if test is bias_test else 2 * y)
    assert wrong.significant
    assert wrong.p_value < 1e-12


def test_tests_refuse_what_they_cannot_judge():
    with pytest.raises(ValueError, match="at least 2"):
        bias_test([1.0], [2.0])
    with pytest.raises(ValueError, match="at least 3"):
        slope_test([1.0, 2.0], [2.0, 3.0])
    with pytest.raises(ValueError, match="predictions that differ"):
        slope_test([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
    for alpha in (0, 1, np.nan):
        with pytest.raises(ValueError, match="alpha"):
            bias_test([1.0, 2.0, 3.0], [2.0, 3.0, 5.0], alpha=alpha)
    for bad in ({"reference_sep": 0.0, "reference_df": 3}, {"reference_sep": 1.0, "reference_df": 0}):
        with pytest.raises(ValueError, match="reference_"):
            sep_test([1.0, 2.0, 3.0], [2.0, 3.0, 5.0], **bad)


@pytest.mark.parametrize("name", sorted(scorers))
def test_scorers_put_the_better_model_first_and_ignore_missing_references(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = X @ rng.normal(size=(3, 2)) + 5
    good, bad = Ridge(0.1).fit(X, y), DummyRegressor(strategy="constant", constant=[4.0, 7.0]).fit(X, y)
    y[::3, 0] = np.nan
    scorer = get_scorer(name)
    assert scorer(good, X, y) > scorer(bad, X, y)
    expected = getattr(metrics, name.removeprefix("neg_"))(y, good.predict(X)) * (-1 if name.startswith("neg") else 1)
    assert scorer(good, X, y) == pytest.approx(expected)
    assert getattr(metrics, f"{name}_scorer") is scorer


def test_scorers_in_a_search():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5))
    y = X @ rng.normal(size=5) + rng.normal(0, 0.1, size=60)
    search = GridSearchCV(Ridge(), {"alpha": [1e-3, 1e4]}, scoring=scorers, refit="neg_rmsep", cv=3).fit(X, y)
    assert search.best_params_ == {"alpha": 1e-3}
    single = cross_validate(search.best_estimator_, X, y, scoring=get_scorer("neg_rmsep"), cv=3)
    assert single["test_score"].mean() == pytest.approx(search.best_score_)


def test_opposite_biases_do_not_cancel_in_the_scorer():
    y = np.zeros((3, 2))
    model = DummyRegressor(strategy="constant", constant=[1.0, -1.0]).fit(y, y)
    assert bias(y, model.predict(y)) == 0
    assert get_scorer("neg_abs_bias")(model, y, y) == -1.0


def test_unknown_scorer():
    with pytest.raises(ValueError, match=r"'neg_rmsep'.*got 'rmsep'"):
        get_scorer("rmsep")
