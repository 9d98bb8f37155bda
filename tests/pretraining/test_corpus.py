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
from skspectral.pretraining import Corpus, RealPair, corpus

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


def test_pairs_are_matched_by_sample_id(tmp_path):
    rng = np.random.default_rng(0)
    content = rng.random((40, 1))
    ids = np.array([f"K{k}" for k in range(40)])
    for name, order, axis in (("micronir", rng.permutation(40), AXIS), ("neospectra", rng.permutation(38), AXIS + 50)):
        X = content[order] * axis / 1000
        save(tmp_path, f"drugs_{name}_K", X, axis=axis, **labels(ids[order][:, None], "sample_id"))
    (pair,) = Corpus(tmp_path, leave_out=["drugs_neo*"]).real_pairs()
    assert pair.name == "drugs_K" and len(pair) == 38 and pair.overlap == (1050.0, 1200.0) and pair.y is None
    axis, A, B = pair.aligned()
    assert axis[0] >= 1050 and axis[-1] == 1200
    np.testing.assert_allclose(A, B, rtol=1e-5)


def test_pairs_in_the_same_order_are_matched_across_a_gap(tmp_path):
    rng = np.random.default_rng(0)
    reference = rng.permutation(np.arange(30)).astype(float)
    reference[11] = reference[10]  # two samples that differ in nothing but their spectra
    spectra = rng.random((30, 11))
    scans = {}
    for name, samples in (("micronir", np.delete(np.arange(30), 20)), ("flamenir", np.arange(30))):
        rows = np.repeat(samples, 5)
        X = spectra[rows] + 0.01 * rng.standard_normal((len(rows), 11))
        scans[name] = X
        save(tmp_path, f"feedgrain_{name}_nirs4all", X, **labels(reference[rows][:, None], "protein"))
    (pair,) = Corpus(tmp_path).real_pairs()
    kept = np.delete(np.arange(30), 20)
    assert pair.name == "feedgrain" and pair.scans_a.shape == pair.scans_b.shape == (29, 5, 11)
    np.testing.assert_array_equal(pair.y[:, 0], reference[kept])
    np.testing.assert_allclose(pair.X_b, scans["flamenir"].reshape(30, 5, 11)[kept].mean(1), rtol=1e-5)
    assert np.abs(pair.X_a - pair.X_b).max() < 0.05


def test_titles_tell_the_spectrometer(tmp_path):
    titles = [
        "Albite HS1.3B   BECKb AREF",
        "Albite HS1.3B  ASDFRb AREF",
        "Albite HS1.4B  ASDFRb AREF",
        "Snow s06av95a=a",
    ]
    X = np.arange(44.0).reshape(4, 11) / 50
    library = labels(np.array(titles)[:, None], "title")
    save(tmp_path, "usgs_splib07_06_aviris", X, axis=AXIS - 100, **library)
    (first,) = Corpus(tmp_path).real_pairs()
    assert (first.name, len(first), list(first.sample_id)) == ("usgs_asdfr", 1, ["Albite HS1.3B"])
    np.testing.assert_allclose(first.X_a, X[:1, 5:], rtol=1e-6)
    np.testing.assert_allclose(first.X_b, X[1:2, 5:], rtol=1e-6)


def test_files_without_common_samples_are_no_pair(tmp_path):
    rng = np.random.default_rng(0)
    for name, letter in (("micronir", "a"), ("neospectra", "b")):
        ids = np.array([[f"{letter}{k}"] for k in range(30)])
        save(tmp_path, f"drugs_{name}_K", rng.random((30, 11)), **labels(ids, "sample_id"))
    save(tmp_path, "drugs_micronir_T")
    save(tmp_path, "drugs_nirone_T")
    for name, value in (("micronir", 1.5), ("flamenir", 2.5)):
        reference = np.repeat(value + np.arange(6), 5)[:, None]
        save(
            tmp_path, f"feedgrain_{name}_nirs4all", rng.random((30, 11)), **labels(reference + rng.random(), "protein")
        )
    assert Corpus(tmp_path).real_pairs() == []


def test_samples_with_missing_scans_are_left_out(tmp_path):
    rng = np.random.default_rng(0)
    reference = np.repeat(np.arange(8.5, 16.5), 5)
    for name, dropped in (("micronir", 12), ("flamenir", 31)):
        X, y = np.delete(rng.random((40, 11)), dropped, 0), np.delete(reference, dropped)
        save(tmp_path, f"feedgrain_{name}_nirs4all", X, **labels(y[:, None], "protein"))
    (pair,) = Corpus(tmp_path).real_pairs()
    np.testing.assert_array_equal(pair.y[:, 0], np.delete(np.arange(8.5, 16.5), [2, 6]))


def test_alignment_is_exact_for_cubics():
    a, b = np.linspace(1000, 1300, 61), np.linspace(1100, 1500, 57)
    curves = [np.array([[1, 2, -1, 0.5]]) @ ((axis - 1200) / 100) ** np.arange(4)[:, None] for axis in (a, b)]
    axis, A, B = RealPair("p", curves[0], a, curves[1], b, None, np.array(["s"])).aligned()
    assert axis[0] == 1100 and axis[-1] == 1300
    np.testing.assert_allclose(A, B, atol=1e-9)


@real_data
def test_every_real_file_is_read_and_none_is_an_evaluation_set():
    found = Corpus(strict=True)
    assert len(found) >= 70
    for material in found.materials:
        assert not any(word in material.name for word in ("corn", "shootout_2002", "sugar", "alcohol"))
        assert material.X.shape == (len(material), len(material.axis)) and np.isfinite(material.X).all()
        assert np.percentile(material.X, 0.5) > -1.5 and np.percentile(material.X, 99.5) < 6
        assert material.source and material.licence


@real_data
@pytest.mark.parametrize("name", ["drugs_K", "drugs_T", "drugs_P", "feedgrain", "usgs_asdfr", "usgs_asdng"])
def test_real_pairs_show_the_same_samples(name):
    (pair,) = [pair for pair in Corpus().real_pairs() if pair.name == name]
    assert len(pair) >= 45 and pair.overlap[0] < pair.overlap[1]
    kernels = [_kernel(X) for X in (pair.X_a, pair.X_b)]
    matched = np.sum(kernels[0] * kernels[1])
    rng = np.random.default_rng(0)
    shuffled = []
    for _ in range(200):
        order = rng.permutation(len(pair))
        shuffled.append(np.sum(kernels[0] * kernels[1][np.ix_(order, order)]))
    assert matched > np.mean(shuffled) + 6 * np.std(shuffled)


def _kernel(X):
    """Centred Gaussian kernel of standardised slopes, for the Hilbert-Schmidt criterion of dependence."""
    slope = np.gradient(X.astype(float), axis=1)
    slope = (slope - slope.mean(1, keepdims=True)) / slope.std(1, keepdims=True)
    distance = ((slope[:, None] - slope[None]) ** 2).sum(2)
    centring = np.eye(len(X)) - 1 / len(X)
    return centring @ np.exp(-distance / np.median(distance[distance > 0])) @ centring
