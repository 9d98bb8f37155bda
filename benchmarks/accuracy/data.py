"""What is run on which spectra: pairs of instruments, test samples, numbers of standards and repeats."""

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from skspectral.datasets import fetch_corn, fetch_sugarcane, fetch_tablets, make_instruments
from skspectral.deployment import stack_instruments

__all__ = ["PLANS", "SIMULATED", "TABLETS_LONGEST", "Pair", "Plan", "load", "load_pair"]

# the detector of both tablet spectrometers gives out beyond this wavelength (nm)
TABLETS_LONGEST = 1638.0
# what the simulated spectra are made from
SIMULATED = {"n_samples": 60, "n_channels": 100, "n_targets": 2, "random_state": 1}
# measured range (nm) of each instrument
SUGARCANE = {
    "F750": (450, 1140),
    "SCiO": (740, 1070),
    "MicroNIR1700_rep1": (908, 1676),
    "NIRscanNano": (901, 1701),
    "TellSpec": (901, 1700),
    "MicroNIR2200": (1159, 2169),
    "NIRONE22": (1750, 2150),
}


@dataclass(frozen=True)
class Plan:
    """What is run on one data set.

    Attributes
    ----------
    pairs : tuple of (source, target)
    properties : tuple of str
        Columns of ``y``, fitted jointly.
    standards : tuple of int
        Numbers of transfer standards.
    repeats : dict of {selection: int}
        How often each way of choosing standards is repeated. Every repeat has a seed of its own, except that a fixed
        test set and a fixed order of standards leave nothing to repeat.
    test_size : int or None
        Number of test samples drawn in each repeat; None where the data set has an official test set.
    r2_thresholds : dict of {property: float}
        R2 that the reference card asks for.
    note : str
        What a reader of the tables has to know.
    disjoint : tuple of (source, target)
        Pairs that share no wavelength, for which methods on a common axis do not exist: those that take every
        instrument on its own axis are run on them.
    drawn : tuple of (source, target) or None
        Pairs that have figures of their own; None for all.
    """

    pairs: tuple
    properties: tuple
    standards: tuple
    repeats: dict = field(hash=False)
    test_size: int | None
    r2_thresholds: dict = field(hash=False)
    note: str
    disjoint: tuple = ()
    drawn: tuple | None = None

    def quick(self):
        """Return a smoke run: one pair, two random repeats, no and five standards."""
        return replace(self, pairs=self.pairs[:1], disjoint=(), standards=(0, 5), repeats={"random": 2})


@dataclass(frozen=True, eq=False)
class Pair:
    """Spectra of a source and a target in long form.

    Attributes
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        On an axis that both instruments share. Without such an axis, source rows on the source's own, by which samples
        are selected; no method may take target rows from it.
    native : ndarray of shape (n_spectra, n_widest)
        Every row on its instrument's own axis, in the first columns, NaN behind.
    axes : dict of {instrument: ndarray}
        These axes in nm.
    y : ndarray of shape (n_spectra, n_targets)
    instrument, sample_id : ndarray of shape (n_spectra,)
    source, target : str
    wavelengths : ndarray of shape (n_channels,) or None
        Axis of ``X`` in nm; None where the instruments share none.
    test_samples : ndarray or None
        The official test set.
    """

    X: np.ndarray
    native: np.ndarray
    axes: dict
    y: np.ndarray
    instrument: np.ndarray
    sample_id: np.ndarray
    source: str
    target: str
    wavelengths: np.ndarray | None
    test_samples: np.ndarray | None = None

    @property
    def own(self):
        """Spectra as far as the target's own axis reaches: whole for its rows, of no use for others."""
        return self.native[:, : len(self.axes[self.target])]


def _both_ways(names):
    return tuple((source, target) for source in names for target in names if source != target)


def _overlap(pair):
    (low, high), (other_low, other_high) = (SUGARCANE[name] for name in pair)
    return min(high, other_high) > max(low, other_low)


PLANS = {
    "corn": Plan(
        pairs=(("m5", "mp5"), ("m5", "mp6"), ("mp5", "mp6"), ("mp6", "mp5"), ("mp5", "m5"), ("mp6", "m5")),
        properties=("moisture", "oil", "protein", "starch"),
        standards=(0, 1, 2, 3, 5, 10, 15, 20, 30, 50),
        repeats={"random": 20, "kennard-stone": 20},
        test_size=20,
        r2_thresholds=dict.fromkeys(("moisture", "oil", "protein", "starch"), 0.95),
        note="80 samples: 20 drawn for testing in each repeat, 60 for calibration. Units: % (w/w).",
    ),
    "tablets": Plan(
        pairs=_both_ways(("inst1", "inst2")),
        properties=("weight", "hardness", "assay"),
        standards=(0, 1, 2, 3, 5, 10, 15, 20, 30, 50),
        # test set and Kennard-Stone order are fixed
        repeats={"random": 10, "kennard-stone": 1},
        test_size=None,
        r2_thresholds={"assay": 0.96},
        note=(
            "Official split: 155 calibration and 460 test tablets, the 40 validation tablets unused. Spectra are "
            f"cropped to {TABLETS_LONGEST:g} nm. No outlier is removed, neither from calibration nor from the test "
            "set. The test set is the same in every repeat; what varies is the choice of standards. Units: mg (weight, "
            "assay), as given (hardness)."
        ),
    ),
    "sugarcane": Plan(
        pairs=tuple(filter(_overlap, _both_ways(SUGARCANE))),
        disjoint=tuple(pair for pair in _both_ways(SUGARCANE) if not _overlap(pair)),
        drawn=(
            ("NIRscanNano", "MicroNIR1700_rep1"),
            ("MicroNIR1700_rep1", "MicroNIR2200"),
            ("MicroNIR2200", "TellSpec"),
        ),
        properties=("TS", "CP", "ADF", "IVOMD"),
        standards=(0, 1, 2, 3, 5, 10, 15, 20, 30),
        repeats={"random": 10, "kennard-stone": 10},
        test_size=20,
        r2_thresholds={},
        note=(
            "60 samples: 20 drawn for testing in each repeat, 40 for calibration. The axes differ: each pair is "
            "resampled onto the range that both instruments cover, in the coarser step; the native calibration uses "
            "the target's own axis, as does `TargetOnly-native`; `SpectralFMTransfer` takes both axes as they are. "
            "MicroNIR1700 was measured three times; the first series stands for it. Units: % of dry matter."
        ),
    ),
    "simulated": Plan(
        pairs=(("A", "B"), ("B", "A")),
        properties=("component_1", "component_2"),
        standards=(0, 1, 2, 3, 5, 10),
        repeats={"random": 5, "kennard-stone": 5},
        test_size=15,
        r2_thresholds={},
        note="60 simulated samples: 15 drawn for testing in each repeat, 45 for calibration. Units: % (w/w).",
    ),
}


@lru_cache(maxsize=4)
def load_pair(dataset, source, target):
    """Load one pair of instruments, once per process."""
    if dataset == "sugarcane":
        return _sugarcane_pair(source, target)
    data = load(dataset)
    kept = np.isin(data.instrument, (source, target))
    X, axis, test_samples = data.X, data.wavelengths, None
    if dataset == "tablets":
        kept &= data.split != "validation"
        X, axis = X[:, axis <= TABLETS_LONGEST], axis[axis <= TABLETS_LONGEST]
        test_samples = np.unique(data.sample_id[data.split == "test"])
    X, axes = X[kept], {source: axis, target: axis}
    labels = data.instrument[kept], data.sample_id[kept]
    return Pair(X, X, axes, data.y[kept], *labels, source, target, axis, test_samples)


@lru_cache(maxsize=4)
def load(dataset):
    """Load a data set with all its instruments, once per process."""
    if dataset == "simulated":
        return make_instruments(**SIMULATED)
    return {"corn": fetch_corn, "tablets": fetch_tablets, "sugarcane": fetch_sugarcane}[dataset]()


def _sugarcane_pair(source, target):
    data = load("sugarcane")
    rows = {name: data.instrument == name for name in (source, target)}
    axes = {name: data.wavelengths[name] for name in rows}
    spectra = {name: data.spectra[name] for name in rows}
    labels = {
        "y": {name: data.y[mask] for name, mask in rows.items()},
        "sample_id": {name: data.sample_id[mask] for name, mask in rows.items()},
    }
    native = stack_instruments(spectra, wavelengths=axes, grid=None, **labels)
    if (source, target) in PLANS["sugarcane"].disjoint:
        X, axis = native.X[:, : len(axes[source])], None
    else:
        shared = stack_instruments(spectra, wavelengths=axes, **labels)
        X, axis = shared.X, shared.wavelengths
    return Pair(X, native.X, axes, native.y, native.instrument, native.sample_id, source, target, axis)
