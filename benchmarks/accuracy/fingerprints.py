"""What a result was made from, as a fingerprint: the method with all that it holds, and the data."""

from functools import cache

import joblib

from . import data as datasets
from .methods import METHODS, counts, learned_before, make_pipeline, preprocessing_of, settings_hash

__all__ = ["DATA_OF_FIRST_VERSION", "data_hash", "inputs_hash", "is_of_these_inputs"]

VERSION = "2"

#: Content of the data sets that rows with a fingerprint of the settings alone were computed on. The published files are
#: held to their SHA-256 whenever they are read, so these rows can come from no other spectra and references.
DATA_OF_FIRST_VERSION = {
    "corn": "b8db3254",
    "tablets": "4c375434",
    "sugarcane": "7ba8f957",
    "simulated": "a7952a92",
}


@cache
def data_hash(dataset):
    """Fingerprint of spectra, references, labels and axes of a data set, before any pair is made of them."""
    if dataset == "simulated":
        # what is simulated may differ in the last digits from machine to machine
        return joblib.hash(datasets.SIMULATED)[:8]
    loaded = datasets.load(dataset)
    parts = {name: loaded[name] for name in ("X", "spectra", "y", "wavelengths", "split") if name in loaded}
    labels = [[str(label) for label in loaded[name]] for name in ("instrument", "sample_id")]
    return joblib.hash((parts, labels, list(loaded.target_names), datasets.TABLETS_LONGEST))[:8]


def inputs_hash(method, dataset):
    """Fingerprint of a method with all its parameters by content, and of the data set that it is run on.

    Parameters
    ----------
    method, dataset : str

    Returns
    -------
    str
        Begins with the version of the fingerprint.
    """
    pipelines = [make_pipeline(method, name, "source", "target", dataset=dataset) for name in preprocessing_of(method)]
    params = [
        {key: _content(value) for key, value in pipeline.get_params().items() if counts(method, key, value)}
        for pipeline in pipelines
    ]
    everything = (METHODS[method].standards, params, learned_before(method), data_hash(dataset))
    return f"{VERSION}-{joblib.hash(everything)[:8]}"


def _content(value):
    """What a parameter holds; estimators are named here, since their parameters stand beside them."""
    if hasattr(value, "get_params"):
        return type(value).__qualname__
    if isinstance(value, (list, tuple)):
        return [_content(part) for part in value]
    return value


def is_of_these_inputs(row, method, dataset):
    """Tell whether a stored row was made from what a run would make it from now.

    Parameters
    ----------
    row : dict of {str: str}
        A row of the results.
    method, dataset : str

    Returns
    -------
    bool
    """
    if METHODS[method].kept:
        return True
    if row["settings"].startswith(f"{VERSION}-"):
        return row["settings"] == inputs_hash(method, dataset)
    # the first version named the settings by their text, which says everything unless an array was shortened in it
    same_settings = row["settings"] == settings_hash(method, dataset) and not _is_shortened(method, dataset)
    return same_settings and data_hash(dataset) == DATA_OF_FIRST_VERSION[dataset]


@cache
def _is_shortened(method, dataset):
    pipelines = [make_pipeline(method, name, "source", "target", dataset=dataset) for name in preprocessing_of(method)]
    return any("..." in repr(value) for pipeline in pipelines for value in pipeline.get_params().values())
