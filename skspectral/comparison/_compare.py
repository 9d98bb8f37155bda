"""Every transfer method on the same splits: what the command line and the benchmarks are built on."""

import time

import numpy as np
from sklearn.base import clone
from tqdm.auto import tqdm

from .._core.labels import check_instrument, check_labels
from .._core.matrices import as_matrix
from ..exceptions import NoStandardsError
from ..metrics import bias, r2, rmsep, rpd, sep
from ..model_selection import TransferSplit
from ..transfer import (
    CCA,
    DS,
    EPO,
    GLSW,
    PDS,
    SBC,
    SST,
    AutoTransfer,
    DifferenceRidge,
    MeanShift,
    ModelUpdate,
    MultiInstrumentGP,
    Pooled,
    SourceOnly,
    TargetOnly,
    TransferPortfolio,
    diPLS,
)
from ._inputs import fingerprint, in_one_quantity, references_with_twins
from ._store import PredictionStore

__all__ = ["Comparison", "compare_methods", "default_methods"]

NATIVE = "native"


def default_methods(source, target, wavelengths=None, axis_unit="nm"):
    """All classical methods with their blind default settings.

    Parameters
    ----------
    source, target : object
        Labels of the two instruments.
    wavelengths : array-like of shape (n_channels,), optional
        Axis of the channels, for the methods with windows of their own.
    axis_unit : {"nm", "um", "cm-1", "Raman shift"}, default="nm"
        Unit of ``wavelengths``.

    Returns
    -------
    dict of {str: estimator}

    Examples
    --------
    >>> from skspectral.comparison import default_methods
    >>> list(default_methods("A", "B"))[:3]
    ['SourceOnly', 'MeanShift', 'SBC']
    """
    roles = {"source": source, "target": target}
    on_axis = {"wavelengths": wavelengths, "axis_unit": axis_unit, **roles}
    return {
        "SourceOnly": SourceOnly(**roles),
        "MeanShift": MeanShift(**roles),
        "SBC": SBC(**roles),
        "DS": DS(**roles),
        "DS zero": DS(prior="zero", **roles),
        "PDS": PDS(**roles),
        "CCA": CCA(**roles),
        "diPLS": diPLS(**roles),
        "TargetOnly": TargetOnly(**roles),
        "Pooled": Pooled(**roles),
        "EPO": EPO(**roles),
        "GLSW": GLSW(**roles),
        "SST": SST(**roles),
        "ModelUpdate": ModelUpdate(**roles),
        "DifferenceRidge": DifferenceRidge(**on_axis),
        "MultiInstrumentGP": MultiInstrumentGP(**on_axis),
        "TransferPortfolio": TransferPortfolio(**on_axis),
        "AutoTransfer": AutoTransfer(**on_axis),
    }


class Comparison:
    """Predictions of held-out target spectra by several methods, and the figures made of them.

    Parameters
    ----------
    predictions : list of dict
        One entry per method, repeat, property and test spectrum, with the keys ``method``, ``repeat``, ``property``,
        ``measured``, ``predicted`` and ``fit_seconds``.
    skipped : dict of {str: str}, optional
        Methods that could not run, and why.
    set_aside : pathlib.Path, optional
        Where the predictions of other inputs are now, which stood at the ``path`` of this run.
    """

    def __init__(self, predictions, skipped=None, set_aside=None):
        self.predictions = predictions
        self.skipped = dict(skipped or {})
        self.set_aside = set_aside

    @property
    def methods(self):
        """Names of the methods, in the order of the run."""
        return list(dict.fromkeys(row["method"] for row in self.predictions))

    @property
    def properties(self):
        """Names of the properties."""
        return list(dict.fromkeys(row["property"] for row in self.predictions))

    def of(self, method, target_name):
        """Measured and predicted values of one method and property over all repeats, each of shape (n,)."""
        rows = [r for r in self.predictions if r["method"] == method and r["property"] == target_name]
        return np.array([r["measured"] for r in rows]), np.array([r["predicted"] for r in rows])

    def results(self):
        """One row per method, repeat and property.

        Returns
        -------
        list of dict
            With ``rmsep``, ``bias`` (predicted minus measured), ``sep``, ``r2``, ``rpd``, ``n_test`` and
            ``fit_seconds``. ``sep``, ``r2`` and ``rpd`` are NaN with a single test spectrum.
        """
        groups = {}
        for row in self.predictions:
            groups.setdefault((row["method"], row["repeat"], row["property"]), []).append(row)
        rows = []
        for (method, repeat, target_name), members in groups.items():
            y = np.array([m["measured"] for m in members])
            predicted = np.array([m["predicted"] for m in members])
            several = len(y) > 1 and np.ptp(y) > 0
            rows.append(
                {
                    "method": method,
                    "repeat": repeat,
                    "property": target_name,
                    "n_test": len(y),
                    "rmsep": rmsep(y, predicted),
                    "bias": bias(y, predicted),
                    "sep": sep(y, predicted) if several else np.nan,
                    "r2": r2(y, predicted) if several else np.nan,
                    "rpd": rpd(y, predicted) if several else np.nan,
                    "fit_seconds": members[0]["fit_seconds"],
                }
            )
        return rows

    def summary(self):
        """Pooled figures per method and property.

        Returns
        -------
        list of dict
            ``rmsep``, ``bias``, ``sep`` and ``r2`` pool the ``n`` residuals of all repeats; ``rmsep_sd`` is the
            standard deviation over the repeats.
        """
        per_split = self.results()
        rows = []
        for method in self.methods:
            for target_name in self.properties:
                y, predicted = self.of(method, target_name)
                if not len(y):
                    continue
                each = [r["rmsep"] for r in per_split if (r["method"], r["property"]) == (method, target_name)]
                rows.append(
                    {
                        "method": method,
                        "property": target_name,
                        "rmsep": rmsep(y, predicted),
                        "rmsep_sd": float(np.std(each, ddof=1)) if len(each) > 1 else np.nan,
                        "bias": bias(y, predicted),
                        "sep": sep(y, predicted) if len(y) > 1 else np.nan,
                        "r2": r2(y, predicted) if np.ptp(y) > 0 else np.nan,
                        "n": len(y),
                    }
                )
        return rows

    def ranking(self):
        """Names of the methods from the smallest to the largest pooled RMSEP, averaged over the properties.

        The average is in units of the spread of each property. The native calibration, which needs all samples on the
        target, takes part.
        """
        scores = {}
        for row in self.summary():
            spread = np.std(self.of(row["method"], row["property"])[0]) or 1.0
            scores.setdefault(row["method"], []).append(row["rmsep"] / spread)
        return sorted(scores, key=lambda name: np.mean(scores[name]))

    def best(self):
        """Name the method that comes first in the ranking, the native calibration left aside."""
        names = [name for name in self.ranking() if name != NATIVE]
        if not names:
            raise NoStandardsError("No method could run: " + "; ".join(self.skipped.values()))
        return names[0]


def compare_methods(
    X,
    y,
    *,
    instrument,
    sample_id,
    methods,
    cv,
    target_names=None,
    quantity=None,
    native=False,
    path=None,
    progress=True,
):
    """Fit every method on the training rows of every split and predict its test rows.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        References, NaN where there is none; target rows take those of their twins on the source.
    instrument, sample_id : array-like of shape (n_spectra,)
        Labels of the rows.
    methods : dict of {str: estimator}
        Estimators with roles.
    cv : TransferSplit or StandardsSplit
        Decides what is learned from and what is predicted.
    target_names : list of str, optional
        Names of the properties.
    quantity : str or dict of {instrument: str}, optional
        What the spectra are, such as "absorbance" or "reflectance". Source spectra of another quantity than the
        target's are converted to that.
    native : bool, default=False
        Also calibrate on the target with all calibration samples measured there, on the same test samples (needs
        a :class:`~skspectral.TransferSplit`).
    path : path-like, optional
        CSV file to which predictions are appended as they are made. A second call continues where the first one
        stopped if everything is the same: spectra, references, labels, names of the properties, splits, and the methods
        with all that they hold, such as the coefficients of an existing calibration. Otherwise it says so and begins a
        new file; the old one is kept under another name.
    progress : bool, default=True
        Show a progress bar.

    Returns
    -------
    Comparison

    Raises
    ------
    QuantityError
        If spectra of one instrument are mirror images of the other's, and nobody said what they are; or if they cannot
        be converted.
    ValueError
        From the splitter or the methods, or if ``path`` is a file of something else. A method with too few standards is
        skipped and named instead.

    Warns
    -----
    OtherInputsWarning
        If ``path`` holds predictions from other inputs.

    Examples
    --------
    >>> from skspectral import TransferSplit
    >>> from skspectral.comparison import compare_methods, default_methods
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> cv = TransferSplit(8, n_repeats=2, source="A", target="B", random_state=0)
    >>> methods = {k: v for k, v in default_methods("A", "B").items() if k in ("MeanShift", "Pooled")}
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> compare_methods(data.X, data.y, methods=methods, cv=cv, progress=False, **labels).methods
    ['MeanShift', 'Pooled']
    """
    X = as_matrix(X)
    instrument, sample_id = check_instrument(instrument, len(X)), check_labels(sample_id, len(X), "sample_id")
    X = in_one_quantity(X, instrument, sample_id, quantity, cv)
    references = references_with_twins(y, instrument, sample_id, cv).reshape(len(X), -1)
    names = list(target_names) if target_names is not None else [f"y{j}" for j in range(references.shape[1])]
    splits = list(cv.split(X, references, instrument=instrument, sample_id=sample_id))
    jobs = [
        (name, model, repeat, train, test)
        for repeat, (train, test) in enumerate(splits)
        for name, model in methods.items()
    ]
    if native:
        everything = clone_splitter(cv, n_standards="all")
        model = TargetOnly(source=cv.source, target=cv.target)
        native_splits = list(everything.split(X, references, instrument=instrument, sample_id=sample_id))
        jobs += [(NATIVE, model, repeat, train, test) for repeat, (train, test) in enumerate(native_splits)]
        splits += native_splits
    run = None if path is None else fingerprint(X, references, names, instrument, sample_id, methods, splits)
    store = PredictionStore(path, run)
    skipped = {}
    for name, model, repeat, train, test in tqdm(jobs, disable=not progress, desc="comparing", unit="fit"):
        if (name, repeat) in store.done or name in skipped:
            continue
        started = time.perf_counter()
        try:
            fitted = clone(model).fit(
                X[train], references[train], instrument=instrument[train], sample_id=sample_id[train]
            )
        except NoStandardsError as error:
            skipped[name] = str(error)
            continue
        seconds = time.perf_counter() - started
        predicted = fitted.predict(X[test])
        store.add(
            {
                "run": run,
                "method": name,
                "repeat": repeat,
                "property": names[j],
                "row": int(row),
                "sample_id": sample_id[row],
                "measured": references[row, j],
                "predicted": predicted[i, j],
                "fit_seconds": seconds,
            }
            for i, row in enumerate(test)
            for j in range(references.shape[1])
            if np.isfinite(references[row, j])
        )
    order = {name: i for i, name in enumerate([*methods, NATIVE])}
    store.rows.sort(key=lambda r: (order[r["method"]], r["repeat"]))
    return Comparison(store.rows, skipped, set_aside=store.set_aside)


def clone_splitter(cv, **changes):
    """Copy a TransferSplit with other settings; its test draws stay the same."""
    if not isinstance(cv, TransferSplit):
        raise ValueError(f"The native calibration needs a TransferSplit, got {type(cv).__name__}.")
    if not isinstance(cv.random_state, (int, np.integer)):
        raise ValueError("The native calibration needs the same test samples: give the splitter an int random_state.")
    names = (
        "n_standards", "n_repeats", "test_size", "test_samples", "source", "target", "selection", "random_state",
    )  # fmt: skip
    settings = {name: getattr(cv, name) for name in names} | changes
    return TransferSplit(**settings)
