"""Model files: every estimator comes back as it was, and damaged files say what is wrong."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import date

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skspectral
from skspectral import DS, PDS, SBC, SNV, MeanShift, PerInstrument, Resample, StandardsSplit, as_groups, deploy
from skspectral.exceptions import ModelFileError, OptionalDependencyError, UntrustedTypeError, VersionMismatchWarning
from skspectral.metrics import scorers
from skspectral.nn import SpectralFM, SpectralFMConfig
from skspectral.pretraining.head.transfer_head import TransferHead
from skspectral.testing import all_estimators
from skspectral.testing._data import two_instruments
from tests.fitted import fit, outcome, rewritten

DATA = two_instruments()
ROLES = {"source": "A", "target": "B"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skspectral"


def round_trip(model, path, **options):
    skspectral.save(model, path)
    return skspectral.load(path, **options)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("name", "cls"), all_estimators(), ids=[name for name, _ in all_estimators()])
def test_every_estimator_comes_back(name, cls, path):
    model = fit(name, cls)
    loaded = round_trip(model, path)
    assert type(loaded) is cls
    assert_array_equal(outcome(loaded), outcome(model))
    assert str(loaded.get_params()) == str(model.get_params())


def test_pipelines_and_wrapped_calibrations(path):
    existing = FrozenEstimator(PLSRegression(4).fit(DATA.X[:36], DATA.y[:36]))
    models = [
        make_pipeline(SNV(), PDS(**ROLES)),
        SBC(DS(make_pipeline(FunctionTransformer(np.log1p), PLSRegression(4))), **ROLES),
        MeanShift(existing, **ROLES),
        MeanShift(TransformedTargetRegressor(PLSRegression(4), func=np.log, inverse_func=np.exp), **ROLES),
    ]
    for model in models:
        step = f"{model.steps[-1][0]}__" if hasattr(model, "steps") else ""
        model.fit(DATA.X, DATA.y, **{step + key: value for key, value in DATA.labels.items()})
        assert_array_equal(round_trip(model, path).predict(DATA.X_test), model.predict(DATA.X_test))


def test_one_calibration_per_property(path):
    data = two_instruments(n_targets=2)
    y = data.y.copy()
    y[:5, 0] = np.nan
    y[20:24, 1] = np.nan
    model = MeanShift(PLSRegression(3)).fit(data.X[:36], y[:36])
    assert_array_equal(round_trip(model, path).predict(data.X_test), model.predict(data.X_test))


@pytest.mark.parametrize("scoring", [None, "r2", scorers["neg_rmsep"], scorers])
def test_fitted_search(scoring, path):
    search = GridSearchCV(
        PDS(**ROLES),
        {"window": [1, 2]},
        cv=StandardsSplit(2, **ROLES),
        scoring=scoring,
        refit="neg_rmsep" if isinstance(scoring, dict) else True,
    )
    search.fit(DATA.X, DATA.y, groups=as_groups(*DATA.labels.values()), **DATA.labels)
    loaded = round_trip(search, path)
    assert loaded.best_params_ == search.best_params_
    assert_array_equal(loaded.predict(DATA.X_test), search.predict(DATA.X_test))
    if not isinstance(scoring, dict):
        assert loaded.score(DATA.X_test, DATA.y_test) == search.score(DATA.X_test, DATA.y_test)


@pytest.mark.parametrize("labels", [("A", "B"), (1, 2), (date(2025, 1, 1), date(2026, 1, 1)), (("A", 1), ("A", 2))])
def test_labels_of_instruments(labels, path):
    names = dict(zip("AB", labels))
    instrument = np.empty(len(DATA.X), dtype=object)
    instrument[:] = [names[label] for label in DATA.instrument]
    model = MeanShift(source=labels[0], target=labels[1])
    model.fit(DATA.X, DATA.y, instrument=instrument, sample_id=DATA.sample_id)
    loaded = round_trip(model, path)
    assert (loaded.source_, loaded.target_) == labels
    assert_array_equal(loaded.predict(DATA.X_test), model.predict(DATA.X_test))


def test_several_instruments_and_own_axes(path):
    model = MeanShift(**ROLES).fit(DATA.X, DATA.y, **DATA.labels)
    serving = PerInstrument({"B": model, 3: model})
    assert_array_equal(
        round_trip(serving, path).predict(DATA.X_test, instrument=3), serving.predict(DATA.X_test, instrument="B")
    )
    axis = np.linspace(1000.0, 2000.0, 60)
    deployed = deploy(model, Resample(wavelengths=axis, grid=axis).fit(DATA.X))
    assert_array_equal(round_trip(deployed, path).predict(DATA.X_test), deployed.predict(DATA.X_test))


class Holder(BaseEstimator):
    """An estimator outside the package that holds what it is given."""

    def __init__(self, content=None):
        self.content = content


def test_networks_are_arrays_and_settings(path):
    network = SpectralFM(SpectralFMConfig.preset("tiny")).eval()
    network = network.cuda() if torch.cuda.is_available() else network
    head = TransferHead(3).train()
    state = torch.get_rng_state()
    loaded = round_trip(Holder([network, head, network]), path, trusted=[Holder]).content
    assert torch.equal(torch.get_rng_state(), state)
    assert loaded[0] is loaded[2]
    for before, after in zip((network, head), loaded):
        assert type(after) is type(before)
        assert after.training == before.training
        assert list(after.state_dict()) == list(before.state_dict())
        for name, value in before.state_dict().items():
            assert torch.equal(after.state_dict()[name], value.cpu())
    assert next(loaded[0].parameters()).device.type == "cpu"
    assert not any(name.endswith((".pkl", ".pt")) for name in zipfile.ZipFile(path).namelist())


def test_a_changed_network_is_not_stored(path):
    network = TransferHead(3)
    network.chooser = torch.nn.Linear(2, 2)
    with pytest.raises(ModelFileError, match="other weights than its settings"):
        skspectral.save(Holder(network), path)
    assert not path.exists()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool])
def test_tensors_keep_their_type(dtype, path):
    tensor = torch.tensor([[0.0, 1.0], [2.0, 3.0]]).to(dtype)
    loaded = round_trip(Holder(tensor), path, trusted=[Holder]).content
    assert loaded.dtype == dtype
    assert torch.equal(loaded, tensor)


def test_other_networks_are_named(path):
    layer = torch.nn.Linear(2, 1)
    skspectral.save(Holder(layer), path)
    with pytest.raises(UntrustedTypeError, match=r"torch\.nn\.modules\.linear\.Linear"):
        skspectral.load(path, trusted=[Holder])
    loaded = skspectral.load(path, trusted=[Holder, torch.nn.Linear]).content
    assert_allclose(loaded(torch.ones(2)).item(), layer(torch.ones(2)).item())
    assert isinstance(loaded.weight, torch.nn.Parameter)


def test_gpu_settings_load_everywhere(path):
    model = skspectral.CNNTransfer(device=torch.device("cuda"))
    assert round_trip(model, path).device == torch.device("cuda")


@pytest.fixture
def stored(path):
    skspectral.save(MeanShift(**ROLES).fit(DATA.X, DATA.y, **DATA.labels), path)
    return path


def test_versions_are_recorded(stored):
    header = json.loads(zipfile.ZipFile(stored).read("skspectral.json"))
    assert header["format"] == 1
    assert list(header["versions"]) == ["skspectral", "scikit-learn", "numpy", "torch"]
    assert header["versions"]["torch"] == torch.__version__


@pytest.mark.parametrize("package", ["skspectral", "scikit-learn"])
def test_other_versions_are_named_once(stored, package):
    rewritten(stored, lambda header: header["versions"].update({package: "0.0.7"}))
    with pytest.warns(VersionMismatchWarning, match=rf"{package} 0\.0\.7, and is loaded with {package}") as caught:
        skspectral.load(stored)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_other_versions_of_arrays_do_not_matter(stored, recwarn):
    rewritten(stored, lambda header: header["versions"].update({"numpy": "9.0", "torch": "9.0"}))
    skspectral.load(stored)
    assert not recwarn


def test_later_formats_are_refused(stored):
    rewritten(stored, lambda header: header.update({"format": 2, "versions": {"skspectral": "7.1"}}))
    with pytest.raises(ModelFileError, match=r"format 2, written by skspectral 7\.1.*Update skspectral"):
        skspectral.load(stored)


def test_what_cannot_be_stored(path):
    def local(X):
        return X

    for func in (lambda X: X, local):
        with pytest.raises(ModelFileError, match="cannot be stored"):
            skspectral.save(FunctionTransformer(func), path)
    for label in (True, ("B", 1)):
        with pytest.raises(ModelFileError, match=f"keys.*{type(label).__name__}"):
            skspectral.save(PerInstrument({label: SNV()}), path)
    with pytest.raises(ModelFileError, match="cannot be stored"):
        skspectral.save(FunctionTransformer(kw_args={"file": io.BytesIO()}), path)
    with pytest.raises(TypeError, match="fitted estimator"):
        skspectral.save(PDS, path)
    assert not path.exists()


def test_skops_is_optional(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    for call in (lambda: skspectral.save(SNV(), path), lambda: skspectral.load(path)):
        with pytest.raises(OptionalDependencyError, match=r"skspectral\[io\]"):
            call()


def test_import_stays_fast():
    check = "import sys, skspectral; skspectral.save; assert not {'torch', 'skops'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
