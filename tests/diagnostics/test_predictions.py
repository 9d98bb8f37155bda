"""Tests of predictions, the worth of further standards, and the influence of each."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.cross_decomposition import PLSRegression
from sklearn.pipeline import make_pipeline

from skspectral.datasets import make_instruments
from skspectral.diagnostics import StandardsCurve, influence_of_standards, standards_curve, transfer_tests
from skspectral.diagnostics._stopping import fit_error_curve
from skspectral.exceptions import AmbiguousInstrumentError, TooFewStandardsError
from skspectral.metrics import bias_test, rmsep, sep_test, slope_test
from skspectral.model_selection import StandardsSplit
from skspectral.preprocessing import SNV
from skspectral.transfer import SBC, MeanShift


@pytest.fixture
def data():
    return make_instruments(12, n_channels=60, n_targets=2, random_state=4)


def labels_of(data):
    return {"instrument": data.instrument, "sample_id": data.sample_id}


class TestTransferTests:
    rng = np.random.default_rng(0)
    y = rng.standard_normal((15, 2))
    predicted = y + np.array([0.0, 0.8]) + 0.2 * rng.standard_normal((15, 2))

    def test_gathers_what_the_metrics_say(self):
        tests = transfer_tests(
            self.y, self.predicted, reference_sep=[0.2, 0.01], reference_df=50, target_names=["oil", "protein"]
        )
        for j in range(2):
            pair = self.y[:, j], self.predicted[:, j]
            assert tests.rmsep[j] == rmsep(*pair)
            assert tests.bias.p_value[j] == bias_test(*pair).p_value
            assert tests.slope.estimate[j] == slope_test(*pair).estimate
            expected = sep_test(*pair, reference_sep=(0.2, 0.01)[j], reference_df=50)
            assert tests.sep_ratio.statistic[j] == pytest.approx(expected.statistic)
        assert tests.passed.tolist() == [True, False]

    def test_the_table_names_properties_and_marks_what_is_significant(self):
        text = str(transfer_tests(self.y, self.predicted, target_names=["oil", "protein"]))
        lines = text.splitlines()
        assert len({len(line) for line in lines[:3]}) == 1
        assert lines[1].startswith("oil") and "*" not in lines[1] and "SEP/ref." not in text
        assert lines[2].startswith("protein") and "0.000*" in lines[2]

    def test_missing_references_are_left_out(self):
        y = self.y.copy()
        y[:5, 0] = np.nan
        tests = transfer_tests(y, self.predicted)
        assert tests.n_samples.tolist() == [10, 15]
        assert tests.bias.estimate[0] == pytest.approx(np.mean(self.predicted[5:, 0] - y[5:, 0]))

    def test_wrong_input_is_explained(self):
        with pytest.raises(ValueError, match="at least 3"):
            transfer_tests([1.0, 2.0], [1.0, 2.0])
        with pytest.raises(ValueError, match="belong together"):
            transfer_tests(self.y, self.predicted, reference_sep=1.0)
        with pytest.raises(ValueError, match="one per property"):
            transfer_tests(self.y, self.predicted, reference_sep=[1.0] * 3, reference_df=5)
        with pytest.raises(ValueError, match="1 names for 2"):
            transfer_tests(self.y, self.predicted, target_names=["oil"])


class TestErrorCurve:
    @pytest.mark.parametrize("power", [1.0, 2.0, 4.0])
    def test_exact_curves_are_found(self, power):
        n = np.array([3, 4, 6, 9, 12])
        np.testing.assert_allclose(fit_error_curve(n, 0.2 + 5 / n**power), [0.2, 5, power], rtol=1e-6)

    def test_a_level_curve_gains_nothing(self):
        np.testing.assert_allclose(fit_error_curve([2, 3, 4, 5], np.full(4, 0.3))[:2], [0.3, 0], atol=1e-12)
        np.testing.assert_array_equal(fit_error_curve([2, 3, 4, 5], np.zeros(4))[:2], [0, 0])

    def curve(self, a, sizes=(3, 4, 6, 9, 12), spread=0.3):
        n = np.array(sizes)
        rng = np.random.default_rng(5)
        each = np.exp(spread * rng.standard_normal((4, 1, 15, 1)))
        squares = (0.01 + a / n)[:, None, None] * each / each.mean()
        return StandardsCurve(n, squares, 15, list(range(15)), ["oil"])

    def test_gain_of_a_known_curve(self):
        gain = self.curve(0.5).gain(5)
        expected = np.sqrt(0.01 + 0.5 / 15) - np.sqrt(0.01 + 0.5 / 20)
        assert gain.gain[0] == pytest.approx(expected, rel=1e-6)
        assert gain.low[0] < expected < gain.high[0] < 2 * gain.low[0]

    def test_advice_tells_steep_from_level(self):
        steep, level = self.curve(0.5).advice_, self.curve(0.0).advice_
        assert steep.startswith("oil: RMSEP about 0.208 with 15 standards; 5 more would buy about 0.021 (10%;")
        assert steep.endswith("measure them.") and level.endswith("stop here.")

    def test_an_uncertain_curve_is_called_so(self):
        noisy = self.curve(0.1)
        wild = np.random.default_rng(1).chisquare(1, size=noisy.squared_errors.shape)
        curve = StandardsCurve(noisy.n_standards, noisy.squared_errors * wild, 15, noisy.sample_id, ["oil"])
        assert "too uncertain" in curve.advice_

    def test_few_points_are_not_extrapolated(self):
        curve = self.curve(0.5, sizes=(3, 6, 9))
        assert "at least 4 are needed" in curve.advice_
        with pytest.raises(TooFewStandardsError, match="at least 4"):
            curve.gain()
        with pytest.raises(TooFewStandardsError, match="at least 4"):
            curve.predict([20])

    def test_nor_are_standards_more_than_doubled(self):
        with pytest.raises(ValueError, match="more than double"):
            self.curve(0.5).gain(16)
        with pytest.raises(ValueError, match="integer >= 1"):
            self.curve(0.5).gain(0)


class TestStandardsCurve:
    def test_all_other_standards_reproduce_leave_one_out(self, data):
        model = SBC(MeanShift(), source="A", target="B")
        curve = standards_curve(model, data.X, data.y, **labels_of(data), n_standards=[11], n_repeats=1)
        errors = []
        for train, test in StandardsSplit(source="A", target="B").split(data.X, data.y, **labels_of(data)):
            part = {name: values[train] for name, values in labels_of(data).items()}
            model.fit(data.X[train], data.y[train], **part)
            errors.append(model.predict(data.X[test]) - data.y[test])
        np.testing.assert_allclose(curve.rmsep[0], np.sqrt(np.mean(np.square(errors), axis=(0, 1))), rtol=1e-6)

    def test_row_order_does_not_matter_and_input_is_left_alone(self, data):
        model, order = MeanShift(source="A", target="B"), np.random.default_rng(0).permutation(len(data.X))
        kept = data.X.copy(), data.y.copy()
        settings = {"n_standards": [2, 5], "n_repeats": 2, "n_folds": 3, "random_state": 1}
        first = standards_curve(model, data.X, data.y, **labels_of(data), **settings)
        shuffled = {name: values[order] for name, values in labels_of(data).items()}
        second = standards_curve(model, data.X[order], data.y[order], **shuffled, **settings)
        np.testing.assert_allclose(first.squared_errors, second.squared_errors, rtol=1e-6)
        np.testing.assert_array_equal(data.X, kept[0])
        np.testing.assert_array_equal(data.y, kept[1])
        assert not hasattr(model, "estimator_")

    def test_held_out_references_do_not_help(self, data):
        """A reference of a tested standard that is far off changes its own error, but no other fold's model."""
        model, settings = SBC(MeanShift(), source="A", target="B"), {"n_standards": [5], "n_repeats": 1}
        y = data.y.copy()
        wrong = data.sample_id == "S00"
        y[wrong] += 100
        curve = standards_curve(model, data.X, y, **labels_of(data), **settings, random_state=0)
        at = curve.sample_id.index("S00")
        assert np.sqrt(curve.squared_errors[0, 0, at, 0]) == pytest.approx(100, rel=0.05)

    def test_tables_pipelines_and_routing(self, data):
        model = make_pipeline(SNV(), MeanShift(source="A", target="B"))
        frame = pd.DataFrame(data.X, columns=[f"{w:.1f}" for w in data.wavelengths])
        settings = {"n_standards": [2, 6], "n_repeats": 1, "n_folds": 3, "random_state": 0}
        plain = standards_curve(model, data.X, data.y[:, 0], **labels_of(data), **settings)
        table = standards_curve(model, frame, data.y[:, 0], **labels_of(data), **settings)
        with sklearn.config_context(enable_metadata_routing=True):
            routed = standards_curve(model, data.X, data.y[:, 0], **labels_of(data), **settings)
        np.testing.assert_allclose(table.rmsep, plain.rmsep)
        np.testing.assert_allclose(routed.rmsep, plain.rmsep)

    def test_missing_references_of_one_property(self, data):
        y = data.y.copy()
        y[data.sample_id == "S01", 1] = np.nan
        model = MeanShift(source="A", target="B")
        curve = standards_curve(model, data.X, y, **labels_of(data), n_standards=[3], n_repeats=1, n_folds=4)
        at = curve.sample_id.index("S01")
        assert np.isnan(curve.squared_errors[0, 0, at]).tolist() == [False, True] and np.isfinite(curve.rmsep).all()

    def test_default_sizes_and_text(self, data):
        model = MeanShift(source="A", target="B")
        names = ["oil", "starch"]
        curve = standards_curve(
            model, data.X, data.y, **labels_of(data), n_repeats=1, n_folds=4, target_names=names, random_state=0
        )
        assert curve.n_standards[0] == 3 and curve.n_standards[-1] == 9 and curve.n_available == 12
        text = str(curve).splitlines()
        assert text[0].split() == ["standards", "oil", "starch"]
        assert [line.split(":")[0] for line in text[-2:]] == names

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"n_standards": [12]}, TooFewStandardsError, "only 11 are left"),
            ({"n_standards": [0, 3]}, ValueError, "numbers of standards"),
            ({"n_standards": []}, ValueError, "numbers of standards"),
            ({"n_repeats": 0}, ValueError, "n_repeats"),
            ({"n_folds": 13}, ValueError, "n_folds"),
            ({"worthwhile": 0}, ValueError, "worthwhile"),
            ({"target_names": ["a"]}, ValueError, "1 names for 2"),
        ],
    )
    def test_wrong_input_is_explained(self, data, arguments, error, message):
        with pytest.raises(error, match=message):
            standards_curve(MeanShift(source="A", target="B"), data.X, data.y, **labels_of(data), **arguments)

    def test_too_few_standards_and_unknown_roles(self, data):
        kept = (data.instrument == "A") | np.isin(data.sample_id, ["S00", "S01"])
        part = {name: values[kept] for name, values in labels_of(data).items()}
        with pytest.raises(TooFewStandardsError, match="at least 3 standards"):
            standards_curve(MeanShift(source="A", target="B"), data.X[kept], data.y[kept], **part)
        with pytest.raises(AmbiguousInstrumentError, match="say which is the source"):
            standards_curve(MeanShift(), data.X, data.y, **labels_of(data))


class TestInfluence:
    def test_equals_refitting_by_hand(self, data):
        model = MeanShift(source="A", target="B")
        result = influence_of_standards(model, data.X, data.y, **labels_of(data))
        on_target = data.instrument == "B"
        full = model.fit(data.X, data.y, **labels_of(data)).predict(data.X[on_target])
        for i, label in enumerate(result.sample_id):
            kept = ~(on_target & (data.sample_id == label))
            part = {name: values[kept] for name, values in labels_of(data).items()}
            without = model.fit(data.X[kept], data.y[kept], **part).predict(data.X[on_target])
            np.testing.assert_allclose(result.change[i], np.sqrt(np.mean((full - without) ** 2, axis=0)), rtol=1e-6)
            np.testing.assert_allclose(result.shift[i], (full - without).mean(axis=0), rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(np.mean(result.standardised**2, axis=0), 1)

    def test_a_wrong_standard_decides_most(self, data):
        X = data.X.copy()
        richest, poorest = np.argmax(data.y[:12, 0]), np.argmin(data.y[:12, 0])
        X[(data.instrument == "B") & (data.sample_id == "S07")] += 3 * (X[richest] - X[poorest])
        model = MeanShift(PLSRegression(3), source="A", target="B")
        result = influence_of_standards(model, X, data.y, **labels_of(data))
        assert result.sample_id[int(np.argmax(result.standardised[:, 0]))] == "S07"
        assert result.standardised[:, 0].max() > 2.5

    def test_a_reference_set_of_its_own(self, data):
        model, reference = MeanShift(source="A", target="B"), data.X[12:15] + 0.01
        result = influence_of_standards(
            model, data.X, data.y[:, 0], **labels_of(data), X_reference=reference, target_names=["oil"]
        )
        assert result.change.shape == (12, 1)
        lines = str(result).splitlines()
        assert lines[0].split() == ["standard", "oil"] and len(lines) == 14

    def test_wrong_input_is_explained(self, data):
        kept = (data.instrument == "A") | np.isin(data.sample_id, ["S00", "S01"])
        part = {name: values[kept] for name, values in labels_of(data).items()}
        with pytest.raises(TooFewStandardsError, match="at least 3 samples"):
            influence_of_standards(MeanShift(source="A", target="B"), data.X[kept], data.y[kept], **part)
        with pytest.raises(ValueError, match="1 names for 2"):
            influence_of_standards(
                MeanShift(source="A", target="B"), data.X, data.y, **labels_of(data), target_names=["oil"]
            )
