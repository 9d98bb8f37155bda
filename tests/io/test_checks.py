"""What is found in tables that cannot be right, and that nothing is found in one that is."""

import os
from pathlib import Path

import numpy as np
import pytest

from skspectral.datasets import fetch_corn, make_instruments
from skspectral.exceptions import AxisUnitError, AxisUnitWarning
from skspectral.io import SpectraTable, check, read_spectra

DATA = make_instruments(n_samples=30, n_channels=120, random_state=0)
A, B = (DATA.X[DATA.instrument == name] for name in "AB")
NAMES = [f"s{k}" for k in range(30)]


def table(a=A, b=B, *, axes=None, quantity="absorbance", names=(NAMES, NAMES), y=None):
    instrument = ["A"] * len(a) + ["B"] * len(b)
    width = max(a.shape[1], b.shape[1])
    X = np.full((len(a) + len(b), width), np.nan)
    X[: len(a), : a.shape[1]], X[len(a) :, : b.shape[1]] = a, b
    return SpectraTable(
        X, DATA.wavelengths if axes is None else axes, instrument=instrument, sample_id=[*names[0], *names[1]],
        quantity=quantity, y=y, properties=None if y is None else ["fat"],
    )  # fmt: skip


def found(table, severity, what):
    findings = check(table)
    assert any(f.severity == severity and what in f.what for f in findings), findings
    return next(f for f in findings if what in f.what)


def test_nothing_is_found_in_good_spectra():
    assert check(table()) == [] and repr(check(table())) == "Nothing found."


@pytest.mark.skipif("SKSPECTRAL_DATA" not in os.environ, reason="SKSPECTRAL_DATA names no folder with corn")
def test_nothing_is_found_in_corn():
    corn = fetch_corn()
    spectra = SpectraTable(corn.X, corn.wavelengths, instrument=corn.instrument, sample_id=corn.sample_id, y=corn.y)
    assert not check(spectra).errors


def test_a_pair_of_two_shapes_is_named():
    for wrong in (B[7, ::-1], np.random.default_rng(0).normal(0.5, 0.2, B.shape[1])):
        b = B.copy()
        b[7] = wrong
        assert "s7 (correlation" in found(table(b=b), "warning", "of another shape than all others").where
    assert "reversed" in found(table(b=B[:, ::-1]), "warning", "not alike in shape").remedy
    # a mirror image has a finding of its own
    assert not any("shape" in f.what for f in check(table(b=10.0**-B)))


def test_units_that_cannot_meet():
    axes = {"A": DATA.wavelengths, "B": 1e7 / np.arange(600.0, 4000.0, 8.0)[::-1][:120]}
    finding = found(table(axes={**axes, "B": np.sort(axes["B"])}), "error", "share no range")
    assert "unit" in finding.remedy and "cm-1" in str(finding)
    with pytest.warns(AxisUnitWarning, match="Say unit='cm-1'"):
        found(table(axes=np.linspace(600, 4000, 120)), "warning", "wavenumbers")
    with pytest.warns(AxisUnitWarning, match=r"299792.458 / axis as nm if they are THz"):
        found(table(axes=np.linspace(120, 272, 120)), "warning", "no light")
    with pytest.raises(AxisUnitError, match="Say unit='um'"):
        table(axes=np.linspace(1.1, 2.5, 120))


def test_an_axis_that_its_reader_was_told_to_take_as_nm(tmp_path):
    path = tmp_path / "um.csv"
    path.write_text("id,1.1,1.2,1.3,1.4\ns1,.1,.2,.3,.4\ns2,.2,.3,.5,.4\n")
    found(read_spectra(path, unit="nm"), "error", "cannot be in nm")


def test_quantities():
    found(table(quantity={"A": "absorbance", "B": "reflectance"}), "error", "different quantities")
    found(table(quantity={"A": "% reflectance", "B": "reflectance"}), "error", "percent")
    found(table(100 * A, B, quantity="unknown"), "warning", "times those of the other")
    found(table(A, 1 - B, quantity="unknown"), "warning", "mirror images")
    found(table(100 * A, B, quantity="absorbance"), "warning", "more than absorbance can be")


def test_copies():
    a = A.copy()
    a[3] = a[7]
    assert "s3 and s7" in found(table(a), "error", "copy of another").where
    names = list(NAMES)
    names[7] = "s3"
    found(table(a, names=(names, NAMES)), "warning", "stand twice")
    found(table(A, A), "error", "same spectrum on both")


def test_channels():
    a = A.copy()
    a[:, 10:13] = 0.25
    assert found(table(a), "warning", "one value in all spectra").where.count("to") == 1
    found(table(np.minimum(A, np.quantile(A, 0.8, axis=1, keepdims=True))), "warning", "cut off at the top")
    a = A.copy()
    a[4] = 0.5
    assert "s4" in found(table(a), "error", "constant").where


def test_splices():
    a = A.copy()
    a[:, 60:] += 3 * np.ptp(A)
    assert f"{DATA.wavelengths[59]:.6g}/{DATA.wavelengths[60]:.6g}" in found(table(a), "warning", "jump").what


def test_swapped_samples():
    swapped = list(NAMES)
    swapped[2], swapped[9] = swapped[9], swapped[2]
    assert "s2 on B may be s9" in found(table(names=(NAMES, swapped)), "warning", "resemble another").where


def test_names_and_references():
    found(table(names=(NAMES, [f"x{k}" for k in range(30)])), "error", "no sample was measured on both")
    other = [*NAMES[:-1], "s-29"]
    assert "s29 / s-29" in found(table(names=(NAMES, other)), "warning", "differ little").where
    y = np.r_[np.arange(30.0), np.arange(30.0)]
    y[35] = 99
    assert found(table(y=y), "error", "different references of fat").where == "s5"
    y = np.r_[np.arange(30.0), np.full(30, np.nan)]
    restart = [f"s{k % 10}" for k in range(30)]
    found(table(names=(restart, NAMES), y=y), "warning", "several references of fat")


def test_gaps_are_noted():
    axis = DATA.wavelengths.copy()
    axis[60:] += 500
    found(table(axes=axis), "note", "nothing was measured between")


FOLDER = Path(os.environ.get("SKSPECTRAL_DATA", ""), "formats")


@pytest.mark.skipif(not FOLDER.is_dir(), reason="SKSPECTRAL_DATA names no folder with a folder 'formats'")
def test_a_file_with_dead_channels():
    findings = check(read_spectra(FOLDER / "mango_dmc_f750_slice.csv"))
    assert any("one value in all spectra" in f.what and "285 to" in f.where for f in findings)


def test_references_and_channels_far_from_all_others():
    y = np.r_[np.linspace(9, 12, 30), np.full(30, np.nan)]
    y[4] *= 10
    finding = found(table(y=y), "warning", "1 references of fat are far from all others, 9 to 12: 94.1")
    assert finding.where == "s4"
    axis = DATA.wavelengths.copy()
    axis[-1] = 10 * axis[-1]
    with pytest.warns(AxisUnitWarning):
        found(table(axes=axis), "warning", "lies far from all others")


def test_single_values_that_stand_out():
    spiked = A.copy()
    spiked[7, 30] *= 10
    finding = found(table(spiked), "warning", "1 values stand out")
    assert finding.where == f"s7 at {DATA.wavelengths[30]:.6g} nm"
    noisy = A + np.random.default_rng(0).normal(scale=0.02, size=A.shape)
    assert not any("stand out" in f.what for f in check(table(noisy)))
