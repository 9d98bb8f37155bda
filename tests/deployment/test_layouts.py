"""Models that were stored when their class kept other things: refused by name, whatever the file."""

import copy
import pickle

import joblib
import numpy as np
import pytest

from skspectral import AutoTransfer, SpectralFMTransfer, TransferPortfolio, load, save
from skspectral.datasets import make_instruments
from skspectral.exceptions import ModelFileError
from skspectral.transfer.portfolio._members import Fitted, Member

CLASSES = (TransferPortfolio, AutoTransfer, SpectralFMTransfer)


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=12, n_channels=20, random_state=0)


@pytest.fixture(scope="module", params=CLASSES, ids=lambda cls: cls.__name__)
def fitted(request, data):
    settings = {"weights": None} if request.param is SpectralFMTransfer else {}
    model = request.param(wavelengths=data.wavelengths, source="A", target="B", **settings)
    return model.fit(data.X, data.y, instrument=data.instrument, sample_id=data.sample_id)


@pytest.fixture(params=[(joblib.dump, joblib.load), (save, load)], ids=["joblib", "skspectral"])
def store(request, tmp_path):
    """Store with one of the two functions and load with the other of the pair."""
    dump, read = request.param
    return lambda model: dump(model, tmp_path / "model"), lambda: read(tmp_path / "model")


def test_what_was_stored_before_is_refused_by_name(fitted, store, monkeypatch):
    write, read = store
    with monkeypatch.context() as before:
        for cls in CLASSES:
            before.setattr(cls, "_layout", 1)
        write(fitted)
        read()
    with pytest.raises(ModelFileError, match=r"was stored in an earlier layout .*Fit it anew") as error:
        read()
    assert any(f"This {cls.__name__} " in str(error.value) for cls in CLASSES)


def test_a_later_layout_asks_for_an_update(fitted, store, monkeypatch):
    write, read = store
    with monkeypatch.context() as later:
        later.setattr(type(fitted), "_layout", 99)
        write(fitted)
    with pytest.raises(ModelFileError, match=f"{type(fitted).__name__} was stored in a later layout .*Update"):
        read()


def test_members_in_a_file_are_those_of_an_earlier_version(tmp_path):
    """As the portfolio kept them: a file whose types are not on the list any more, and no danger either."""
    member, nothing = Member("pls", "raw"), np.zeros((1, 1))
    model = TransferPortfolio(source="A", target="B")
    model.weights = {member.name: np.ones(1)}
    model._fitted = Fitted([member], {}, [nothing], nothing, nothing[None], nothing, nothing)
    save(model, tmp_path / "model")
    with pytest.raises(ModelFileError, match=r"holds TransferPortfolio as an earlier version .*Fit the model anew"):
        load(tmp_path / "model")


def test_what_is_stored_now_comes_back(fitted, data, store):
    write, read = store
    write(fitted)
    np.testing.assert_array_equal(read().predict(data.X[-3:]), fitted.predict(data.X[-3:]))
    np.testing.assert_array_equal(copy.deepcopy(fitted).predict(data.X[-3:]), fitted.predict(data.X[-3:]))


@pytest.mark.parametrize("cls", CLASSES)
def test_settings_alone_are_of_every_layout(cls, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(cls, "_layout", 1)
        stored = pickle.dumps(cls(source="A", target="B"))
    assert pickle.loads(stored).get_params() == cls(source="A", target="B").get_params()
