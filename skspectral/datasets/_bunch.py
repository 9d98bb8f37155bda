"""From one matrix per instrument to the long form: one row is one spectrum of one sample on one instrument."""

import numpy as np
from sklearn.utils import Bunch

from .._core.padding import pad_right
from ..exceptions import UnknownInstrumentError

__all__ = [
    "choose_instruments",
    "long_form",
]


def choose_instruments(instruments, available):
    """Check the instruments that a caller asked for.

    Parameters
    ----------
    instruments : sequence of str or None
        The wanted instruments, in the wanted order; None is all.
    available : sequence of str
        The instruments of the data set.

    Returns
    -------
    list of str
        The instruments to load.

    Raises
    ------
    UnknownInstrumentError
        If one is not in the data set, is named twice, or none is named.
    """
    if instruments is None:
        return list(available)
    chosen = [instruments] if isinstance(instruments, str) else list(instruments)
    unknown = [name for name in chosen if name not in available]
    if unknown or not chosen:
        what = f"no instrument {', '.join(map(repr, unknown))}" if unknown else "no data without an instrument"
        raise UnknownInstrumentError(f"This data set has {what}; choose among {', '.join(available)}.")
    if len(set(chosen)) < len(chosen):
        raise UnknownInstrumentError(f"An instrument is named twice in instruments={chosen}.")
    return chosen


def long_form(spectra, y, sample_id, *, wavelengths, target_names, descr, **per_sample):
    """Build the Bunch that every loader returns.

    Parameters
    ----------
    spectra : dict of str to ndarray of shape (n_samples, n_channels)
        Spectra of each instrument, the same samples in the same order.
    y : ndarray of shape (n_samples, n_targets)
        Reference values of the samples; NaN is missing.
    sample_id : ndarray of shape (n_samples,)
        Names of the samples.
    wavelengths : ndarray of shape (n_channels,) or dict of str to ndarray
        The common axis, or one axis per instrument.
    target_names : sequence of str
        Names of the columns of ``y``.
    descr : str
        Description of the data.
    **per_sample : ndarray of shape (n_samples,)
        Further labels of the samples; every instrument's rows carry them.

    Returns
    -------
    sklearn.utils.Bunch
        Keys ``X``, ``y``, ``instrument``, ``sample_id``, ``wavelengths``, ``target_names``, ``instruments``, ``DESCR``
        and those of ``per_sample``.
    """
    names = list(spectra)
    n_samples = len(sample_id)
    labels = {key: np.tile(values, len(names)) for key, values in per_sample.items()}
    return Bunch(
        X=pad_right(spectra).astype(np.float64, copy=False),
        y=np.tile(np.asarray(y, dtype=np.float64), (len(names), 1)),
        instrument=np.repeat(names, n_samples),
        sample_id=np.tile(sample_id, len(names)),
        wavelengths=wavelengths,
        target_names=list(target_names),
        instruments=names,
        DESCR=descr,
        **labels,
    )
