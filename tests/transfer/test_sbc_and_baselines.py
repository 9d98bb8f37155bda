"""SBC, SourceOnly, TargetOnly and Pooled against other libraries and by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.cross_decomposition import PLSRegression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge

from skspectral import DS, SBC, LinearCalibration, MeanShift, PLSRegressionCV, Pooled, SourceOnly, TargetOnly
from skspectral.exceptions import (
    AmbiguousInstrumentError,
    MissingReferenceError,
    NoSourceError,
    NoStandardsError,
    TooFewStandardsError,
)
from skspectral.testing._data import two_instruments

ROLES = {"source": "A", "target": "B"}


@pytest.fixture
def data():
    return two_instruments(noise=5e-3)


def frozen(data):
    return FrozenEstimator(PLSRegression(3).fit(data.X[~data.on_target], data.y[~data.on_target]))


def test_slope_and_bias_equal_linear_regression(data):
    model = SBC(PLSRegression(3), correction="slope_bias", **ROLES).fit(data.X, data.y, **data.labels)
    predicted = model.estimator_.predict(data.X[data.on_target])
    expected = stats.linregress(predicted, data.y[data.on_target])
    assert_allclose([model.slope_[0], model.bias_[0]], [expected.slope, expected.intercept], rtol=1e-9)
    corrected = expected.slope * model.estimator_.predict(data.X_test) + expected.intercept
    assert_allclose(model.predict(data.X_test), corrected, rtol=1e-9)


def test_bias_only(data):
    model = SBC(PLSRegression(3), correction="bias", **ROLES).fit(data.X, data.y, **data.labels)
    gap = data.y[data.on_target] - model.estimator_.predict(data.X[data.on_target])
    assert model.slope_[0] == 1.0
    assert_allclose(model.bias_, gap.mean(), rtol=1e-9)


def test_paired_predictions_do_not_use_references(data):
    y = np.where(data.on_target, np.nan, data.y)
    model = SBC(PLSRegression(3), on="predictions", correction="slope_bias", **ROLES).fit(data.X, y, **data.labels)
    names = data.sample_id.tolist()
    twins = data.X[[names.index(name) for name in data.sample_id[data.on_target]]]
    wanted = model.estimator_.predict(twins)
    expected = stats.linregress(model.estimator_.predict(data.X[data.on_target]), wanted)
    assert_allclose([model.slope_[0], model.bias_[0]], [expected.slope, expected.intercept], rtol=1e-9)


def apply_line(slope, bias, scatter, correction="tested", n=12):
    """Fit SBC around a known calibration whose predictions are the single channel."""
    rng = np.random.RandomState(4)
    x = np.linspace(1, 5, n)
    y = slope * x + bias + scatter * rng.standard_normal(n)
    X = np.column_stack([x, -x])
    model = SBC(LinearCalibration([1.0, 0.0]), correction=correction, target="B")
    return model.fit(X, y, instrument=["B"] * n), x, y


@pytest.mark.parametrize(
    ("slope", "bias", "expected"), [(1.0, 0.0, "nothing"), (1.0, 0.8, "bias"), (1.6, -0.2, "slope")]
)
def test_tested_correction_keeps_what_is_significant(slope, bias, expected):
    model, x, y = apply_line(slope, bias, scatter=0.2)
    line = stats.linregress(x, y)
    slope_significant = abs(line.slope - 1) / line.stderr > stats.t.ppf(0.975, len(x) - 2)
    bias_significant = stats.ttest_1samp(y - x, 0.0).pvalue < 0.05
    assert (expected == "slope") == slope_significant
    if expected == "slope":
        assert_allclose([model.slope_[0], model.bias_[0]], [line.slope, line.intercept], rtol=1e-9)
    elif expected == "bias":
        assert bias_significant
        assert_allclose([model.slope_[0], model.bias_[0]], [1.0, (y - x).mean()], rtol=1e-9)
    else:
        assert not bias_significant
        assert (model.slope_[0], model.bias_[0]) == (1.0, 0.0)


def test_held_out_error_of_the_line_equals_refitting():
    model, x, y = apply_line(1.6, -0.2, 0.3, correction="slope_bias")
    errors = []
    for i in range(len(x)):
        line = stats.linregress(np.delete(x, i), np.delete(y, i))
        errors.append(line.slope * x[i] + line.intercept - y[i])
    assert_allclose(model.transfer_rmse_, np.sqrt(np.mean(np.square(errors))), rtol=1e-9)


def test_existing_calibration_needs_no_source_rows(data):
    on = data.on_target
    model = SBC(frozen(data), **ROLES).fit(data.X[on], data.y[on], instrument=data.instrument[on])
    full = SBC(PLSRegression(3), **ROLES).fit(data.X, data.y, **data.labels)
    assert_allclose(model.predict(data.X_test), full.predict(data.X_test), rtol=1e-9)
    with pytest.raises(NoSourceError, match="source="):
        SBC(PLSRegression(3), **ROLES).fit(data.X[on], data.y[on], instrument=data.instrument[on])


def test_chains_pass_roles_and_labels_on(data):
    chained = SBC(DS(PLSRegression(3), alpha=1e-3), correction="bias", **ROLES).fit(data.X, data.y, **data.labels)
    inner = DS(PLSRegression(3), alpha=1e-3, **ROLES).fit(data.X, data.y, **data.labels)
    assert chained.estimator_.source_ == "A" and chained.estimator_.target == "B"
    bias = (data.y[data.on_target] - inner.predict(data.X[data.on_target])).mean()
    assert_allclose(chained.predict(data.X_test), inner.predict(data.X_test) + bias, rtol=1e-9)
    assert chained.estimator.source is None, "the user's estimator must stay as it is"
    with pytest.raises(AmbiguousInstrumentError, match="'B' outside but 'C'"):
        SBC(DS(PLSRegression(3), target="C"), **ROLES).fit(data.X, data.y, **data.labels)


def test_mapper_around_a_transfer_method(data):
    model = MeanShift(SBC(PLSRegression(3), correction="slope_bias"), **ROLES).fit(data.X, data.y, **data.labels)
    shifted = MeanShift(PLSRegression(3), **ROLES).fit(data.X, data.y, **data.labels)
    line = stats.linregress(shifted.predict(data.X[data.on_target]), data.y[data.on_target])
    assert_allclose(model.predict(data.X_test), line.slope * shifted.predict(data.X_test) + line.intercept, rtol=1e-8)


@pytest.mark.parametrize("baseline", [SourceOnly, TargetOnly, Pooled])
def test_baselines_refuse_transfer_methods(baseline, data):
    with pytest.raises(TypeError, match="ordinary regressor"):
        baseline(DS(), **ROLES).fit(data.X, data.y, **data.labels)


def test_source_only_and_target_only(data):
    on = data.on_target
    source = SourceOnly(Ridge(0.1), **ROLES).fit(data.X, data.y, **data.labels)
    assert_allclose(source.predict(data.X_test), Ridge(0.1).fit(data.X[~on], data.y[~on]).predict(data.X_test))
    target = TargetOnly(Ridge(0.1), **ROLES).fit(data.X, data.y, **data.labels)
    assert_allclose(target.predict(data.X_test), Ridge(0.1).fit(data.X[on], data.y[on]).predict(data.X_test))
    few = two_instruments(n_standards=2)
    with pytest.raises(TooFewStandardsError, match="at least 3"):
        TargetOnly(**ROLES).fit(few.X, few.y, **few.labels)
    no_target = {name: value[~on] for name, value in data.labels.items()}
    alone = SourceOnly(Ridge(0.1), **ROLES).fit(data.X[~on], data.y[~on], **no_target)
    assert_allclose(alone.predict(data.X_test), source.predict(data.X_test))


def test_pooled_centres_each_instrument_on_the_pairs(data):
    on, names = data.on_target, data.sample_id.tolist()
    model = Pooled(Ridge(0.01), **ROLES).fit(data.X, data.y, **data.labels)
    twins = [names.index(name) for name in data.sample_id[on]]
    X = data.X - np.where(on[:, None], data.X[on].mean(axis=0), data.X[twins].mean(axis=0))
    expected = Ridge(0.01).fit(X, data.y).predict(data.X_test - data.X[on].mean(axis=0))
    assert_allclose(model.predict(data.X_test), expected, rtol=1e-8)
    plain = Pooled(Ridge(0.01), centre=False, **ROLES).fit(data.X, data.y, **data.labels)
    assert_allclose(plain.predict(data.X_test), Ridge(0.01).fit(data.X, data.y).predict(data.X_test), rtol=1e-8)
    with pytest.raises(NoStandardsError, match="centre=False"):
        Pooled(**ROLES).fit(data.X, data.y, instrument=data.instrument)


def test_a_property_without_standards_is_named():
    data = two_instruments(n_targets=2)
    y = data.y.copy()
    y[np.isin(data.sample_id, data.sample_id[data.on_target]), 1] = np.nan
    with pytest.raises(TooFewStandardsError, match="one of the properties"):
        SBC(PLSRegression(3), **ROLES).fit(data.X, y, **data.labels)
    with pytest.raises(MissingReferenceError, match="property 1"):
        TargetOnly(LinearRegression(), **ROLES).fit(data.X, y, **data.labels)


@pytest.mark.parametrize("bad", [{"on": "spectra"}, {"correction": "slope"}, {"alpha": 0.0}])
def test_bad_parameters_are_named(bad, data):
    with pytest.raises(ValueError, match=next(iter(bad))):
        SBC(**bad, **ROLES).fit(data.X, data.y, **data.labels)


def test_default_calibration_is_pls_with_cross_validated_components(data):
    model = SourceOnly(**ROLES).fit(data.X, data.y, **data.labels)
    on = data.on_target
    expected = PLSRegressionCV().fit(data.X[~on], data.y[~on])
    assert model.estimator_.n_components_ == expected.n_components_
    assert_allclose(model.predict(data.X_test), expected.predict(data.X_test), rtol=1e-8)
