"""PerInstrument routes rows to the model of their instrument."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skspectral import MeanShift, PerInstrument, SourceOnly
from skspectral.datasets import make_instruments
from skspectral.exceptions import UnknownInstrumentError


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=30, n_instruments=3, n_targets=2, random_state=0)


def models():
    return {name: MeanShift(source="A", target=name) for name in "BC"} | {"A": SourceOnly(source="A", target="B")}


def test_rows_go_to_their_model_in_order(data):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    serving = PerInstrument(models()).fit(data.X, data.y, **labels)
    order = np.random.RandomState(0).permutation(len(data.X))
    predicted = serving.predict(data.X[order], instrument=data.instrument[order])
    for name, model in models().items():
        own = clone(model).fit(data.X, data.y, **labels)
        mask = data.instrument[order] == name
        assert_allclose(predicted[mask], own.predict(data.X[order][mask]))
    frame = pd.DataFrame(data.X[order], index=order)
    assert_allclose(serving.predict(frame, instrument=pd.Series(data.instrument[order], index=order)), predicted)
    assert_allclose(serving.predict(data.X[:4], instrument="B"), serving.predict(data.X[:4], instrument=["B"] * 4))


def test_fitted_models_are_used_as_they_are(data):
    fitted = MeanShift(source="A", target="B").fit(data.X, data.y, instrument=data.instrument, sample_id=data.sample_id)
    serving = PerInstrument({"B": fitted})
    assert_allclose(serving.predict(data.X[:3], instrument="B"), fitted.predict(data.X[:3]))


def test_errors_name_the_instrument(data):
    with pytest.raises(NotFittedError, match="'B'"):
        PerInstrument({"B": MeanShift()}).predict(data.X[:1], instrument="B")
    with pytest.raises(UnknownInstrumentError, match=r"'Z'.*'B'"):
        PerInstrument({"B": MeanShift()}).predict(data.X[:1], instrument="Z")
    with pytest.raises(ValueError, match="dictionary"):
        PerInstrument({}).predict(data.X[:1], instrument="B")
    with pytest.raises(ValueError, match="one per row"):
        PerInstrument({"B": MeanShift()}).predict(data.X[:2], instrument=["B"])
