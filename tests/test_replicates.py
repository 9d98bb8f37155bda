"""Replicates that are not scans of one sample: named, warned of or refused, by every method."""

import warnings

import numpy as np
import pytest

from skspectral import AutoTransfer, MeanShift, SourceOnly
from skspectral.datasets import make_instruments
from skspectral.exceptions import ReplicatesDisagreeError, ReplicatesDisagreeWarning

ROLES = {"source": "A", "target": "B"}


@pytest.fixture
def data():
    return make_instruments(n_samples=24, n_channels=60, replicates=3, noise=1e-3, random_state=4)


def fit(model, data, **changes):
    given = {"X": data.X, "y": data.y, "instrument": data.instrument, "sample_id": data.sample_id} | changes
    return model.fit(given.pop("X"), given.pop("y"), **given)


@pytest.mark.parametrize("model", [SourceOnly(**ROLES), MeanShift(**ROLES)])
def test_true_replicates_are_taken_without_a_word(data, model):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ReplicatesDisagreeWarning)
        fit(model, data)
        fit(model, data, y=np.where(np.arange(len(data.y))[:, None] % 3 == 0, data.y, np.nan))


@pytest.mark.parametrize("make", [SourceOnly, MeanShift, AutoTransfer])
def test_numbers_that_restart_are_refused(make):
    single = make_instruments(n_samples=40, n_channels=60, random_state=0)
    restarting = [str(int(label[1:]) % 10) for label in single.sample_id]
    model = make(**ROLES)
    if "wavelengths" in model.get_params():
        model.set_params(wavelengths=single.wavelengths)
    with pytest.raises(ReplicatesDisagreeError, match=r"on 'A' are not scans of one sample.* and 6 more; those of"):
        fit(model, single, sample_id=restarting)


def test_numbers_that_restart_without_references_are_a_warning():
    single = make_instruments(n_samples=40, n_channels=60, random_state=0)
    on_target = single.instrument == "B"
    names = [f"{label}B{int(label[1:]) % 8}"[3:] if b else label for label, b in zip(single.sample_id, on_target)]
    y = np.where(on_target[:, None], np.nan, single.y)
    with pytest.warns(ReplicatesDisagreeWarning, match="on 'B' differ as much as those of different samples"):
        fit(SourceOnly(**ROLES), single, y=y, sample_id=names)


def test_spectra_of_many_samples_under_one_name_are_a_warning():
    single = make_instruments(n_samples=40, n_channels=60, random_state=0)
    kept = (single.instrument == "A") | (single.sample_id < "S02") | (single.sample_id >= "S33")
    names = np.where((single.instrument == "B") & (single.sample_id >= "S33"), "blank", single.sample_id)[kept]
    y = np.where(single.instrument[kept, None] == "B", np.nan, single.y[kept])
    changes = {"X": single.X[kept], "y": y, "instrument": single.instrument[kept], "sample_id": names}
    with pytest.warns(ReplicatesDisagreeWarning, match=r"over 1 samples with replicates \('blank'\)"):
        fit(MeanShift(**ROLES), single, **changes)


def test_a_sample_filed_under_another_id_is_named(data):
    names = data.sample_id.copy()
    # the last scan of sample 5 on B carries the number of sample 9
    moved = np.flatnonzero((names == "S05") & (data.instrument == "B"))[-1]
    names[moved] = "S09"
    y = data.y.copy()
    y[moved] = np.nan
    with pytest.warns(
        ReplicatesDisagreeWarning, match=r"1 of 24 samples with replicates on 'B' differ far more .*'S09'"
    ):
        fit(MeanShift(**ROLES), data, y=y, sample_id=names)


def test_references_that_differ_from_scan_to_scan_are_named_and_averaged(data):
    y = data.y.copy()
    y[data.sample_id == "S03"] += np.tile([[0.0], [0.3], [-0.3]], (2, 1))
    match = r"1 of 24 samples with replicates on 'A' have references that differ .*'S03'; those of 'S03' by 0\.6"
    with pytest.warns(ReplicatesDisagreeWarning, match=match):
        model = fit(MeanShift(**ROLES), data, y=y)
    np.testing.assert_allclose(model.predict(data.X), fit(MeanShift(**ROLES), data).predict(data.X))


def test_few_channels_and_copies_have_no_shape_to_compare(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ReplicatesDisagreeWarning)
        fit(MeanShift(**ROLES), data, X=data.X[:, :5])
        copies = {name: np.repeat(data[name][::3], 2, axis=0) for name in ("X", "y", "instrument", "sample_id")}
        MeanShift(**ROLES).fit(copies["X"], copies["y"], instrument=copies["instrument"], sample_id=copies["sample_id"])
