"""TransferredModel: from tables to predictions with intervals, through a file, for several targets and axes."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

import skspectral
from skspectral import PDS, SNV, DifferenceRidge, MeanShift, PerInstrument, TransferredModel
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AxisMismatchError,
    ChannelMismatchError,
    LabelsError,
    MissingReferenceError,
    ModelFileError,
    QuantityError,
    UnknownInstrumentError,
    WavelengthRangeError,
)
from skspectral.io import SpectraTable

N_STANDARDS = 8


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=50, n_instruments=3, n_targets=2, n_channels=50, random_state=1)


def training(data, *, n_targets=1):
    """Rows of the first 40 samples on A, and of the first standards on the others."""
    number = np.array([int(label[1:]) for label in data.sample_id])
    chosen = (data.instrument == "A") & (number < 40)
    chosen |= np.isin(data.instrument, list("BC")[:n_targets]) & (number < N_STANDARDS)
    return chosen


def new_rows(data, instrument="B"):
    number = np.array([int(label[1:]) for label in data.sample_id])
    return (data.instrument == instrument) & (number >= 40)


def table_of(data, rows, **options):
    return SpectraTable(
        data.X[rows],
        data.wavelengths,
        instrument=data.instrument[rows],
        sample_id=data.sample_id[rows],
        y=data.y[rows],
        properties=["protein", "oil"],
        **{"quantity": "absorbance", **options},
    )


@pytest.fixture(scope="module")
def model(data):
    table = table_of(data, training(data))
    return TransferredModel.fit(table, source="A", target="B", method=PDS(), units={"oil": "%"})


def test_it_predicts_what_its_method_predicts_and_says_how_well(data, model):
    rows = training(data)
    labels = {"instrument": data.instrument[rows], "sample_id": data.sample_id[rows]}
    alone = PDS(source="A", target="B").fit(data.X[rows], data.y[rows], **labels)
    new = new_rows(data)
    predicted = model.predict(data.X[new])
    assert_allclose(predicted.value, alone.predict(data.X[new]))
    assert (predicted.lower < predicted.value).all() and (predicted.value < predicted.upper).all()
    inside = (predicted.lower <= data.y[new]) & (data.y[new] <= predicted.upper)
    assert inside.mean() >= 0.7
    wider = model.predict(data.X[new], level=0.99)
    assert (wider.upper - wider.lower > predicted.upper - predicted.lower).all()
    held_out = model.records["B"].held_out
    assert list(held_out.n) == [N_STANDARDS] * 2 and sorted(held_out.samples) == sorted(model.records["B"].standards)


def test_validation_is_that_of_refits_without_the_standard(data, model):
    rows, held_out = training(data), model.records["B"].held_out
    left = held_out.samples[0]
    kept = rows & (data.sample_id != left)
    alone = PDS(source="A", target="B").fit(
        data.X[kept], data.y[kept], instrument=data.instrument[kept], sample_id=data.sample_id[kept]
    )
    target = (data.instrument == "B") & (data.sample_id == left)
    assert_allclose(held_out.predicted[0], alone.predict(data.X[target])[0])
    errors = held_out.predicted - held_out.reference
    assert_allclose(held_out.rmsep, np.sqrt((errors**2).mean(axis=0)))
    assert_allclose(held_out.bias, errors.mean(axis=0))
    assert_allclose(held_out.sep, errors.std(axis=0, ddof=1))


def test_it_prints_itself(model):
    text = str(model)
    for part in (
        "protein, oil (%)",
        "from A to B",
        "PDS()",
        "50 channels, 1100 to 2498 nm",
        "8: S00",
        "RMSEP",
        "left out",
    ):
        assert part in text
    assert "keeps" not in text


@pytest.mark.parametrize("method", ["auto", PDS(), make_pipeline(SNV(), MeanShift())], ids=["auto", "PDS", "pipeline"])
def test_a_file_gives_the_same_answers(data, method, tmp_path):
    made = TransferredModel.fit(
        table_of(data, training(data)), source="A", target="B", method=method, validate=False, reading={"unit": "nm"}
    )
    made.save(tmp_path / "model.skspectral")
    loaded = TransferredModel.load(tmp_path / "model.skspectral")
    first, second = (m.predict(data.X[new_rows(data)]) for m in (made, loaded))
    assert_array_equal(first.value, second.value)
    assert_array_equal(first.upper, second.upper)
    assert first.to_csv() == second.to_csv()
    assert str(loaded) == str(made) and loaded.reading == {"unit": "nm"}
    assert isinstance(skspectral.load(tmp_path / "model.skspectral"), TransferredModel)


def test_a_bare_estimator_is_no_deployed_model(data, tmp_path):
    skspectral.save(MeanShift().fit(data.X, data.y), tmp_path / "bare.skspectral")
    with pytest.raises(ModelFileError, match="bare MeanShift"):
        TransferredModel.load(tmp_path / "bare.skspectral")


@pytest.mark.parametrize("routing", [False, True])
def test_metadata_routing_changes_nothing(data, routing):
    with sklearn.config_context(enable_metadata_routing=routing):
        made = TransferredModel.fit(
            table_of(data, training(data)), source="A", target="B", method=make_pipeline(SNV(), PDS()), validate=False
        )
        assert np.isfinite(made.predict(data.X[new_rows(data)]).upper).all()


def test_frames_tables_arrays_and_files_are_read_alike(data, model, tmp_path):
    new = new_rows(data)
    expected = model.predict(data.X[new])
    table = table_of(data, new)
    frame = pd.DataFrame(data.X[new], columns=data.wavelengths)
    frame.insert(0, "sample_id", data.sample_id[new])
    frame.to_csv(tmp_path / "new.csv", index=False)
    for given in (table, frame, tmp_path / "new.csv", [tmp_path / "new.csv"]):
        found = model.predict(given)
        assert_allclose(found.value, expected.value)
        assert found.labels["sample_id"] == list(data.sample_id[new])
        assert (found.flag == expected.flag).all()
    assert list(model.predict(table).to_frame())[:2] == ["sample_id", "instrument"]


@pytest.mark.parametrize("write", ["X{:g}", "spec.{:g}", "w{:.1f}", "{:g} nm", "{!r}"])
def test_labels_are_read_as_estimators_and_readers_read_them(data, model, write):
    new = new_rows(data)
    frame = pd.DataFrame(data.X[new], columns=[write.format(float(w)) for w in data.wavelengths])
    frame = frame.assign(protein=1.0, **{"Sample ID": data.sample_id[new]}).iloc[:, ::-1]
    predicted = model.predict(frame)
    assert_allclose(predicted.value, model.predict(data.X[new]).value)
    assert_array_equal(predicted.labels["sample_id"], data.sample_id[new])


def test_a_model_is_made_in_the_unit_that_its_labels_name(data):
    rows, new = training(data), new_rows(data)
    frame = pd.DataFrame(data.X, columns=[f"{1e7 / w:.4f} cm-1" for w in data.wavelengths])
    made = TransferredModel.fit(
        X=frame[rows], y=data.y[rows], instrument=data.instrument[rows], sample_id=data.sample_id[rows], source="A",
        target="B", method=PDS(), validate=False,
    )  # fmt: skip
    assert made.unit == "cm-1"
    in_nm = pd.DataFrame(data.X[new][:, ::-1], columns=[f"{w} nm" for w in data.wavelengths[::-1]])
    assert_allclose(made.predict(in_nm).value, made.predict(frame[new]).value)


class Foreign:
    """A frame of another library, as far as one needs to know it."""

    def __init__(self, frame):
        self.frame, self.columns = frame, list(frame.columns)

    def to_pandas(self):
        return self.frame


def test_frames_of_other_libraries_are_read_by_their_labels(data, model):
    new = new_rows(data)
    frame = pd.DataFrame(data.X[new], columns=[f"{w:g}" for w in data.wavelengths]).iloc[:, ::-1]
    predicted = model.predict(Foreign(frame.assign(instrument="B", sample_id=data.sample_id[new])))
    assert_allclose(predicted.value, model.predict(data.X[new]).value)


def test_the_instrument_of_a_frame_is_found_however_it_is_written(data, model):
    frame = pd.DataFrame(data.X[new_rows(data)], columns=data.wavelengths)
    with pytest.raises(UnknownInstrumentError, match="'C'"):
        model.predict(frame.assign(Instrument="C"))
    with pytest.raises(LabelsError, match="'Instrument', 'instrument'"):
        model.predict(frame.assign(Instrument="B", instrument="B"))


def test_an_axis_is_matched_resampled_or_refused(data, model):
    new = new_rows(data)
    axis = data.wavelengths
    backwards = SpectraTable(data.X[new], axis, instrument=["B"] * 10).in_unit("cm-1")
    expected = model.predict(data.X[new])
    assert_allclose(model.predict(backwards).value, expected.value, rtol=1e-6)
    fine = np.linspace(axis[0], axis[-1], 200)
    X = np.stack([np.interp(fine, axis, row) for row in data.X[new]])
    found = model.predict(SpectraTable(X, fine))
    assert_allclose(found.value, expected.value, rtol=0.05)
    assert all("resampled from 200 channels to the 50" in text for text in found.reason[:, 0])
    assert set(found.flag[:, 0]) <= {"note", "warning"}
    with pytest.raises(WavelengthRangeError, match="1100 to 2498"):
        model.predict(SpectraTable(X[:, :100], fine[:100]))
    with pytest.raises(ChannelMismatchError, match="50"):
        model.predict(X)
    with pytest.raises(AxisMismatchError, match="Raman"):
        model.predict(SpectraTable(data.X[new], axis, unit="Raman shift"))


def test_quantities_are_converted_or_refused(data, model):
    new = new_rows(data)
    percent = SpectraTable(100.0 * 10.0 ** -data.X[new], data.wavelengths, quantity="% reflectance")
    found, expected = model.predict(percent), model.predict(data.X[new])
    assert_allclose(found.value, expected.value)
    assert all("converted from % reflectance to absorbance" in text for text in found.reason[:, 0])
    with pytest.raises(QuantityError, match="counts"):
        model.predict(SpectraTable(data.X[new], data.wavelengths, quantity="counts"))


def test_spectra_that_cannot_be_used_spoil_no_others(data, model):
    X = data.X[new_rows(data)][:4].copy()
    X[1, 3], X[2] = np.nan, 0.5
    found, expected = model.predict(X), model.predict(data.X[new_rows(data)][:4])
    assert_allclose(found.value[[0, 3]], expected.value[[0, 3]])
    assert np.isnan(found.value[[1, 2]]).all() and (found.flag[[1, 2]] == "reject").all()
    assert "NaN" in found.reason[1, 0] and "constant" in found.reason[2, 0]
    assert found.to_csv().splitlines()[2].startswith("B,,,")


@pytest.mark.parametrize(
    ("factor", "said"), [(100.0, "times larger than any spectrum"), (1e-3, "times smaller than any"), (1e14, "reach")]
)
def test_another_scale_is_rejected_and_said(data, model, factor, said):
    expected = model.predict(data.X[new_rows(data)])
    X = data.X[new_rows(data)].copy()
    X[1] *= factor
    found = model.predict(X)
    assert (found.flag[1] == "reject").all() and said in found.reason[1, 0]
    assert not any("times larger" in reason or "times smaller" in reason for reason in expected.reason.ravel())
    kept = np.arange(len(X)) != 1
    assert_array_equal(found.flag[kept], expected.flag[kept])
    assert_allclose(found.value[kept], expected.value[kept])


def test_several_targets_on_axes_of_their_own(data):
    rows = training(data, n_targets=2)
    on_c = np.arange(1150.0, 2400.0, 40.0)
    spectra = {name: data.X[rows & (data.instrument == name)] for name in "ABC"}
    spectra["C"] = np.stack([np.interp(on_c, data.wavelengths, row) for row in spectra["C"]])
    axes = {"A": data.wavelengths, "B": data.wavelengths, "C": on_c}
    width = len(data.wavelengths)
    padded = [np.pad(X, ((0, 0), (0, width - X.shape[1])), constant_values=np.nan) for X in spectra.values()]
    table = SpectraTable(
        np.concatenate(padded),
        axes,
        instrument=data.instrument[rows],
        sample_id=data.sample_id[rows],
        y=data.y[rows],
        properties=["protein", "oil"],
    )
    model = TransferredModel.fit(table, source="A", target=["B", "C"], validate=False)
    assert model.targets == ["B", "C"] and isinstance(model.estimator, PerInstrument)
    assert model.records["C"].n_channels == len(on_c)
    on_b, own = (
        data.X[new_rows(data)],
        np.stack([np.interp(on_c, data.wavelengths, r) for r in data.X[new_rows(data, "C")]]),
    )
    both = model.predict(
        SpectraTable(
            np.concatenate([np.pad(own, ((0, 0), (0, width - own.shape[1])), constant_values=np.nan), on_b]),
            {"B": data.wavelengths, "C": on_c},
            instrument=["C"] * 10 + ["B"] * 10,
        )
    )
    assert_allclose(both.value[:10], model.predict(own, instrument="C").value)
    assert_allclose(both.value[10:], model.predict(on_b, instrument="B").value)
    value, std = model.estimator.predict(on_b, instrument="B", return_std=True)
    assert_allclose(value, both.value[10:])
    assert std.shape == value.shape and (std > 0).all()
    with pytest.raises(UnknownInstrumentError, match="do not name the one"):
        model.predict(on_b)


def test_rows_of_other_instruments_are_refused_or_left_out(data, model):
    table = table_of(data, data.instrument != "C")
    with pytest.raises(UnknownInstrumentError, match="'A'"):
        model.predict(table)
    found = model.predict(table, instrument="B")
    assert len(found) == 50 and any("50 spectra of other instruments" in note for note in found.notes)
    with pytest.raises(UnknownInstrumentError, match="'D'"):
        model.predict(data.X[:3], instrument="D")


def test_replicates_become_one_row_with_their_spread(model):
    data = make_instruments(n_samples=50, n_instruments=2, n_targets=2, n_channels=50, random_state=1, replicates=3)
    rows = data.instrument == "B"
    table = table_of(data, rows)
    each, per_sample = model.predict(table), model.predict(table, per_sample=True)
    assert len(per_sample) == 50 and (per_sample.n_spectra == 3).all()
    assert_allclose(per_sample.value[0], each.value[:3].mean(axis=0))
    assert_allclose(per_sample.spread[0], each.value[:3].std(axis=0, ddof=1))
    assert "protein_replicate_sd" in per_sample.to_frame()


def test_intervals_widen_away_from_the_standards_and_with_few_of_them(data):
    rows = training(data)
    few = rows & ~((data.instrument == "B") & ~np.isin(data.sample_id, ["S00", "S01", "S02"]))
    widths = []
    for chosen in (rows, few):
        model = TransferredModel.fit(table_of(data, chosen), source="A", target="B", method=MeanShift(), validate=False)
        near = model.predict(data.X[new_rows(data)])
        X = data.X[new_rows(data)]
        middle = X.mean(axis=0)
        far = model.predict(middle + 4 * (X - middle))
        assert ((far.upper - far.lower).mean(axis=0) > (near.upper - near.lower).mean(axis=0)).all()
        widths.append((near.upper - near.lower).mean(axis=0))
    assert (widths[1] > widths[0]).all()


def test_methods_that_keep_spectra_are_said_to(data):
    rows = training(data)
    keeping = skspectral.MultiInstrumentGP()
    model = TransferredModel.fit(table_of(data, rows), source="A", target="B", method=keeping, validate=False)
    assert not model.holds_spectra or "keeps" in str(model)
    small = TransferredModel.fit(table_of(data, rows), source="A", target="B", method=DifferenceRidge(), validate=False)
    assert not small.holds_spectra


def test_what_cannot_be_fitted_is_refused(data):
    table = table_of(data, training(data))
    for wrong in ({"target": "A"}, {"target": ["B", "B"]}, {"target": []}, {"target": "D"}):
        with pytest.raises(UnknownInstrumentError):
            TransferredModel.fit(table, source="A", **wrong)
    with pytest.raises(ValueError, match="units"):
        TransferredModel.fit(table, source="A", target="B", units={"starch": "%"})
    with pytest.raises(ValueError, match="missing: y"):
        TransferredModel.fit(X=table.X, instrument=table.instrument, sample_id=table.sample_id, source="A", target="B")
    with pytest.raises(MissingReferenceError):
        bare = SpectraTable(table.X, table.wavelengths, instrument=table.instrument, sample_id=table.sample_id)
        TransferredModel.fit(bare, source="A", target="B")


def test_target_rows_take_references_from_their_twins(data):
    rows = training(data)
    y = np.where((data.instrument[rows] == "B")[:, None], np.nan, data.y[rows])
    given = {"X": data.X[rows], "instrument": data.instrument[rows], "sample_id": data.sample_id[rows]}
    model = TransferredModel.fit(**given, y=y, wavelengths=data.wavelengths, source="A", target="B", method=MeanShift())
    assert list(model.records["B"].held_out.n) == [N_STANDARDS] * 2
    assert model.properties == ["property 1", "property 2"]
