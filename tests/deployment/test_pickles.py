"""What pickles of fitted estimators hold: what predict needs, and the versions."""

import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
import sklearn
import torch
from numpy.testing import assert_allclose

from skspectral import PDS, SNV
from skspectral._core import versions as _versions
from skspectral.exceptions import VersionMismatchWarning
from skspectral.testing import all_estimators
from tests.fitted import fit, outcome

ESTIMATORS = all_estimators()
NAMES = [name for name, _ in ESTIMATORS]

# rows whose number is nothing else's: source, target, all, unpaired
FEW, MANY, STANDARDS = 71, 283, 13
ROWS = {MANY, MANY + STANDARDS, MANY - STANDARDS}

NEEDS_ROWS = {
    "MultiInstrumentGP": "a Gaussian process predicts from the rows it has seen",
    "SpectralDrift": "its permutation tests compare new spectra with those of the reference period",
}

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def stored(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    return buffer.getvalue()


class Visitor(pickle.Pickler):
    """Lists the objects of a pickle."""

    def __init__(self):
        super().__init__(io.BytesIO(), pickle.HIGHEST_PROTOCOL)
        self.objects = []

    def persistent_id(self, obj):
        self.objects.append(obj)


def objects_of(model):
    visitor = Visitor()
    visitor.dump(model)
    return visitor.objects


@pytest.fixture(scope="module", params=ESTIMATORS, ids=NAMES)
def many(request):
    name, cls = request.param
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return name, cls, fit(name, cls, n_samples=MANY, n_standards=STANDARDS)


def test_joblib_gives_the_same_predictions(many):
    model = many[2]
    assert_allclose(outcome(joblib.load(io.BytesIO(stored(model)))), outcome(model), rtol=1e-6)


def test_size_does_not_grow_with_the_training_rows(many):
    name, cls, model = many
    if name in NEEDS_ROWS:
        pytest.skip(NEEDS_ROWS[name])
    few = fit(name, cls, n_samples=FEW, n_standards=STANDARDS)
    added = (MANY - FEW) * 60 * 8
    # more rows may choose a few more components
    assert len(stored(model)) - len(stored(few)) < 0.1 * added


def test_no_array_has_a_row_per_spectrum(many):
    name, _, model = many
    arrays = [obj for obj in objects_of(model) if isinstance(obj, np.ndarray)]
    lengths = {length for array in arrays for length in array.shape}
    assert bool(lengths & ROWS) == (name in NEEDS_ROWS)


def test_nothing_of_the_training_is_kept(many):
    for obj in objects_of(many[2]):
        assert not isinstance(obj, (torch.Tensor, torch.nn.Module, torch.optim.Optimizer, torch.device, io.IOBase))


def test_estimators_that_need_rows_exist():
    assert set(NEEDS_ROWS) <= set(NAMES)


def test_unpickling_with_other_versions_warns(many, monkeypatch):
    model = many[2]
    with monkeypatch.context() as past:
        past.setattr(_versions, "__version__", "0.0.7")
        data = stored(model)
    with pytest.warns(VersionMismatchWarning, match=r"skspectral 0\.0\.7, and is loaded with skspectral") as caught:
        joblib.load(io.BytesIO(data))
    assert any(type(model).__name__ in str(warning.message) for warning in caught)


def test_minor_versions_of_scikit_learn_are_compared(monkeypatch):
    major, minor, *_ = sklearn.__version__.split(".")
    versions = _versions.current_versions()
    for other, warns in ((f"{major}.{minor}.99", False), (f"{major}.{int(minor) + 1}.0", True)):
        monkeypatch.setattr(_versions, "current_versions", lambda other=other: versions | {"scikit-learn": other})
        data = pickle.dumps(SNV())
        monkeypatch.undo()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            pickle.loads(data)
        assert [w.category for w in caught] == [VersionMismatchWarning] * warns


def test_pickles_without_versions_load_silently():
    model = PDS(source="A")
    model.__setstate__({"estimator": None, "source": "C", "target": None})
    assert model.source == "C"
    assert not any(key.startswith("_skspectral") for key in vars(model))
