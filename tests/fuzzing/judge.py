"""A judge of what comes of odd inputs."""

import copy
import traceback
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import skspectral
from skspectral import exceptions
from skspectral.base import BaseTransferRegressor

__all__ = ["judge"]

PACKAGE = str(Path(skspectral.__file__).parent)
ABSURD = 1e3
#: Warnings that say why predictions may be absurd; one of an unknown axis does not.
OF_ABSURD = (exceptions.AbsurdPredictionWarning, exceptions.MissingCodeWarning)
THINGS = (
    *("X ", "X:", "X,", "y ", "y:", "y.", "spectr", "referenc", "instrument", "sample", "source", "target", "channel"),
    *("column", "data", "feature", "propert", "wavelength", "standards", "pairs", "array", "input", "rows", "training"),
)


def judge(estimator, case, *, expected=None):
    """Fit and predict, and judge what comes of it.

    Parameters
    ----------
    estimator : estimator
        Unfitted; gets the roles of the case where it has any.
    case : Case
    expected : ndarray, optional
        What must be predicted; otherwise finite and sane values, or a clear error, will do.

    Returns
    -------
    str
        "right" or "error".

    Raises
    ------
    AssertionError
        If neither.
    """
    transfers = isinstance(estimator, BaseTransferRegressor)
    labels = {"instrument": case.instrument, "sample_id": case.sample_id} if transfers else {}
    given = {"X": case.X, "y": case.y, "X_test": case.X_test, **labels}
    before = copy.deepcopy(given)
    if transfers:
        estimator.set_params(**case.roles)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = estimator.fit(case.X, case.y, **labels)
            predicted = np.asarray(model.predict(case.X_test))
        except Exception as error:
            _assert_untouched(given, before)
            assert expected is None, f"{type(error).__name__}: {error}"
            _assert_clear(error)
            return "error"
    _assert_untouched(given, before)
    assert predicted.dtype.kind == "f" and len(predicted) == len(case.X_test)
    if expected is not None:
        np.testing.assert_allclose(predicted.ravel(), expected.ravel(), rtol=1e-6, atol=1e-9)
    warned = any(one.category in OF_ABSURD for one in caught)
    assert np.isfinite(predicted).all(), "not finite"
    _assert_sane(predicted, case.y, warned)
    return "right"


def _assert_untouched(given, before):
    for name, value in given.items():
        pd.testing.assert_frame_equal(*(pd.DataFrame({"repr": [repr(v)]}) for v in (value, before[name])), obj=name)
        if isinstance(value, np.ndarray) and value.dtype != object:
            np.testing.assert_array_equal(np.asarray(value), np.asarray(before[name]), err_msg=f"{name} was written to")


def _assert_clear(error):
    kind, text = type(error).__name__, str(error)
    assert isinstance(error, (ValueError, TypeError)) and not isinstance(error, np.linalg.LinAlgError), (
        f"{kind}: {text}"
    )
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    ours = last.startswith(PACKAGE) or "sklearn/utils" in last or "sklearn/base" in last
    assert ours or type(error).__module__ == exceptions.__name__, f"from {last}: {kind}: {text}"
    assert any(word in f"{text} " for word in THINGS), f"names nothing: {kind}: {text}"


def _assert_sane(predicted, y, warned):
    if isinstance(y, np.ma.MaskedArray):
        y = y.filled(np.nan)
    known = np.asarray(y, dtype=np.float64)
    known = known[np.isfinite(known)]
    reach = max(np.ptp(known), np.abs(known).max())
    worst = np.abs(predicted - known.mean()).max(initial=0.0)
    sane = worst <= ABSURD * reach or worst < 1e-9
    assert warned or sane, f"absurd without a word: {worst:.3g}, references reach {reach:.3g}"
