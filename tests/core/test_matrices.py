"""Every function that takes spectra: masks are not lost, texts are named, columns have names of their own."""

import fractions

import numpy as np
import pandas as pd
import pytest

from skspectral import MeanShift, TransferredModel, TransferSplit, select_standards, stack_instruments
from skspectral.comparison import compare_methods
from skspectral.datasets import make_instruments
from skspectral.diagnostics import SpectralLimits, TargetLimits, transfer_difference

ROLES = {"source": "A", "target": "B"}
DATA = make_instruments(n_samples=14, n_channels=20, random_state=0)
LABELS = {"instrument": DATA.instrument, "sample_id": DATA.sample_id}


def deployed(X=DATA.X, y=DATA.y[:, 0], **labels):
    return TransferredModel.fit(X=X, y=y, method=MeanShift(), validate=False, **LABELS | labels, **ROLES)


def compared(X, **labels):
    cv = TransferSplit(5, n_repeats=1, **ROLES, random_state=0)
    methods = {"MeanShift": MeanShift(**ROLES)}
    return compare_methods(X, DATA.y, methods=methods, cv=cv, progress=False, **LABELS | labels).results()


TAKERS = {
    "TransferredModel.fit": deployed,
    "TransferredModel.predict": lambda X: deployed().predict(X),
    "compare_methods": compared,
    "select_standards": lambda X: select_standards(X, 3),
    "stack_instruments": lambda X: stack_instruments({"A": X, "B": X}, wavelengths=dict.fromkeys("AB", range(20))),
    "transfer_difference": lambda X: transfer_difference(X, X, X),
    "SpectralLimits": lambda X: SpectralLimits().fit(X),
    "TargetLimits": lambda X: TargetLimits(**ROLES).fit(X, **LABELS),
    "estimator": lambda X: MeanShift(**ROLES).fit(X, DATA.y, **LABELS),
}


@pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS)
def test_what_is_lost_or_no_number_is_named(take):
    masked = np.ma.array(DATA.X, mask=DATA.X[3, 4] == DATA.X)
    with pytest.raises(ValueError, match="masked array with masked values"):
        take(masked)
    text = DATA.X.astype(object)
    text[3, 4] = "<0.5"
    with pytest.raises(ValueError, match=r"holds '<0.5' in row \d+, column 4"):
        take(text)


@pytest.mark.parametrize("name", ["compare_methods", "select_standards", "TargetLimits", "estimator"])
def test_two_columns_of_one_name_are_refused(name):
    frame = pd.DataFrame(DATA.X, columns=["same", "same", *"abcdefghijklmnopqr"])
    with pytest.raises(ValueError, match="two columns named 'same'"):
        TAKERS[name](frame)
    with pytest.raises(ValueError, match="two columns named None"):
        TAKERS[name](frame.set_axis([None] * 20, axis=1))


def test_masked_references_are_missing():
    y = DATA.y[:, 0].copy()
    y[:5] = np.nan
    wrong = np.ma.array(np.where(np.isnan(y), 1e3, y), mask=np.isnan(y))
    new = DATA.X[-3:]
    np.testing.assert_array_equal(deployed(y=wrong).predict(new).value, deployed(y=y).predict(new).value)


def test_exact_fractions_and_pairs_as_ids():
    X = np.vectorize(lambda value: fractions.Fraction(float(value)), otypes=[object])(DATA.X)
    ids = [(str(label), 1) for label in DATA.sample_id]
    assert compared(X)[0]["rmsep"] == pytest.approx(compared(DATA.X)[0]["rmsep"])
    assert np.isfinite(compared(DATA.X, sample_id=ids)[0]["rmsep"])
    assert MeanShift(**ROLES).fit(DATA.X, DATA.y, instrument=DATA.instrument, sample_id=ids).n_pairs_ == 14
