"""Intervals and flags of the held-out samples, as the deployed model would give them."""

import numpy as np

from .._core.labels import check_instrument, check_labels
from .._core.matrices import as_matrix
from .._core.references import check_references
from ..deployment import TransferredModel
from ._compare import Comparison

__all__ = ["judge_held_out"]


def judge_held_out(
    comparison,
    X,
    y,
    *,
    instrument,
    sample_id,
    name,
    method,
    cv,
    target_names=None,
    quantity=None,
    wavelengths=None,
    unit="nm",
    progress=True,
):
    """Deploy a method as it was in the first split, and say what it would have said of the samples held out there.

    Parameters
    ----------
    comparison : Comparison
        Made by :func:`compare_methods` from the same data and splitter.
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
    instrument, sample_id : array-like of shape (n_spectra,)
    name : str
        Name of the method in the comparison.
    method : estimator
    cv : TransferSplit
        With roles.
    target_names : list of str, optional
        Names of the properties.
    quantity : str or dict of {instrument: str}, optional
        What the spectra are.
    wavelengths : ndarray of shape (n_channels,), optional
    unit : str, default="nm"
        Of the wavelengths.
    progress : bool, default=True
        Show a progress bar while the standards are left out.

    Returns
    -------
    Comparison
        The same with ``lower``, ``upper`` (90 %), ``flag`` and ``reason`` for the first split of the method.

    Examples
    --------
    >>> from skspectral import MeanShift, TransferSplit
    >>> from skspectral.comparison import compare_methods, judge_held_out
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> given = {"instrument": data.instrument, "sample_id": data.sample_id, "progress": False}
    >>> given["cv"] = TransferSplit(8, n_repeats=2, source="A", target="B", random_state=0)
    >>> method = MeanShift(source="A", target="B")
    >>> comparison = compare_methods(data.X, data.y, methods={"MeanShift": method}, **given)
    >>> judged = judge_held_out(comparison, data.X, data.y, name="MeanShift", method=method, **given)
    >>> sorted(set(judged.predictions[0]) - set(comparison.predictions[0]))
    ['flag', 'lower', 'reason', 'upper']
    """
    X = as_matrix(X)
    instrument, sample_id = check_instrument(instrument, len(X)), check_labels(sample_id, len(X), "sample_id")
    y = check_references("judge_held_out", y, len(X), allow_missing=True).reshape(len(X), -1)
    names = list(target_names) if target_names is not None else [f"y{j}" for j in range(y.shape[1])]
    train, test = next(iter(cv.split(X, y, instrument=instrument, sample_id=sample_id)))
    model = TransferredModel.fit(
        source=cv.source,
        target=cv.target,
        method=method,
        X=X[train],
        y=y[train],
        instrument=instrument[train],
        sample_id=sample_id[train],
        wavelengths=wavelengths,
        unit=unit,
        quantity=quantity,
        properties=names,
        progress=progress,
    )
    predicted = model.predict(X[test], instrument=cv.target)
    said = {}
    for i, row in enumerate(test):
        for j, of in enumerate(names):
            found = {"flag": predicted.flag[i, j], "reason": predicted.reason[i, j]}
            if np.isfinite(predicted.lower[i, j]):
                found |= {"lower": float(predicted.lower[i, j]), "upper": float(predicted.upper[i, j])}
            said[int(row), of] = found
    rows = [
        row | said.get((row["row"], row["property"]), {}) if (row["method"], row["repeat"]) == (name, 0) else row
        for row in comparison.predictions
    ]
    return Comparison(rows, comparison.skipped)
