"""The table of spectra: conversions, selections, joining, and what estimators take from it."""

import warnings

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skspectral import PDS, SNV, AutoTransfer, MeanShift, PLSRegressionCV
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AxisMismatchError,
    AxisUnitError,
    NonFiniteSpectraError,
    QuantityError,
    ReadingOptionError,
    TableError,
)
from skspectral.io import SpectraTable

R = np.array([[0.1, 0.5, 1.0], [0.2, 0.4, 0.8]])
AXIS = np.array([1100.0, 1102.0, 1104.0])


@pytest.mark.parametrize(
    ("quantity", "X"),
    [
        ("reflectance", R),
        ("% reflectance", 100 * R),
        ("transmittance", R),
        ("% transmittance", 100 * R),
        ("absorbance", -np.log10(R)),
        ("log 1/R", -np.log10(R)),
        ("Kubelka-Munk", (1 - R) ** 2 / (2 * R)),
    ],
)
def test_to_absorbance(quantity, X):
    table = SpectraTable(X, AXIS, quantity=quantity).to_absorbance()
    np.testing.assert_allclose(table.X, -np.log10(R), atol=1e-12)
    assert table.quantity == "absorbance"


def test_what_has_no_absorbance_is_refused():
    for quantity in ("counts", "unknown"):
        with pytest.raises(QuantityError, match=quantity):
            SpectraTable(R, AXIS, quantity=quantity).to_absorbance()
    bad = R.copy()
    bad[1, 2] = 0.0
    with pytest.raises(QuantityError, match=r"sample s2, 1104 nm: 0 is no positive value"):
        SpectraTable(bad, AXIS, quantity="reflectance", sample_id=["s1", "s2"]).to_absorbance()
    with pytest.raises(ReadingOptionError, match="quantity must be one of"):
        SpectraTable(R, AXIS, quantity="albedo")


def test_each_instrument_is_converted_from_its_own_quantity():
    table = SpectraTable(
        np.vstack([R, 100 * R]), AXIS, instrument=["A", "A", "B", "B"],
        quantity={"A": "reflectance", "B": "% reflectance"},
    )  # fmt: skip
    np.testing.assert_allclose(table.to_absorbance().X[:2], table.to_absorbance().X[2:])
    np.testing.assert_array_equal(table.X[:2], R)


def test_axes_ascend_and_convert():
    table = SpectraTable(R, AXIS[::-1])
    np.testing.assert_array_equal(table.wavelengths, AXIS)
    np.testing.assert_array_equal(table.X, R[:, ::-1])
    um = table.in_unit("um")
    np.testing.assert_allclose(um.wavelengths, AXIS / 1000)
    with pytest.raises(AxisUnitError, match="laser"):
        table.in_unit("Raman shift")
    with pytest.raises(AxisUnitError, match="unit must be one of"):
        table.in_unit("inch")
    with pytest.raises(AxisMismatchError, match="strictly"):
        SpectraTable(R, [1, 2, 2])


def test_rows_and_instruments_are_selected_and_joined():
    table = SpectraTable(np.vstack([R, R + 1]), AXIS, instrument=["A", "A", "B", "B"], sample_id=["s", "t", "s", "t"],
                         y=[1, 2, np.nan, np.nan], properties=["fat"], columns={"day": [1, 2, 3, 4]})  # fmt: skip
    b = table.select(instruments="B")
    assert b.instruments == ["B"] and b.columns["day"].tolist() == [3, 4]
    assert table.select(table.sample_id == "s").instrument.tolist() == ["A", "B"]
    again = SpectraTable.concat([table.select(instruments=["A"]), b])
    np.testing.assert_array_equal(again.X, table.X)
    np.testing.assert_array_equal(again.y, table.y)
    short = SpectraTable(R[:, :2], AXIS[:2], instrument=["C", "C"], y=[3, 4], properties=["oil"])
    wide = SpectraTable.concat([b, short])
    assert set(wide.wavelengths) == {"B", "C"} and wide.properties == ["fat", "oil"]
    np.testing.assert_array_equal(wide.select(instruments="C").X, R[:, :2])
    with pytest.raises(TableError, match="two axes for instrument 'C'"):
        SpectraTable.concat([short, SpectraTable(R, AXIS, instrument=["C", "C"])])
    with pytest.raises(TableError, match="No row is left"):
        table.select(np.zeros(4, bool))


def test_estimators_take_it_without_a_word():
    data = make_instruments(n_samples=30, n_channels=40, random_state=0)
    table = SpectraTable(data.X, data.wavelengths, instrument=data.instrument, sample_id=data.sample_id,
                         y=data.y, quantity="absorbance")  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model in (PDS(source="A", target="B"), MeanShift(source="A", target="B")):
            fitted = model.fit(**table.fit_arguments())
            new = table.select(instruments="B")
            of_table = fitted.predict(new.fit_arguments()["X"])
    np.testing.assert_array_equal(of_table, fitted.predict(new.X))


def test_masked_values_are_missing_references_and_refused_spectra():
    y = np.ma.masked_values([9.0, -1.0], -1.0)
    np.testing.assert_array_equal(SpectraTable(R, AXIS, y=y).y, [[9], [np.nan]])
    with pytest.raises(NonFiniteSpectraError, match="masked"):
        SpectraTable(np.ma.masked_less(R, 0.15), AXIS)


def test_lengths_are_checked():
    for wrong in (
        {"sample_id": ["a"]},
        {"y": [1, 2, 3]},
        {"columns": {"day": [1]}},
        {"y": R, "properties": ["a", "a", "b"]},
    ):
        with pytest.raises(TableError):
            SpectraTable(R, AXIS, **wrong)


def test_plot():
    pytest.importorskip("matplotlib").use("Agg")
    table = SpectraTable(np.vstack([R, R]), AXIS, instrument=["A", "A", "B", "B"], quantity="reflectance")
    ax = table.plot()
    assert len(ax.lines) == 4 and ax.get_xlabel() == "Wavelength (nm)" and ax.get_ylabel() == "reflectance"


def test_mid_infrared_spectra_keep_their_axis_in_estimators():
    data = make_instruments(n_samples=30, n_channels=40, random_state=0)
    table = SpectraTable(data.X, np.linspace(600, 4000, 40), unit="cm-1", instrument=data.instrument,
                         sample_id=data.sample_id, y=data.y).in_unit("nm")  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = MeanShift(source="A", target="B").fit(**table.fit_arguments())
        same = MeanShift(source="A", target="B").fit(**(table.fit_arguments() | {"X": table}))
    np.testing.assert_allclose(model.wavelengths_, table.wavelengths)
    np.testing.assert_array_equal(model.predict(table), same.predict(table))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = AutoTransfer(source="A", target="B").fit(**table.fit_arguments())
    np.testing.assert_allclose(model.wavelengths_, table.wavelengths)


def test_searches_and_frames_keep_the_axis_and_its_unit():
    data = make_instruments(30, random_state=0)
    wavenumbers = 1e7 / data.wavelengths[::-1]
    table = SpectraTable(data.X[:30, ::-1], wavenumbers, unit="cm-1", y=data.y[:30], properties=["protein"])
    search = GridSearchCV(PLSRegressionCV(), {"max_components": [4, 6]}, cv=3).fit(table, data.y[:30])
    nm = SpectraTable(data.X[:30], data.wavelengths)
    np.testing.assert_array_equal(search.predict(nm), search.predict(table))
    assert table[[3, 1]].X.shape == (2, 200)
    arguments = table.fit_arguments()
    np.testing.assert_allclose(arguments["X"].columns[[0, -1]], data.wavelengths[[-1, 0]])
    np.testing.assert_array_equal(search.predict(arguments["X"]), search.predict(table))
    shift = SpectraTable(data.X[:3], data.wavelengths, unit="Raman shift").fit_arguments()["X"]
    assert shift.columns[0] == "1100.0 Raman shift"
    assert SNV().fit(shift).axis_unit_ == "Raman shift"
