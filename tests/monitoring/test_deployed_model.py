"""A deployed model that is watched and mended: SEP from its validation, predictions into the log, new standards."""

import numpy as np
import pytest

from skspectral import DS, MeanShift, TransferredModel
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AxisMismatchError,
    CheckLogError,
    CheckLogWarning,
    NoSourceError,
    NoStandardsError,
    QuantityError,
    TooFewStandardsError,
    UnknownInstrumentError,
)
from skspectral.io import SpectraTable
from skspectral.monitoring import CheckLog, CheckSamples, ControlChart, update

N = 60


def rows(table, instrument, samples):
    wanted = {f"S{i:02d}" for i in samples}
    return table.select(
        np.array([label == instrument and s in wanted for label, s in zip(table.instrument, table.sample_id)])
    )


def changed(table, **changes):
    given = {"instrument": table.instrument, "sample_id": table.sample_id, "y": table.y} | {
        "properties": table.properties, "unit": table.unit, "quantity": "absorbance", "X": table.X,
        "wavelengths": table.wavelengths,
    } | changes  # fmt: skip
    return SpectraTable(given.pop("X"), given.pop("wavelengths"), **given)


@pytest.fixture(scope="module")
def data():
    """Instruments A, B and C; two properties."""
    made = make_instruments(N, n_instruments=3, n_channels=60, n_targets=2, random_state=0)
    return SpectraTable(
        made.X, made.wavelengths, quantity="absorbance", instrument=made.instrument, sample_id=made.sample_id,
        y=made.y, properties=["protein", "fat"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def table(data):
    """Calibration samples on A, ten standards on B."""
    return SpectraTable.concat([rows(data, "A", range(30)), rows(data, "B", range(10))])


@pytest.fixture(scope="module")
def model(table):
    return TransferredModel.fit(table, source="A", target="B", method=MeanShift())


def rmse(model, table):
    return np.sqrt(np.mean((model.predict(table).value - table.y) ** 2, axis=0))


def test_sep_and_its_degrees_of_freedom_are_those_of_the_validation(model):
    chart = ControlChart.for_model(model, "fat", shift=1.0)
    held = model.records["B"].held_out
    assert (chart.sep, chart.sep_df, chart.shift) == (pytest.approx(held.sep[1]), 9, 1.0)
    with pytest.raises(ValueError, match="predicts protein, fat, not 'oil'"):
        ControlChart.for_model(model, "oil")
    with pytest.raises(UnknownInstrumentError, match="no target 'D'"):
        ControlChart.for_model(model, "fat", target="D")


def test_without_validation_an_sep_is_asked_for(table):
    unvalidated = TransferredModel.fit(table, source="A", target="B", method=MeanShift(), validate=False)
    with pytest.raises(TooFewStandardsError, match=r"not validated.*Give sep"):
        ControlChart.for_model(unvalidated, "fat")


def test_predictions_become_check_samples(model, data, tmp_path):
    new = rows(data, "B", range(40, 52))
    twice = SpectraTable.concat([new, changed(new, X=new.X + 1e-4)])
    checks = CheckSamples.from_model(model, twice, date="2026-03-09")
    assert len(checks) == 24 and checks.properties == ["protein", "fat"]
    predicted = model.predict(twice, per_sample=True)
    of = checks.of("fat")
    assert of.sample.tolist() == predicted.labels["sample_id"]
    np.testing.assert_allclose(of.predicted, predicted.value[:, 1])
    np.testing.assert_allclose(of.reference, new.y[:, 1])
    log = CheckLog(tmp_path / "checks.csv")
    log.append(checks)
    assert not ControlChart.for_model(model, "fat").check(log.read().of("fat")).alarm


def test_check_samples_that_cannot_be_used(model, data):
    new = rows(data, "B", range(40, 44))
    with pytest.raises(CheckLogError, match="references of protein, fat, and the table has oil, ash"):
        CheckSamples.from_model(model, changed(new, properties=["oil", "ash"]), date="2026-03-09")
    with pytest.raises(CheckLogError, match="no name"):
        CheckSamples.from_model(model, changed(new, sample_id=None), date="2026-03-09")
    with pytest.raises(CheckLogError, match="No check sample"):
        CheckSamples.from_model(model, changed(new, y=np.full((4, 2), np.nan)), date="2026-03-09")
    X = new.X.copy()
    X[1] = 0.5
    with pytest.warns(CheckLogWarning, match=r"S41 \(not predicted: the spectrum is constant"):
        assert set(CheckSamples.from_model(model, changed(new, X=X), date="2026-03-09").sample) == {"S40", "S42", "S43"}
    some = new.y.copy()
    some[0, 0] = np.nan
    checks = CheckSamples.from_model(model, changed(new, y=some), date="2026-03-09")
    assert len(checks.of("protein")) == 3 and len(checks.of("fat")) == 4


def test_new_standards_with_the_table_are_a_new_transfer(model, data, table):
    new = rows(data, "B", range(10, 20))
    updated = update(model, new, table=table)
    whole = TransferredModel.fit(SpectraTable.concat([table, new]), source="A", target="B", method=MeanShift())
    test = rows(data, "B", range(30, 60))
    np.testing.assert_allclose(updated.predict(test).value, whole.predict(test).value, rtol=1e-10)
    assert len(updated.records["B"].standards) == 20 and len(model.records["B"].standards) == 10
    assert updated.records["B"].held_out.n.tolist() == [20, 20]
    unlabelled = changed(new, instrument=None)
    np.testing.assert_allclose(update(model, unlabelled, table=table).predict(test).value, whole.predict(test).value)


@pytest.mark.parametrize("correction", ["bias", "slope_bias", "tested"])
def test_a_drift_is_corrected_without_the_table(model, data, correction, tmp_path):
    # every spectrum moves towards those of richer samples
    order = np.argsort(data.y.sum(axis=1))
    moved = 0.3 * (data.X[order[-10:]].mean(axis=0) - data.X[order[:10]].mean(axis=0))
    new, test = rows(data, "B", range(10, 25)), rows(data, "B", range(30, 60))
    drifted = [changed(part, X=part.X + moved) for part in (new, test)]
    before = rmse(model, drifted[1])
    updated = update(model, drifted[0], correction=correction)
    after = rmse(updated, drifted[1])
    assert (after < 0.6 * before).all()
    held = updated.records["B"].held_out
    assert held.n.tolist() == [15, 15] and "each new standard" in held.how
    np.testing.assert_allclose(held.rmsep, after, rtol=0.6)
    assert len(updated.records["B"].standards) == 25 and f"SBC(correction='{correction}')" in updated.method
    updated.save(tmp_path / "model.skspectral")
    again = TransferredModel.load(tmp_path / "model.skspectral")
    np.testing.assert_array_equal(again.predict(test).value, updated.predict(test).value)


def test_validation_of_a_correction_never_sees_the_sample_it_predicts(model, data):
    new = rows(data, "B", range(10, 16))
    spoiled = new.y.copy()
    spoiled[2] += 50
    held = [update(model, changed(new, y=y), correction="bias").records["B"].held_out for y in (new.y, spoiled)]
    np.testing.assert_allclose(held[0].predicted[2], held[1].predicted[2])
    assert abs(held[0].predicted[0] - held[1].predicted[0]).max() > 5


def test_other_targets_keep_what_they_had(data, table):
    three = SpectraTable.concat([table, rows(data, "C", range(8))])
    model = TransferredModel.fit(three, source="A", target=["B", "C"], method=DS())
    updated = update(model, rows(data, "C", range(10, 14)), correction="bias")
    assert updated.records["B"] is model.records["B"] and len(updated.records["C"].standards) == 12
    with pytest.raises(UnknownInstrumentError, match=r"do not say.*Say with target="):
        update(model, changed(rows(data, "C", range(10, 14)), instrument=None), correction="bias")
    named = update(model, changed(rows(data, "C", range(10, 14)), instrument=None), correction="bias", target="C")
    test = rows(data, "C", range(30, 60))
    np.testing.assert_allclose(named.predict(test).value, updated.predict(test).value)
    with pytest.raises(UnknownInstrumentError, match=r"say with target="):
        ControlChart.for_model(model, "fat")


def test_what_is_missing_is_asked_for(model, data, table):
    new = rows(data, "B", range(10, 14))
    with pytest.raises(NoSourceError, match=r'give table=, the files.*correction="bias"'):
        update(model, new)
    with pytest.raises(ValueError, match="not both"):
        update(model, new, table=table, correction="bias")
    with pytest.raises(UnknownInstrumentError, match="measured on 'C'"):
        update(model, rows(data, "C", range(4)), correction="bias")
    with pytest.raises(NoStandardsError, match="no references of fat"):
        update(model, changed(new, y=new.y[:, :1], properties=["protein"]), correction="bias")
    with pytest.raises(NoStandardsError, match="no name"):
        update(model, changed(new, sample_id=None), correction="bias")
    with pytest.raises(AxisMismatchError, match="not the axis of 'B'"):
        update(model, changed(new, wavelengths=new.wavelengths + 3), correction="bias")
    with pytest.raises(QuantityError, match="are reflectance"):
        update(model, changed(new, quantity="reflectance"), correction="bias")
    with pytest.raises(ValueError, match="correction must be"):
        update(model, new, correction="scale")
