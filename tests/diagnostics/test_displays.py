"""Displays of the diagnostics."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from skspectral.datasets import make_instruments
from skspectral.diagnostics import SpectralLimits, StandardsCurve, StandardsInfluence
from skspectral.exceptions import OptionalDependencyError
from skspectral.plotting import QT2Display, StandardsCurveDisplay, StandardsInfluenceDisplay

from ..plotting.test_plotting import legend, legible

plt.switch_backend("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def curve():
    n = np.array([3, 4, 6, 9, 12])
    each = np.exp(0.3 * np.random.default_rng(0).standard_normal((4, 1, 15, 2)))
    squares = (0.01 + 0.5 / n)[:, None, None] * each * [1.0, 9.0]
    return StandardsCurve(n, squares, 15, list(range(15)), ["oil", "protein"])


@pytest.fixture
def influence():
    rng = np.random.default_rng(1)
    change = rng.uniform(0.1, 0.3, (12, 2))
    change[7] = 2.0
    return StandardsInfluence([f"S{i:02d}" for i in range(12)], change, change, ["oil", "protein"])


class TestQT2:
    @pytest.fixture
    def drawn(self):
        data = make_instruments(40, n_channels=60, noise=1e-3)
        limits = SpectralLimits(3).fit(data.X[:40])
        mapped = data.X[40:] - data.X[40:].mean(axis=0) + data.X[:40].mean(axis=0)
        sets = {"before transfer": data.X[40:], "after transfer": mapped}
        return limits, sets, QT2Display.from_limits(limits, sets)

    def test_points_are_in_units_of_the_limits(self, drawn):
        limits, sets, display = drawn
        for name, X in sets.items():
            result = limits.check(X)
            t2, q = display.scatter_[name].get_offsets().T
            np.testing.assert_allclose(q, result.q / limits.q_limit_)
            np.testing.assert_allclose(t2, np.maximum(result.t2 / limits.t2_limit_, 1e-3))
        assert [line.get_xydata()[0].tolist() for line in display.limits_] == [[1.0, 0.0], [0.0, 1.0]]
        assert display.ax_.get_xscale() == display.ax_.get_yscale() == "log"
        legible(display.figure_)

    def test_the_legend_counts_what_is_outside(self, drawn):
        limits, sets, display = drawn
        n_before, n_after = (limits.check(X).outside.sum() for X in sets.values())
        assert legend(display.ax_)[:2] == [
            f"before transfer: {n_before} of 40 outside",
            f"after transfer: {n_after} of 40 outside",
        ]
        assert n_after < n_before

    def test_nothing_to_draw_is_explained(self, drawn):
        with pytest.raises(ValueError, match="no set to draw"):
            QT2Display.from_limits(drawn[0], {})


class TestStandardsCurveDisplay:
    def test_several_properties_are_relative_to_most_standards(self, curve):
        display = StandardsCurveDisplay.from_curve(curve)
        for j, name in enumerate(curve.target_names):
            data_line = display.points_[name].lines[0]
            np.testing.assert_allclose(data_line.get_ydata(), curve.rmsep[:, j] / curve.rmsep[-1, j])
            solid, dashed = display.fits_[name]
            assert solid.get_xdata()[-1] == dashed.get_xdata()[0] == 15 and dashed.get_xdata()[-1] == 20
            np.testing.assert_allclose(dashed.get_ydata(), curve.predict(dashed.get_xdata())[:, j] / curve.rmsep[-1, j])
        assert display.ax_.get_ylabel() == "RMSEP / RMSEP with 12 standards"
        assert legend(display.ax_) == ["oil", "protein"]
        legible(display.figure_)

    def test_one_property_has_its_unit(self, curve):
        one = StandardsCurve(curve.n_standards, curve.squared_errors[..., :1], 15, curve.sample_id, ["oil"])
        display = StandardsCurveDisplay.from_curve(one, unit="%")
        np.testing.assert_allclose(display.points_["oil"].lines[0].get_ydata(), one.rmsep[:, 0])
        assert display.ax_.get_ylabel() == "RMSEP (%)"
        segments = display.points_["oil"].lines[2][0].get_segments()
        spread = one.rmsep_of_repeats[:, :, 0].std(axis=0, ddof=1)
        np.testing.assert_allclose([np.ptp(segment[:, 1]) / 2 for segment in segments], spread)

    def test_few_points_have_no_curve(self, curve):
        few = StandardsCurve(curve.n_standards[:3], curve.squared_errors[:1, :3], 15, curve.sample_id, ["a", "b"])
        display = StandardsCurveDisplay.from_curve(few)
        assert not display.fits_ and display.ax_.get_xlim()[1] < 8


class TestStandardsInfluenceDisplay:
    def test_bars_from_the_most_influential_down(self, influence):
        display = StandardsInfluenceDisplay.from_influence(influence)
        labels = [tick.get_text() for tick in display.ax_.get_yticklabels()]
        assert labels[0] == "S07" and len(labels) == 12
        order = [influence.sample_id.index(label) for label in labels]
        for j, name in enumerate(influence.target_names):
            np.testing.assert_allclose(
                [bar.get_width() for bar in display.bars_[name]], influence.standardised[order, j]
            )
        assert display.ax_.yaxis_inverted() and display.line_.get_xdata()[0] == 1
        assert set(legend(display.ax_)) == {"typical", "oil", "protein"}
        legible(display.figure_)

    def test_only_the_first_are_shown(self, influence):
        display = StandardsInfluenceDisplay.from_influence(influence, max_standards=4)
        assert len(display.bars_["oil"]) == 4
        with pytest.raises(ValueError, match="at least 1"):
            StandardsInfluenceDisplay.from_influence(influence, max_standards=0)


def test_displays_draw_on_given_axes_and_again(curve, influence):
    figure, (left, right) = plt.subplots(1, 2)
    first = StandardsCurveDisplay.from_curve(curve, ax=left, elinewidth=3)
    second = StandardsInfluenceDisplay.from_influence(influence, ax=right, alpha=0.5)
    assert first.figure_ is second.figure_ is figure and second.ax_ is right
    assert first.points_["oil"].lines[2][0].get_linewidths() == [3]
    assert second.bars_["oil"][0].get_alpha() == 0.5
    assert first.plot() is first and first.figure_ is not figure


def test_without_matplotlib_the_extra_is_named(monkeypatch, influence):
    import sys

    for module in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OptionalDependencyError, match=r"skspectral\[plot\]"):
        StandardsInfluenceDisplay.from_influence(influence)
