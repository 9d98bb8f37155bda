"""Files of instruments and their software: what an independent reader finds in them."""

import os
from pathlib import Path

import numpy as np
import pytest

from skspectral.exceptions import NoSpectraError, UnsupportedFormatError
from skspectral.io.formats.one_file import kind_of_file, read_file

FOLDER = Path(os.environ.get("SKSPECTRAL_DATA", ""), "formats")
needs_files = pytest.mark.skipif(
    "SKSPECTRAL_DATA" not in os.environ or not FOLDER.is_dir(),
    reason="SKSPECTRAL_DATA names no folder with a folder 'formats' of instruments' files",
)

# file: spectra, (points, first and last of the axis), unit, quantity, (first and last value of the first spectrum)
BINARY = {
    "BENZENE.SPC": (1, (1842, 449.43, 4000.5), "cm-1", "absorbance", (0.10156, 0.015136)),
    "BF_lo_01_soil_cal.1": (1, (1716, 3997.3968, 499.6746), "cm-1", "absorbance", (0.123978, 0.551766)),
    "BRUKER1.JCM": (1, (3735, 4000.655, 400.1619), "cm-1", "% transmittance", (91.064453, 57.641602)),
    "Ft-ir.spc": (1, (1776, 4000.0, 450.0), "cm-1", "% transmittance", (95.137497, 94.883492)),
    "PE1800.DX": (1, (3301, 4000.0, 700.0), "cm-1", "transmittance", (1.016, 1.0124)),
    "SINGLE_POLYMER_FILM.SPC": (1, (1844, 447.4841, 4002.2817), "cm-1", "absorbance", (0.065904, 0.063155)),
    "issue82_Opus_test.0": (1, (1112, 12488.0, 3600.0), "cm-1", "absorbance", (0.998422, 1.991414)),
    "m_evenz.spc": (32, (171, 200.0, 800.0), "nm", "absorbance", (0.0, 0.0)),
    "nir.spc": (20, (700, 1100.0, 2498.0), "nm", "Kubelka-Munk", (0.0002, 0.001441)),
    "nist_ethanol_nist_ir.jdx": (1, (2733, 2.02, 15.0134), "um", "transmittance", (0.753, 0.714)),
    "nist_sucrose_ir.jdx": (2, (7153, 7498.994, 600.884), "cm-1", "reflectance", (0.422011, 0.028789)),
    "nist_water_ir.jdx": (1, (3917, 388.677, 3799.4543), "cm-1", "transmittance", (0.438, 0.885)),
    "scpdata_test.0000": (1, (2567, 3998.3449, 699.389), "cm-1", "absorbance", (0.000459, 0.632425)),
    "soil.asd": (1, (2151, 350.0, 2500.0), "nm", "counts", (15.700499, 533.718305)),
    "test_spectra.0": (1, (4819, 7498.2917, 599.9206), "cm-1", "reflectance", (0.524343, 0.033849)),
}
# Where the file does not say the unit or the quantity, both are left open.
TABLES = {
    "OceanView.txt": (1, (2389, 187.92, 2116.5), "nm", None, (18.995, 4.6991)),
    "RS-1.dpt": (1, (3439, 800.4446, 2500.1352), None, None, (1.11622, 2.20339)),
    "auroranir_handheld_barley_sensAIfood.csv": (86, (351, 950.0, 1650.0), None, None, (0.175704, 0.409054)),
    "mango_dmc_f750_slice.csv": (26, (306, 285.0, 1200.0), None, None, (0.0, 0.0)),
    "neospectra_forensic_K_avg.xlsx": (88, (160, 1299.3695, 2604.0932), "nm", "absorbance", (0.208319, 0.271652)),
    "neospectra_ossl_50samples_slice.csv": (24, (601, 1350.0, 2550.0), None, None, (0.37305, 0.35747)),
    "scio_app_scan.csv": (1, (331, 740.0, 1070.0), None, None, (1.499853, 1.637872)),
    "synthetic_multisheet_nirs.xlsx": (4, (4, 1100.0, 1400.0), None, None, (0.101, 0.171)),
    "synthetic_neospectra.csv": (1, (200, 1100.0, 2500.0), "nm", "absorbance", (0.036743, -0.146586)),
    "synthetic_nirs.xlsx": (50, (200, 1100.0, 2500.0), None, None, (0.036743, -0.146586)),
    "synthetic_nirs_semicolon.csv": (50, (200, 1100.0, 2500.0), None, None, (0.036743, -0.146586)),
    "synthetic_visionair.csv": (50, (200, 1100.0, 2500.0), None, None, (0.03674, -0.14659)),
    "synthetic_winisi_export.txt": (50, (200, 1100.0, 2500.0), None, None, (0.03674, -0.14659)),
}


def check(blocks, expected):
    n, (points, first, last), unit, quantity, values = expected
    assert sum(len(block.X) for block in blocks) == n
    for block in blocks:
        assert block.X.shape == (len(block.names), points) == (len(block.places), len(block.axis))
        assert block.X.dtype == block.axis.dtype == np.float64
        assert unit in (None, block.unit)
        assert quantity in (None, block.quantity)
        # A JCAMP-DX file says the last abscissa and the step, which may differ a little.
        np.testing.assert_allclose([block.axis[0], block.axis[-1]], [first, last], rtol=1e-4)
        assert all(len(column) == len(block.X) for column in block.columns.values())
    np.testing.assert_allclose(blocks[0].X[0, [0, -1]], values, atol=6e-7, rtol=1e-6)


@needs_files
@pytest.mark.parametrize("name", [*BINARY, *TABLES])
def test_a_file_is_read_as_an_independent_reader_reads_it(name):
    check(read_file(FOLDER / name), {**BINARY, **TABLES}[name])


@needs_files
def test_reflectance_of_asd_is_the_ratio_to_its_white_reference():
    path = FOLDER / "v7_field_44231B009.asd"
    check(read_file(path, asd="raw"), (1, (2151, 350.0, 2500.0), "nm", "counts", (18.622284, 552.631118)))
    (block,) = read_file(path)
    assert block.quantity == "reflectance"
    assert 0 < block.X.min() < block.X.max() < 1
    assert block.meta["serial number"] == "19082"
    assert block.meta["splices (nm)"] == [1000.0, 1800.0]


@needs_files
@pytest.mark.parametrize("name", ["synthetic_perten.csv", "auroranir_handheld_barley_sensAIfood_metadata.xlsx"])
def test_a_file_without_spectra_says_so(name):
    with pytest.raises(NoSpectraError, match=name):
        read_file(FOLDER / name)


@needs_files
def test_a_background_is_no_spectrum():
    with pytest.raises(NoSpectraError, match=r"scpdata_background\.0.*Reference Spectrum"):
        read_file(FOLDER / "scpdata_background.0")


@needs_files
def test_old_spc_names_the_package_that_may_read_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnsupportedFormatError, match=r"LC_DIODE_ARRAY\.SPC.*old format.*nirs4all-formats"):
        read_file(FOLDER / "LC_DIODE_ARRAY.SPC")


@needs_files
def test_the_suffix_does_not_matter(tmp_path):
    for name in ("BENZENE.SPC", "test_spectra.0", "PE1800.DX", "soil.asd"):
        renamed = tmp_path / f"{name}.csv"
        renamed.write_bytes((FOLDER / name).read_bytes())
        assert kind_of_file(renamed) == kind_of_file(FOLDER / name)
        check(read_file(renamed), BINARY[name])


@needs_files
def test_references_and_others_come_from_the_other_sheets():
    (block,) = read_file(FOLDER / "synthetic_multisheet_nirs.xlsx")
    assert block.columns["protein"][:3] == [10.2, 10.6, 11.1]
    assert list(block.columns) == ["batch", "operator", "instrument_model", "replicate", "protein", "moisture"]


@needs_files
def test_names_and_dates_come_from_the_file():
    (block,) = read_file(FOLDER / "BF_lo_01_soil_cal.1")
    assert block.names == ["BF_lo_01_soil_cal"]
    assert (block.meta["instrument"], block.meta["date"].year) == ("Alpha", 2015)
    assert any("absorbance" in note for note in block.notes)  # two blocks
    (block,) = read_file(FOLDER / "nir.spc")
    assert block.names == [str(k) for k in range(1, 21)]
