"""Error against the number of standards, measured inside the standards that there are."""

import numpy as np

from .._core.random_streams import independent_streams
from ..exceptions import TooFewStandardsError
from ._leave_out import StandardRows
from ._stopping import StandardsCurve

__all__ = ["standards_curve"]


def standards_curve(
    estimator,
    X,
    y,
    *,
    instrument,
    sample_id,
    source=None,
    target=None,
    n_standards=None,
    n_repeats=10,
    n_folds="loo",
    worthwhile=0.05,
    target_names=None,
    random_state=None,
):
    """Measure the error of prediction with ever more of the standards, and say what further ones would buy.

    Each standard in turn (or each fold) is held out on every instrument. Of the others a random few act as standards,
    the smaller sets within the larger ones; the rest keep their source rows only. The held-out target spectra are
    predicted.

    Parameters
    ----------
    estimator : estimator
        A transfer method, or a Pipeline that ends in one.
    X : array-like of shape (n_spectra, n_channels)
        The training rows: source spectra and the target spectra of the standards.
    y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        References; NaN where there is none.
    instrument, sample_id : array-like of shape (n_spectra,)
        Labels of the rows.
    source, target : object, optional
        Labels of the two instruments; by default those of ``estimator``.
    n_standards : sequence of int, optional
        Numbers of standards to try, by default up to six between 3 and all but the held-out ones.
    n_repeats : int, default=10
        Number of random orders of the standards.
    n_folds : int or "loo", default="loo"
        Number of folds in which standards are held out; ``"loo"`` holds out one at a time.
    worthwhile : float, default=0.05
        Relative improvement that is worth the work, for the advice.
    target_names : sequence of str, optional
        Names of the properties.
    random_state : int, RandomState, numpy Generator or None, default=None
        Seed of the orders. With an int the result does not depend on the order of the rows.

    Returns
    -------
    StandardsCurve
        ``advice_`` is the answer in words; :class:`~skspectral.plotting.StandardsCurveDisplay` draws it.

    Raises
    ------
    TooFewStandardsError
        If there are fewer than three standards with a target reference, or fewer than ``n_standards`` asks for.
    ValueError
        If a parameter is out of range.

    Notes
    -----
    ``n_repeats`` times the number of folds times the number of sizes fits are made. The spread over repeats says how
    much the choice of standards matters; the uncertainty of the advice also covers that few samples are predicted.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.diagnostics import standards_curve
    >>> from skspectral.transfer import MeanShift
    >>> data = make_instruments(n_samples=12)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = MeanShift(source="A", target="B")
    >>> curve = standards_curve(model, data.X, data.y, **labels, n_standards=[2, 4, 8], n_repeats=2, random_state=0)
    >>> curve.n_standards, curve.rmsep.shape
    (array([2, 4, 8]), (3, 1))
    """
    if isinstance(n_repeats, bool) or not isinstance(n_repeats, (int, np.integer)) or n_repeats < 1:
        raise ValueError(f"n_repeats must be an integer >= 1, got {n_repeats!r}.")
    if not 0 < worthwhile < 1:
        raise ValueError(f"worthwhile must be a share between 0 and 1, got {worthwhile!r}.")
    data = StandardRows.read(estimator, X, y, instrument, sample_id, source, target)
    tested, everyone = data.rows.testable, data.rows.standards
    if len(tested) < 3:
        raise TooFewStandardsError(
            f"A curve needs at least 3 standards (samples with a target row and a reference), and found {len(tested)}."
        )
    n_folds = _count_folds(n_folds, len(tested))
    largest = len(everyone) - int(np.ceil(len(tested) / n_folds))
    sizes = _sizes(n_standards, largest)
    n_targets = data.y.reshape(len(data.y), -1).shape[1]
    names = [f"property {j}" for j in range(n_targets)] if target_names is None else [str(n) for n in target_names]
    if len(names) != n_targets:
        raise ValueError(f"target_names has {len(names)} names for {n_targets} properties.")
    squares = np.full((n_repeats, len(sizes), len(tested), n_targets), np.nan)
    for repeat, stream in enumerate(independent_streams(random_state, n_repeats)):
        order = everyone[stream.permutation(len(everyone))]
        fold_of = stream.permutation(len(tested)) % n_folds
        for fold in range(n_folds):
            held_out = tested[fold_of == fold]
            others = order[~np.isin(order, held_out)]
            for position, size in enumerate(sizes):
                squares[repeat, position, fold_of == fold] = _squared_errors(data, held_out, others[size:])
    ids = [data.rows.ids[sample] for sample in tested]
    return StandardsCurve(sizes, squares, len(everyone), ids, names, worthwhile)


def _squared_errors(data, held_out, unused):
    """Mean squared error of each held-out standard, (n_held_out, n_targets), without the unused standards."""
    kept = data.countable() & ~data.rows.rows_of(held_out) & ~data.target_rows_of(unused)
    model = data.fit(kept)
    test = data.target_rows_of(held_out) & data.rows.has_reference
    errors = (data.predict(model, test) - data.rows.y[test]) ** 2
    codes = data.rows.codes[test]
    means = np.full((len(held_out), errors.shape[1]), np.nan)
    for i, sample in enumerate(held_out):
        for j, column in enumerate(errors[codes == sample].T):
            if np.isfinite(column).any():
                means[i, j] = np.mean(np.sort(column[np.isfinite(column)]))
    return means


def _count_folds(n_folds, n_tested):
    if n_folds == "loo":
        return n_tested
    if isinstance(n_folds, bool) or not isinstance(n_folds, (int, np.integer)) or not 2 <= n_folds <= n_tested:
        raise ValueError(f'n_folds must be "loo" or an integer from 2 to {n_tested} (the standards), got {n_folds!r}.')
    return int(n_folds)


def _sizes(n_standards, largest):
    if n_standards is None:
        # more densely where the curve is steep
        return np.unique(np.round(np.geomspace(min(3, largest), largest, 6)).astype(int))
    sizes = np.unique(np.asarray(n_standards))
    if sizes.size == 0 or sizes.dtype.kind not in "iu" or sizes[0] < 1:
        raise ValueError(f"n_standards must be numbers of standards >= 1, got {n_standards!r}.")
    if sizes[-1] > largest:
        raise TooFewStandardsError(
            f"n_standards asks for {sizes[-1]} standards, but only {largest} are left beside the held-out ones. Ask "
            "for fewer, or hold out fewer with more folds."
        )
    return sizes
