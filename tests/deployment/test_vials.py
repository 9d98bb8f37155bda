"""An exchange of two vials is named by a deployed model, whatever its method, and once."""

import warnings

import numpy as np
import pytest

from skspectral import AutoTransfer, DifferenceRidge, MeanShift, TransferredModel
from skspectral._core.roles import TransferRows
from skspectral.datasets import make_instruments
from skspectral.diagnostics.suspects import EXCHANGED, likeliest_exchange
from skspectral.exceptions import SuspectStandardsWarning

N, STANDARDS = 30, [*range(30, 40)]
EXCHANGED_ROWS = [30, 35, 32, 33, 34, 31, 36, 37, 38, 39]


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=N, n_channels=60, n_targets=2, random_state=0)


def training(data, standards, n=10):
    rows = np.r_[:N, STANDARDS[:n]]
    X = np.vstack([data.X[:N], data.X[standards[:n]]])
    return X, data.y[rows], {"instrument": data.instrument[rows], "sample_id": data.sample_id[rows]}


def deployed(data, standards, method, **options):
    X, y, labels = training(data, standards)
    return TransferredModel.fit(
        X=X,
        y=y,
        **labels,
        wavelengths=data.wavelengths,
        source="A",
        target="B",
        method=method,
        validate=False,
        **options,
    )


@pytest.mark.parametrize("method", [MeanShift(), DifferenceRidge(), AutoTransfer()], ids=lambda m: type(m).__name__)
def test_every_method_names_them_once_and_the_model_remembers(data, method):
    with pytest.warns(SuspectStandardsWarning, match="'S01' and 'S05' look exchanged") as caught:
        model = deployed(data, EXCHANGED_ROWS, method)
    said = [one for one in caught if one.category is SuspectStandardsWarning]
    assert len(said) == 1
    assert any("'S01' and 'S05'" in note for note in model.predict(data.X[-3:]).notes)
    assert "Are these the right standards?" in str(model)


def test_good_standards_are_not_suspected():
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuspectStandardsWarning)
        for seed in range(4):
            data = make_instruments(n_samples=N, n_channels=60, n_targets=2, scatter=0.02, random_state=seed)
            assert not any(
                "right standards" in note for note in deployed(data, STANDARDS, MeanShift()).records["B"].notes
            )


def odds(X, y, labels):
    return likeliest_exchange(TransferRows.sort_out(X, y, **labels, source="A", target="B"))


def test_the_two_are_those_whose_exchange_was_undone(data):
    """Names and odds do not depend on the order of rows, and undoing the exchange leaves nothing to suspect."""
    X, y, labels = training(data, EXCHANGED_ROWS)
    found, one, other = odds(X, y, labels)
    assert {one, other} == {"S01", "S05"} and found > EXCHANGED
    order = np.random.default_rng(0).permutation(len(X))
    again, *names = odds(X[order], y[order], {name: values[order] for name, values in labels.items()})
    assert set(names) == {"S01", "S05"}
    np.testing.assert_allclose(again, found, rtol=1e-6)
    assert odds(*training(data, STANDARDS))[0] < 0


def test_what_cannot_be_judged_is_not(data):
    """Few pairs, no or constant references, and spectra without names."""
    X, y, labels = training(data, EXCHANGED_ROWS, n=4)
    assert odds(X, y, labels) == (-np.inf, None, None)
    X, y, labels = training(data, EXCHANGED_ROWS)
    assert odds(X, y, labels | {"sample_id": None})[0] == -np.inf
    assert odds(X, np.full(y.shape, np.nan), labels)[0] == -np.inf
    assert odds(X, np.ones(y.shape), labels)[0] == -np.inf
    # one property without references, the other with some: it is judged by these
    partly = y.copy()
    partly[:, 0], partly[labels["sample_id"] == "S02", 1] = np.nan, np.nan
    assert {*odds(X, partly, labels)[1:]} == {"S01", "S05"}
