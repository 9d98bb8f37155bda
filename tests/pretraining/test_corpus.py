"""A folder of spectra: what is read, what is refused, who stays on which side, what is drawn."""

import os
import pickle

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from skspectral.exceptions import (
    AxisMismatchError,
    ConstantSpectraError,
    DatasetUnavailableError,
    NonFiniteSpectraError,
    TableError,
)
from skspectral.pretraining import Corpus
from skspectral.pretraining.data import corpus

real_data = pytest.mark.skipif(
    "SKSPECTRAL_CORPUS" not in os.environ, reason="SKSPECTRAL_CORPUS names no folder with spectra"
)
AXIS = np.linspace(1000.0, 1200.0, 11)


def save(folder, name, X=None, **changes):
    """Write one data set; None removes a key."""
    X = np.random.default_rng(0).uniform(0.2, 0.9, (30, 11)) if X is None else np.asarray(X)
    content = {
        "X": X,
        "axis": AXIS,
        "axis_unit": "nm",
        "modality": "NIR",
        "quantity": "absorbance",
    } | changes
    np.savez(folder / f"{name}.npz", **{key: value for key, value in content.items() if value is not None})


def labels(values, *names):
    return {"y": np.asarray(values), "y_names": np.array(names)}


@pytest.mark.parametrize("full", [1.0, 100.0, 1e4])
@pytest.mark.parametrize("quantity", ["reflectance", "transmittance"])
def test_shares_of_light_become_absorbance_whatever_their_unit(tmp_path, quantity, full):
    X = np.array([[0.1, 1.0, 0.5], [0.01, 0.9, 0.25]])
    save(tmp_path, "a", full * X, axis=AXIS[:3], quantity=quantity)
    only = Corpus(tmp_path).materials[0]
    np.testing.assert_allclose(only.X, [[1, 0, 0.30103], [2, 0.045757, 0.60206]], rtol=1e-4, atol=1e-6)
    assert only.quantity == "absorbance"


def test_no_light_at_all_is_not_an_infinite_absorbance(tmp_path):
    save(tmp_path, "a", np.array([[0.0, 0.5, -0.1]]), axis=AXIS[:3], quantity="reflectance")
    np.testing.assert_allclose(Corpus(tmp_path).materials[0].X, [[4, 0.30103, 4]], rtol=1e-4)


@pytest.mark.parametrize("quantity", ["intensity", "absorbance"])
def test_counts_and_foreign_scales_are_scaled_as_a_whole(tmp_path, quantity):
    X = np.random.default_rng(0).uniform(500, 900, (50, 11))
    X[0, 0] = 1e6  # a cosmic ray must not set the scale
    save(tmp_path, "a", X, quantity=quantity)
    only = Corpus(tmp_path).materials[0]
    assert only.quantity == "scaled"
    assert np.percentile(only.X, 1) == pytest.approx(0, abs=0.05)
    assert np.percentile(only.X, 99) == pytest.approx(1, abs=0.05)
    assert np.corrcoef(only.X[1:].ravel(), X[1:].ravel())[0, 1] > 0.99999


@pytest.mark.parametrize(
    ("error", "changes", "words"),
    [
        (TableError, {"quantity": None}, "lacks quantity"),
        (TableError, {"modality": "UV"}, "modality is 'UV'"),
        (TableError, {"axis_unit": "um"}, "axis_unit"),
        (TableError, {"X": np.ones(11)}, "n_spectra, n_channels"),
        (TableError, {"X": np.full((2, 11), "a")}, "must be numbers"),
        (TableError, labels(np.ones((3, 1)), "protein"), "30 spectra"),
        (TableError, {"sample_id": np.array(["a", "b"])}, "sample_id"),
        (TableError, {"notes": np.array([{}])}, "pickled"),
        (AxisMismatchError, {"axis": AXIS[::-1]}, "descends"),
        (AxisMismatchError, {"axis": AXIS[:-1]}, "axis of bad.npz has 10"),
        (NonFiniteSpectraError, {"X": np.where(np.eye(11) > 0, np.nan, 0.1)}, "11 spectra"),
        (ConstantSpectraError, {"X": np.vstack([AXIS, np.ones(11)])}, "1 constant"),
    ],
)
def test_bad_files_are_named_and_skipped_or_refused(tmp_path, error, changes, words):
    save(tmp_path, "good")
    save(tmp_path, "bad", **changes)
    with pytest.warns(UserWarning, match=r"Skipped 1 bad files.*bad\.npz"):
        found = Corpus(tmp_path)
    assert [material.name for material in found.materials] == ["good"]
    assert list(found.skipped) == ["bad.npz"] and words in found.skipped["bad.npz"]
    with pytest.raises(error, match=words):
        Corpus(tmp_path, strict=True)


def test_a_file_that_is_no_archive_is_skipped(tmp_path):
    save(tmp_path, "good")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.warns(UserWarning, match=r"bad\.npz cannot be read"):
        assert len(Corpus(tmp_path)) == 1


def test_folders_that_are_not_there_are_refused(tmp_path, monkeypatch):
    with pytest.raises(DatasetUnavailableError, match="no folder"):
        Corpus(tmp_path / "nowhere")
    with pytest.raises(DatasetUnavailableError, match="No data set"):
        Corpus(tmp_path)
    monkeypatch.delenv("SKSPECTRAL_CORPUS", raising=False)
    with pytest.raises(DatasetUnavailableError, match="SKSPECTRAL_CORPUS"):
        Corpus()
    save(tmp_path, "a")
    monkeypatch.setenv("SKSPECTRAL_CORPUS", str(tmp_path))
    assert len(Corpus()) == 1


def test_domains_and_names_are_left_out(tmp_path):
    for name, modality in (("a1", "NIR"), ("a2", "VIS-NIR"), ("b", "MIR"), ("c", "RAMAN")):
        save(tmp_path, name, modality=modality)
    assert [m.domain for m in Corpus(tmp_path).materials] == ["NIR", "NIR", "IR", "RAMAN"]
    assert [m.name for m in Corpus(tmp_path, domains=["NIR", "RAMAN"], leave_out="a2").materials] == ["a1", "c"]
    assert [m.name for m in Corpus(tmp_path, leave_out=["a*"]).materials] == ["b", "c"]
    assert Corpus(tmp_path, leave_out=["a*"])["a1"].name == "a1"
    with pytest.raises(ValueError, match="domains"):
        Corpus(tmp_path, domains=["UV"])
    with pytest.warns(UserWarning, match="names no data set with 'corn'"):
        Corpus(tmp_path, leave_out=["corn"])


def test_numbers_of_classes_are_no_references(tmp_path):
    rng = np.random.default_rng(0)
    y = np.column_stack([rng.normal(size=30), rng.integers(0, 4, 30), np.full(30, np.nan), rng.integers(1, 90, 30)])
    y[3, 0] = np.nan
    save(tmp_path, "a", **labels(y, "protein", "dose", "empty", "percent"))
    only = Corpus(tmp_path).materials[0]
    assert only.label_names == ("protein", "percent")
    np.testing.assert_array_equal(only.labels, y[:, [0, 3]])


def test_spectra_with_one_reference_stay_on_one_side(tmp_path):
    values = np.repeat(np.random.default_rng(1).normal(size=20), 5)
    save(tmp_path, "a", np.random.default_rng(0).random((100, 11)), **labels(values[:, None], "protein"))
    only = Corpus(tmp_path, validation=0.2).materials[0]
    train, held = only.rows("train"), only.rows("validation")
    assert len(held) == 20 and not set(only.groups[train]) & set(only.groups[held])
    np.testing.assert_array_equal(np.sort(np.r_[train, held]), only.rows("all"))
    with pytest.raises(ValueError, match="'test'"):
        only.rows("test")


def test_a_sample_is_on_the_same_side_of_every_file(tmp_path):
    ids = np.array([f"S{k}" for k in range(60)])
    rng = np.random.default_rng(0)
    orders = {name: rng.permutation(60) for name in "ab"}
    for name, order in orders.items():
        save(tmp_path, name, rng.random((60, 11)), **labels(ids[order][:, None], "sample_id"))
    held = {m.name: set(m.groups[m.rows("validation")]) for m in Corpus(tmp_path).materials}
    assert held["a"] == held["b"] and len(held["a"]) == 6
    others = {m.name: set(m.groups[m.rows("validation")]) for m in Corpus(tmp_path, seed=1).materials}
    assert others["a"] == others["b"] != held["a"]


def test_rows_without_a_sample_are_held_out_in_runs(tmp_path):
    save(tmp_path, "a", np.random.default_rng(0).random((200, 11)))
    held = Corpus(tmp_path).materials[0].rows("validation")
    assert len(held) == 20
    assert set(np.diff(held)) <= {1} | set(range(11, 200)) and np.sum(np.diff(held) > 1) <= 1


def test_every_side_has_a_sample_unless_told_otherwise(tmp_path):
    save(tmp_path, "a", np.random.default_rng(0).random((3, 11)))
    assert len(Corpus(tmp_path, validation=0.001).materials[0].rows("validation")) == 1
    assert len(Corpus(tmp_path, validation=0.999).materials[0].rows("train")) == 1
    none_held = Corpus(tmp_path, validation=0.0)
    assert len(none_held.materials[0].rows("train")) == 3
    with pytest.raises(ValueError, match="validation"):
        none_held.draw(np.random.default_rng(0), 1, "validation")
    with pytest.raises(ValueError, match="share"):
        Corpus(tmp_path, validation=1.0)


def test_data_sets_are_drawn_alike_whatever_their_size(tmp_path):
    rng = np.random.default_rng(0)
    for name, n in (("large", 2000), ("middle", 100), ("small", 25)):
        save(tmp_path, name, rng.random((n, 11)))
    found = Corpus(tmp_path, validation=0.0)
    drawn = [found.draw(rng, 1)[0].name for _ in range(2500)]
    counts = [drawn.count(name) for name in ("large", "middle", "small")]
    assert chisquare(counts, [1000, 1000, 500]).pvalue > 1e-3


@pytest.mark.parametrize("make", [np.random.default_rng, lambda seed: torch.Generator().manual_seed(seed)])
def test_a_draw_is_a_function_of_the_seed(tmp_path, make):
    for name in "abc":
        save(tmp_path, name)
    found = Corpus(tmp_path)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002

    def drawn(seed):
        generator = make(seed)
        return [(material.name, *rows) for material, rows in (found.draw(generator, 5) for _ in range(6))]

    assert drawn(3) == drawn(3) != drawn(4)
    assert len(set(drawn(3))) > 1
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[1])
    with pytest.raises(TypeError, match="Generator"):
        found.draw(0, 5)


def test_rows_are_repeated_only_where_there_are_too_few(tmp_path):
    save(tmp_path, "a")
    found = Corpus(tmp_path, validation=0.1)
    material, rows = found.draw(np.random.default_rng(0), 20)
    assert len(set(rows)) == 20 and set(rows) <= set(material.rows("train"))
    rows = found.draw(np.random.default_rng(0), 50, "validation")[1]
    assert len(rows) == 50 and set(rows) == set(material.rows("validation"))


def test_spectra_are_read_when_used_and_dropped_when_there_is_no_room(tmp_path, monkeypatch):
    for name in "abc":
        save(tmp_path, name)
    reads = []
    original = corpus.read_spectra
    monkeypatch.setattr(corpus, "read_spectra", lambda header: reads.append(header.name) or original(header))
    monkeypatch.setattr(corpus, "CACHE_BYTES", 2 * 30 * 11 * 4)
    a, b, c = Corpus(tmp_path).materials
    assert reads == []
    assert a.X is a.X and b.X is b.X
    assert reads == ["a", "b"]
    assert (c.X.shape, a.X.shape, c.X.shape) == ((30, 11),) * 3
    assert reads == ["a", "b", "c", "a"]
    with pytest.raises(ValueError, match="read-only"):
        a.X[0, 0] = 1.0


def test_another_process_can_use_a_copy(tmp_path):
    save(tmp_path, "a")
    found = Corpus(tmp_path)
    assert found.materials[0].X.shape == (30, 11)
    sent = pickle.dumps(found)
    copy = pickle.loads(sent)
    np.testing.assert_array_equal(copy.materials[0].X, found.materials[0].X)
    material, rows = copy.draw(np.random.default_rng(0), 4)
    assert material.name == "a" and list(rows) == list(found.draw(np.random.default_rng(0), 4)[1])
