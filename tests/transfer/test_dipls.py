"""diPLS against a plain implementation with full matrices, PLS, and its own promises."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.cross_decomposition import PLSRegression

from benchmarks.speed.plain import plain_dipls
from skspectral import diPLS
from skspectral.datasets import make_instruments
from skspectral.exceptions import AmbiguousInstrumentError, MissingReferenceError, UnknownInstrumentError
from skspectral.testing._data import two_instruments
from skspectral.transfer._dipls_path import Domains, dipls_path

ROLES = {"source": "A", "target": "B"}


@pytest.mark.parametrize("shape", [(25, 10, 80), (30, 20, 12)], ids=["wide", "tall"])
@pytest.mark.parametrize(("form", "penalty"), [("absolute", 5.0), ("absolute", 500.0), ("signed", 0.2)])
def test_equals_plain_implementation(shape, form, penalty):
    n_source, n_target, n_channels = shape
    data = make_instruments(n_samples=n_source, n_channels=n_channels, random_state=1)
    on_source = data.instrument == "A"
    source, target, y = data.X[on_source], data.X[~on_source][:n_target], data.y[on_source].ravel()
    path = dipls_path(Domains(source, [target], form), y, 5, penalty)
    for n_components in (1, 3, 5):
        expected = plain_dipls(source, y, target, n_components, penalty, form)
        scale = np.abs(expected).max()
        assert_allclose(path[n_components - 1] / scale, expected / scale, atol=1e-6)


def test_without_penalty_it_is_pls_centred_on_the_target():
    data = two_instruments(n_standards=36)
    on = data.on_target
    model = diPLS(3, penalty=0, centring="target", **ROLES).fit(data.X, data.y, **data.labels)
    pls = PLSRegression(3, scale=False).fit(data.X[~on], data.y[~on])
    shift = data.X[~on].mean(axis=0) - data.X[on].mean(axis=0)
    assert_allclose(model.predict(data.X_test), pls.predict(data.X_test + shift).ravel(), rtol=1e-8)


def test_penalty_makes_scores_vary_alike():
    """The stronger the penalty, the smaller the difference of the first score's variance between the instruments."""
    data = make_instruments(n_samples=40, random_state=2)
    on = data.instrument == "B"
    source, target, y = data.X[~on], data.X[on], data.y[~on].ravel()
    ratios = []
    for penalty in (0.0, 10.0, 1e4):
        weight = dipls_path(Domains(source, [target], "absolute"), y, 1, penalty)[0]
        variances = [(X @ weight).var() for X in (source, target)]
        ratios.append(abs(variances[0] - variances[1]) / max(variances))
    assert ratios[2] < ratios[1] < ratios[0]


def test_unlabelled_target_rows_are_enough():
    data = two_instruments(n_standards=36)
    y = np.where(data.on_target, np.nan, data.y)
    model = diPLS(4, penalty=1.0, **ROLES).fit(data.X, y, instrument=data.instrument)
    assert model.n_pairs_ == 0 and model.n_standards_ == 0
    error = np.sqrt(np.mean((model.predict(data.X_test) - data.y_test) ** 2))
    assert error < 0.5 * data.y_test.std()


def test_pairs_decide_where_the_target_is_centred():
    """Standards that are all high in y do not pull the predictions down."""
    data = two_instruments(n_standards=36)
    high = data.on_target & (data.y > np.median(data.y))
    kept = high | ~data.on_target
    labels = {name: value[kept] for name, value in data.labels.items()}
    errors = {}
    for centring in ("pairs", "target"):
        model = diPLS(3, penalty=1.0, centring=centring, **ROLES).fit(data.X[kept], data.y[kept], **labels)
        errors[centring] = np.mean((model.predict(data.X_test) - data.y_test) ** 2)
    assert errors["pairs"] < 0.2 * errors["target"]


def test_several_targets():
    data = make_instruments(n_samples=30, n_instruments=3, random_state=0)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    one = diPLS(4, penalty=50.0, **ROLES).fit(data.X, data.y, **labels)
    both = diPLS(4, penalty=50.0, other_targets=["C"], **ROLES).fit(data.X, data.y, **labels)
    assert not np.allclose(one.coef_, both.coef_, rtol=1e-3)
    on_source = data.instrument == "A"
    expected = dipls_path(
        Domains(data.X[on_source], [data.X[data.instrument == name] for name in "BC"], "absolute"),
        data.y[on_source].ravel(),
        4,
        50.0,
    )
    assert_allclose(both.coef_[0], expected[3], rtol=1e-6, atol=1e-9 * np.abs(expected[3]).max())
    with pytest.raises(UnknownInstrumentError, match="'Z'"):
        diPLS(other_targets=["Z"], **ROLES).fit(data.X, data.y, **labels)
    with pytest.raises(AmbiguousInstrumentError, match="source or the target"):
        diPLS(other_targets=["A"], **ROLES).fit(data.X, data.y, **labels)
    with pytest.raises(AmbiguousInstrumentError, match="named"):
        diPLS(other_targets=["C"]).fit(data.X, data.y, **labels)


@pytest.mark.parametrize(
    "bad", [{"penalty": -1.0}, {"penalty": "auto"}, {"n_components": 0}, {"form": "square"}, {"centring": "source"}]
)
def test_bad_parameters_are_named(bad):
    data = two_instruments()
    with pytest.raises(ValueError, match=next(iter(bad))):
        diPLS(**bad, **ROLES).fit(data.X, data.y, **data.labels)


def test_needs_references_on_the_source():
    data = two_instruments()
    y = np.where(data.on_target, data.y, np.nan)
    with pytest.raises(MissingReferenceError, match="source references"):
        diPLS(**ROLES).fit(data.X, y, instrument=data.instrument)
