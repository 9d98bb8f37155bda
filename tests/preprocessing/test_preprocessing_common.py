"""What every row-wise transformer promises, checked on all of them alike."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skspectral.exceptions import ChannelMismatchError, NonFiniteSpectraError
from skspectral.preprocessing import SNV, Resample, SavitzkyGolay, WaveletTokenize

N_CHANNELS = 60
WAVELENGTHS = 1100.0 + 2.0 * np.arange(N_CHANNELS)

TRANSFORMERS = [
    SNV(),
    SavitzkyGolay(7, deriv=1),
    Resample(100, wavelengths=WAVELENGTHS),
    WaveletTokenize("db2", level=3),
]
each_transformer = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda t: type(t).__name__)


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(8, N_CHANNELS)).cumsum(axis=1)


# scikit-learn's checks use two to five channels without an axis.
@pytest.mark.filterwarnings("ignore:level=4:UserWarning")
@pytest.mark.filterwarnings("ignore:window of:UserWarning")
@pytest.mark.filterwarnings("ignore::skspectral.exceptions.UnknownAxisWarning")
@parametrize_with_checks([SNV(), SavitzkyGolay(), SavitzkyGolay(3, polyorder=1), Resample(), WaveletTokenize()])
def test_sklearn_checks(estimator, check):
    check(estimator)


@each_transformer
def test_float32_becomes_float64(transformer, X):
    out = clone(transformer).fit_transform(X.astype(np.float32))
    assert out.dtype == np.float64
    np.testing.assert_allclose(out, clone(transformer).fit_transform(X.astype(np.float32).astype(np.float64)))


@each_transformer
def test_read_only_input_is_left_alone(transformer, X):
    before = X.copy()
    X.flags.writeable = False
    out = clone(transformer).fit_transform(X)
    np.testing.assert_array_equal(X, before)
    assert not np.shares_memory(out, X)
    assert out.flags.writeable


@each_transformer
def test_fortran_order_gives_the_same(transformer, X):
    fitted = clone(transformer).fit(X)
    np.testing.assert_array_equal(fitted.transform(np.asfortranarray(X)), fitted.transform(X))


@each_transformer
def test_a_row_does_not_depend_on_the_other_rows(transformer, X):
    fitted = clone(transformer).fit(X[:2])
    together = fitted.transform(X)
    alone = np.concatenate([fitted.transform(row[None, :]) for row in X])
    np.testing.assert_allclose(alone, together, rtol=1e-12, atol=1e-12)


@each_transformer
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_values_are_located(transformer, X, value):
    fitted = clone(transformer).fit(X)
    X[3, 17] = value
    with pytest.raises(NonFiniteSpectraError, match=r"NaN or infinity \(first at row 3, channel 17; 1 of 8"):
        fitted.transform(X)
    with pytest.raises(NonFiniteSpectraError, match="row 3, channel 17"):
        clone(transformer).fit(X)


@each_transformer
def test_huge_values_are_refused_instead_of_overflowing(transformer, X):
    fitted = clone(transformer).fit(X)
    X[2, 5] = -1e200
    with pytest.raises(NonFiniteSpectraError, match=r"-1e\+200.*row 2, channel 5"):
        fitted.transform(X)


@each_transformer
def test_another_number_of_channels_is_named(transformer, X):
    fitted = clone(transformer).fit(X)
    name = type(transformer).__name__
    with pytest.raises(ChannelMismatchError, match=f"X has 3 features, but {name} is expecting 60 features as input"):
        fitted.transform(X[:, :3])


@each_transformer
def test_unfitted_is_told(transformer, X):
    with pytest.raises(NotFittedError):
        clone(transformer).transform(X)


@each_transformer
def test_pandas_output_keeps_index_and_names(transformer, X):
    frame = pd.DataFrame(X, columns=[str(w) for w in WAVELENGTHS], index=np.arange(len(X))[::-1] * 10)
    fitted = clone(transformer).set_output(transform="pandas").fit(frame)
    out = fitted.transform(frame)
    assert isinstance(out, pd.DataFrame)
    assert out.index.equals(frame.index)
    assert out.columns.tolist() == fitted.get_feature_names_out().tolist()
    assert fitted.feature_names_in_.tolist() == frame.columns.tolist()
    np.testing.assert_array_equal(out.to_numpy(), clone(transformer).fit_transform(X))


@each_transformer
def test_other_column_names_are_refused(transformer, X):
    frame = pd.DataFrame(X, columns=[f"channel {k}" for k in range(X.shape[1])])
    fitted = clone(transformer).fit(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform(frame[frame.columns[::-1]])


@each_transformer
def test_channels_are_found_by_their_wavelength(transformer, X):
    frame = pd.DataFrame(X, columns=[str(w) for w in WAVELENGTHS])
    fitted = clone(transformer).fit(frame)
    np.testing.assert_array_equal(fitted.transform(frame[frame.columns[::-1]]), fitted.transform(frame))
    np.testing.assert_array_equal(fitted.wavelengths_, WAVELENGTHS)


@each_transformer
def test_nullable_columns_with_missing_values_are_refused(transformer, X):
    frame = pd.DataFrame(X, columns=[str(w) for w in WAVELENGTHS]).convert_dtypes()
    expected = clone(transformer).fit_transform(X)
    np.testing.assert_array_equal(clone(transformer).fit_transform(frame), expected)
    frame.iloc[1, 2] = pd.NA
    with pytest.raises(NonFiniteSpectraError, match="row 1, channel 2"):
        clone(transformer).fit(frame)


@each_transformer
def test_survives_pickle(transformer, X):
    fitted = clone(transformer).fit(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(X), fitted.transform(X))


def test_the_axis_travels_through_a_pipeline(X):
    frame = pd.DataFrame(X, columns=[str(w) for w in WAVELENGTHS])
    pipe = make_pipeline(SNV(), Resample(119), SavitzkyGolay(10.0, unit="nm"), Resample(30))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = pipe.set_output(transform="pandas").fit_transform(frame)
    assert pipe[2].step_ == pytest.approx(1.0)
    np.testing.assert_allclose(out.columns.astype(float), np.linspace(1100.0, 1218.0, 30))
