import sys

import numpy as np
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt

from skspectral.datasets import make_instruments
from skspectral.exceptions import AxisMismatchError, OptionalDependencyError
from skspectral.metrics import bias, r2, rmsep
from skspectral.plotting import (
    CellHeatmapDisplay,
    PredictedMeasuredDisplay,
    SpectraDifferenceDisplay,
    TransferCurveDisplay,
)
from skspectral.plotting._common import STYLES

plt.switch_backend("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def results():
    """Two methods at two numbers of standards with two repeats, and both levels."""
    rows = [
        ("DS", 5, 0.50), ("DS", 5, 0.30), ("DS", 10, 0.20), ("DS", 10, 0.20),
        ("PDS", 10, 0.10), ("PDS", 5, 0.15), ("PDS", 10, 0.30), ("PDS", 5, 0.25),
        ("SourceOnly", 0, 1.5), ("SourceOnly", 0, 2.5), ("native", 60, 0.10), ("native", 60, 0.14),
    ]  # fmt: skip
    method, n_standards, values = zip(*rows)
    return {"method": method, "n_standards": n_standards, "rmsep": values}


def legend(owner):
    found = owner.legend_ if isinstance(owner, PredictedMeasuredDisplay) else owner.get_legend()
    return [text.get_text() for text in found.get_texts()]


def shown_texts(ax):
    """Axis labels, tick labels within the limits, and the legend; slanted text has no box of its own."""
    texts = list(ax.get_legend().get_texts()) if ax.get_legend() else []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        texts += [axis.label, *(tick.label1 for tick in ticks), *(tick.label2 for tick in ticks)]
    return [text for text in texts if text.get_visible() and text.get_text() and text.get_rotation() % 90 == 0]


def legible(figure):
    """Draw, and check that no two texts lie over each other and none leaves the figure."""
    figure.canvas.draw()
    texts = [text for ax in figure.axes for text in shown_texts(ax)]
    texts += [text for found in figure.legends for text in found.get_texts()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    assert len(boxes) > 5
    for i, (text, box) in enumerate(boxes):
        assert box.x0 >= -1 and box.y0 >= -1, text
        assert box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1, text
        for other_text, other in boxes[i + 1 :]:
            assert not box.padded(-1).overlaps(other.padded(-1)), (text, other_text)


def test_series_differ_in_colour_and_marker():
    assert len({(style["color"], style["marker"]) for style in STYLES}) == len(STYLES) == 63


class TestPredictedMeasured:
    y_true = np.array([1.0, 2.0, 3.0, np.nan, 5.0])
    y_pred = np.array([1.1, 2.1, 2.9, 4.0, 5.3])

    def test_points_line_and_figures_of_merit(self):
        display = PredictedMeasuredDisplay.from_predictions(self.y_true, self.y_pred, target_name="oil", unit="%")
        known = ~np.isnan(self.y_true)
        measured, predicted = self.y_true[known], self.y_pred[known]
        np.testing.assert_array_equal(display.scatter_[""].get_offsets(), np.column_stack([measured, predicted]))
        x, y = display.line_.get_data()
        np.testing.assert_array_equal(x, y)
        assert x[0] < 1.0 and x[1] > 5.3 and display.ax_.get_xlim() == display.ax_.get_ylim()
        assert display.ax_.get_xlabel() == "Measured oil (%)" and display.ax_.get_ylabel() == "Predicted oil (%)"
        (text,) = legend(display)
        assert f"RMSEP {rmsep(measured, predicted):.3g} %" in text
        assert f"bias {bias(measured, predicted):+.2g} %" in text
        assert f"R² {r2(measured, predicted):.3f}" in text
        legible(display.figure_)

    def test_methods_and_instruments_have_their_own_colour(self):
        methods = {"DS": self.y_pred, "PDS": self.y_pred + 1}
        display = PredictedMeasuredDisplay.from_predictions(self.y_true, methods)
        np.testing.assert_allclose(display.scatter_["PDS"].get_offsets()[:, 1], self.y_pred[[0, 1, 2, 4]] + 1)
        group = np.array(["B", "A", "B", "A", "A"])
        groups = PredictedMeasuredDisplay.from_predictions(self.y_true, self.y_pred, group=group)
        np.testing.assert_array_equal(groups.scatter_["A"].get_offsets(), [[2.0, 2.1], [5.0, 5.3]])
        for shown in (display, groups):
            first, second = (points.get_facecolor() for points in shown.scatter_.values())
            assert not np.allclose(first, second)
        assert [text.split(":")[0] for text in legend(groups)] == ["B", "A"]
        legible(display.figure_)

    @pytest.mark.parametrize("n_methods", [1, 4, 12])
    def test_the_legend_stays_in_the_figure_and_off_the_axes(self, n_methods):
        methods = {f"Method {i}": self.y_pred + i for i in range(n_methods)}
        display = PredictedMeasuredDisplay.from_predictions(self.y_true, methods, target_name="oil", unit="% w/w")
        legible(display.figure_)
        top = max(text.get_window_extent().y1 for text in display.legend_.get_texts())
        assert top <= display.ax_.xaxis.label.get_window_extent().y0

    def test_a_single_column_is_one_property(self):
        display = PredictedMeasuredDisplay.from_predictions([[1.0], [2.0]], [[1.5], [2.0]])
        np.testing.assert_array_equal(display.scatter_[""].get_offsets(), [[1.0, 1.5], [2.0, 2.0]])

    def test_one_value_has_no_r2(self):
        display = PredictedMeasuredDisplay.from_predictions([2.0], [2.5])
        assert "R²" not in legend(display)[0] and "RMSEP 0.5" in legend(display)[0]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([1, 2], [1, 2, 3]), "2 measured values but 3 predictions"),
            (([[1, 2]], [[1, 2]]), "choose one property"),
            (([[1, 2]], [1, 2]), "choose one property"),
            (([np.nan], [1.0]), "no measured value"),
        ],
    )
    def test_wrong_input_is_explained(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            PredictedMeasuredDisplay.from_predictions(*arguments)

    def test_methods_and_groups_exclude_each_other(self):
        with pytest.raises(ValueError, match="not both"):
            PredictedMeasuredDisplay.from_predictions([1], {"DS": [1]}, group=["A"])
        with pytest.raises(ValueError, match="group has shape"):
            PredictedMeasuredDisplay.from_predictions([1, 2], [1, 2], group=["A"])


class TestTransferCurve:
    def test_numbers_that_lie_close_together_do_not_cover_one_another(self):
        numbers = [1, 2, 3, 5, 10, 15, 20, 30, 50]
        results = {"method": ["PDS"] * 9, "n_standards": numbers, "rmsep": np.linspace(0.5, 0.3, 9)}
        display = TransferCurveDisplay.from_results(results)
        display.figure_.set_size_inches(4.0, 3.0)
        legible(display.figure_)
        assert display.ax_.get_xticks().tolist() == numbers
        assert [label.get_text() for label in display.ax_.get_xticklabels()][-1] == "50"

    def test_means_bands_and_levels(self, results):
        display = TransferCurveDisplay.from_results(results, unit="%")
        assert list(display.lines_) == ["DS", "PDS"]
        np.testing.assert_allclose(display.lines_["PDS"].get_xydata(), [[5, 0.20], [10, 0.20]])
        np.testing.assert_allclose(display.lines_["DS"].get_xydata(), [[5, 0.40], [10, 0.20]])
        sd = np.sqrt(0.02)
        edges = display.bands_["DS"].get_paths()[0].vertices
        np.testing.assert_allclose(sorted(set(edges[edges[:, 0] == 5, 1].round(9))), [0.4 - sd, 0.4 + sd], atol=1e-8)
        levels = {label: line.get_ydata()[0] for label, line in display.levels_.items()}
        assert levels == pytest.approx({"no transfer": 2.0, "native calibration": 0.12})
        assert [line.get_linestyle() for line in display.levels_.values()] == [":", "--"]
        assert legend(display.ax_) == ["DS", "PDS", "no transfer", "native calibration"]
        assert display.ax_.get_ylabel() == "RMSEP (%)"
        assert [tick.get_text() for tick in display.ax_.get_xticklabels()] == ["5", "10"]
        legible(display.figure_)

    def test_ordinate_is_logarithmic_only_where_errors_differ_by_factors(self, results):
        assert TransferCurveDisplay.from_results(results).ax_.get_yscale() == "log"
        alike = TransferCurveDisplay.from_results(results, no_transfer=None, native=None, methods=["DS", "PDS"])
        assert alike.ax_.get_yscale() == "linear" and not alike.levels_

    def test_a_single_repeat_has_no_band_and_nan_is_left_out(self):
        table = {"method": ["DS", "DS", "DS"], "n_standards": [5, 10, 10], "rmsep": [0.3, 0.2, np.nan]}
        display = TransferCurveDisplay.from_results(table)
        assert not display.bands_
        np.testing.assert_array_equal(display.lines_["DS"].get_xydata(), [[5, 0.3], [10, 0.2]])

    def test_tables_of_pandas_are_taken_too(self, results):
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame(results).sample(frac=1, random_state=0).set_index(np.arange(12)[::-1])
        display = TransferCurveDisplay.from_results(frame, methods=["PDS", "DS"])
        np.testing.assert_allclose(display.lines_["DS"].get_xydata(), [[5, 0.40], [10, 0.20]])
        assert list(display.lines_) == ["PDS", "DS"]

    def test_wrong_input_is_explained(self, results):
        with pytest.raises(ValueError, match="no column 'sep'"):
            TransferCurveDisplay.from_results(results, metric="sep")
        with pytest.raises(ValueError, match="no method 'CCA', only DS, PDS"):
            TransferCurveDisplay.from_results(results, methods=["CCA"])
        with pytest.raises(ValueError, match="no rows"):
            TransferCurveDisplay.from_results({"method": [], "n_standards": [], "rmsep": []})
        with pytest.raises(ValueError, match=r"must be numbers.*all"):
            TransferCurveDisplay.from_results({"method": ["DS"], "n_standards": ["all"], "rmsep": [1.0]})


class TestCellHeatmap:
    table = {
        "method": ["SourceOnly", "DS", "DS", "SourceOnly", "native", "native"],
        "source": ["m5"] * 6,
        "target": ["mp5", "mp5", "mp5", "mp6", "mp5", "mp6"],
        "property": ["oil"] * 6,
        "rmsep": [4.0, 0.2, 0.4, 0.5, 0.1, 0.25],
    }

    def test_values_are_means_and_are_printed(self):
        display = CellHeatmapDisplay.from_results(self.table)
        assert display.cells == ["m5 → mp5 oil", "m5 → mp6 oil"]
        assert display.methods == ["SourceOnly", "DS", "native"]
        np.testing.assert_allclose(display.values, [[4.0, 0.5], [0.3, np.nan], [0.1, 0.25]])
        assert [[text.get_text() for text in row] for row in display.text_] == [
            ["4.00", "0.50"],
            ["0.30", "n/a"],
            ["0.10", "0.25"],
        ]
        np.testing.assert_allclose(display.im_.get_array().filled(np.nan), display.values)
        assert [tick.get_text() for tick in display.ax_.get_yticklabels()] == display.methods
        legible(display.figure_)

    def test_values_relative_to_a_method(self):
        display = CellHeatmapDisplay.from_results(self.table, relative_to="native", methods=["DS", "SourceOnly"])
        np.testing.assert_allclose(display.values, [[3.0, np.nan], [40.0, 2.0]])
        assert display.figure_.axes[1].get_ylabel() == "RMSEP relative to native"

    def test_ink_contrasts_with_the_colour_below(self):
        display = CellHeatmapDisplay.from_results(self.table)
        for text, value in zip(display.text_.ravel(), display.values.ravel()):
            if np.isnan(value):
                continue
            red, green, blue, _ = display.im_.cmap(display.im_.norm(value))
            back = 0.2126 * red + 0.7152 * green + 0.0722 * blue
            assert abs(back - (text.get_color() == "white")) > 0.35

    def test_colours_are_logarithmic_for_errors_and_linear_for_signed_values(self):
        assert isinstance(CellHeatmapDisplay.from_results(self.table).im_.norm, colors.LogNorm)
        signed = {**self.table, "r2": [-3, 0.2, 0.4, 0.5, 0.9, 0.8]}
        display = CellHeatmapDisplay.from_results(signed, metric="r2")
        assert type(display.im_.norm) is colors.Normalize
        assert display.figure_.axes[1].get_ylabel() == "R²"

    def test_wrong_input_is_explained(self):
        with pytest.raises(ValueError, match="no method 'CCA'"):
            CellHeatmapDisplay.from_results(self.table, relative_to="CCA")
        with pytest.raises(ValueError, match="no column 'instrument'"):
            CellHeatmapDisplay.from_results(self.table, cell=["instrument"])


class TestSpectraDifference:
    @pytest.fixture
    def spectra(self):
        data = make_instruments(20)
        source, target = data.X[:20], data.X[20:]
        return source, target, target - target.mean(axis=0) + source.mean(axis=0), data.wavelengths

    def test_means_differences_and_bands(self, spectra):
        source, target, mapped, axis = spectra
        display = SpectraDifferenceDisplay.from_spectra(source, target, mapped, wavelengths=axis)
        for name, X in (("source", source), ("target", target), ("transferred", mapped)):
            np.testing.assert_array_equal(display.spectra_[name].get_xdata(), axis)
            np.testing.assert_allclose(display.spectra_[name].get_ydata(), X.mean(axis=0))
        np.testing.assert_allclose(display.differences_["before"].get_ydata(), (target - source).mean(axis=0))
        np.testing.assert_allclose(display.differences_["after"].get_ydata(), 0, atol=1e-12)
        before, after = (np.sqrt(np.mean((X - source) ** 2)) for X in (target, mapped))
        expected = [f"before transfer (RMS {before:.2g})", f"after transfer (RMS {after:.2g})"]
        assert legend(display.ax_[1]) == expected
        edges = display.bands_["before"].get_paths()[0].vertices
        assert edges[:, 1].max() == pytest.approx(np.max((target - source).mean(0) + (target - source).std(0)))
        assert display.ax_[1].get_xlabel() == "Wavelength (nm)"
        legible(display.figure_)

    def test_wavenumbers_run_from_high_to_low(self, spectra):
        source, target, mapped, axis = spectra
        display = SpectraDifferenceDisplay.from_spectra(
            source, target, mapped, wavelengths=1e7 / axis, axis_unit="cm-1"
        )
        left, right = display.ax_[0].get_xlim()
        assert left > right and display.ax_[1].get_xlabel() == "Wavenumber (cm⁻¹)"

    def test_wrong_input_is_explained(self, spectra):
        source, target, mapped, axis = spectra
        with pytest.raises(ValueError, match="same samples"):
            SpectraDifferenceDisplay.from_spectra(source, target[:5], mapped, wavelengths=axis)
        with pytest.raises(AxisMismatchError):
            SpectraDifferenceDisplay.from_spectra(source, target, mapped, wavelengths=axis[:-1])
        with pytest.raises(ValueError, match="axis_unit"):
            SpectraDifferenceDisplay.from_spectra(source, target, mapped, wavelengths=axis, axis_unit="um")


def test_displays_draw_on_given_axes_and_again(results):
    figure, ax = plt.subplots()
    display = TransferCurveDisplay.from_results(results, ax=ax, linewidth=3)
    assert display.ax_ is ax and display.figure_ is figure
    assert display.lines_["DS"].get_linewidth() == 3
    figure, axes = plt.subplots(2)
    X, wavelengths = np.random.default_rng(0).random((3, 4)), np.arange(4.0)
    display = SpectraDifferenceDisplay.from_spectra(X, X, X, wavelengths=wavelengths, ax=axes)
    assert display.figure_ is figure
    assert display.plot() is display and display.figure_ is not figure
    with pytest.raises(ValueError, match="needs 2 axes, got 1"):
        SpectraDifferenceDisplay.from_spectra(X, X, X, wavelengths=wavelengths, ax=axes[0])


def test_without_matplotlib_the_extra_is_named(monkeypatch, results):
    for module in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OptionalDependencyError, match=r"pip install 'skspectral\[plot\]'"):
        TransferCurveDisplay.from_results(results)


def test_importing_the_displays_does_not_import_matplotlib():
    import subprocess

    code = "import sys, skspectral.plotting; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
