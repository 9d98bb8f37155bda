"""The same samples on two instruments, found among the files of a corpus; and the corpus as it is."""

import os

import numpy as np
import pytest

from skspectral.pretraining import Corpus, RealPair
from tests.pretraining.test_corpus import AXIS, labels, save

real_data = pytest.mark.skipif(
    "SKSPECTRAL_CORPUS" not in os.environ, reason="SKSPECTRAL_CORPUS names no folder with spectra"
)


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
