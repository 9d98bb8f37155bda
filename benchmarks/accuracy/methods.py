"""The methods that are compared, the preprocessing each may choose from, and a fingerprint of both."""

import hashlib
from dataclasses import dataclass
from functools import cache, partial

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skspectral import SpectralFMTransfer, __version__
from skspectral.foundation import foundation_hash
from skspectral.preprocessing import SNV, SavitzkyGolay
from skspectral.transfer import (
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
from skspectral.transfer.portfolio import portfolio_hash

from .networks import REPEATS, make_network, takes_part
from .random_network import make_untrained, untrained_folder

__all__ = [
    *("METHODS", "PREPROCESSING", "VERSION", "Method"),
    *("counts", "learned_before", "make_pipeline", "preprocessing_of", "repeats_of", "settings_hash"),
]

VERSION = __version__

# a fit takes ten times as long as one of the portfolio
FEWER_REPEATS = {"random": 5, "kennard-stone": 5}
CONSTANTS_OF_FIRST_VERSION = "cafcf97cca3e"
# a network trained for hours on fewer says nothing that five do not say
FEWEST_FOR_NETWORKS = 5

# parameters that came later, with the values that do what was done without them: they leave results valid
LATER = {"axis_unit": (None, "nm")}

# name: the steps, the same for all rows, that stand before the transfer method
PREPROCESSING = {
    "none": (),
    "SG1": (SavitzkyGolay(15, polyorder=2, deriv=1),),
    "SNV+SG1": (SNV(), SavitzkyGolay(15, polyorder=2, deriv=1)),
}


@dataclass(frozen=True)
class Method:
    """A method under comparison.

    Attributes
    ----------
    make : callable
        ``make(source=..., target=...)`` gives the unfitted estimator.
    standards : {"none", "some", "all"}
        Whether it is run without standards, with each number of them, or with every calibration sample on the target.
    own_axis : bool
        Whether it sees target rows only, on the target's own axis.
    native_axes : bool
        Whether it takes spectra on the axis of each instrument, where these differ.
    complete : bool
        Whether it brings its own preprocessing and calibration, and windows in nm: it is given the spectra as measured
        and their axis.
    plotted : bool
        Whether its predictions are kept, for the plots of predicted against measured; more would hide each other.
    network : str or None
        Name of the deep baseline that it is. It brings its own inputs, its settings are those that were chosen for the
        data set, and it is run on fewer repeats.
    repeats : dict of {selection: int} or None
        Fewer repeats than planned, for a method that takes long.
    datasets : tuple of str or None
        The data sets that it is run on; None for all.
    learned : tuple of callable
        Give fingerprints of what it learned before.
    kept : bool
        Whether it is an earlier version, whose results are kept for comparison and never computed again.
    unlabelled_beside : bool
        Whether it takes unlabelled target spectra beside standards.
    """

    make: object
    standards: str = "some"
    own_axis: bool = False
    native_axes: bool = False
    complete: bool = False
    plotted: bool = False
    network: str | None = None
    repeats: dict | None = None
    datasets: tuple | None = None
    learned: tuple = ()
    kept: bool = False
    unlabelled_beside: bool = False

    @property
    def least(self):
        """Smallest number of standards that it is run with."""
        if self.network is not None:
            return FEWEST_FOR_NETWORKS
        return max(1, self.make(source=None, target=None).__transfer_tags__().min_samples)

    @property
    def zero_shot(self):
        """Whether it transfers by unlabelled target spectra alone."""
        if self.own_axis or self.standards != "some":
            return False
        return self.make(source=None, target=None).__transfer_tags__().zero_shot


METHODS = {
    "SourceOnly": Method(SourceOnly, standards="none", plotted=True),
    "MeanShift": Method(MeanShift, plotted=True),
    "SBC": Method(SBC),
    "DS": Method(DS),
    "DS (2026.11)": Method(DS, kept=True),
    "DS-identity": Method(partial(DS, prior="identity")),
    "DS-zero": Method(partial(DS, prior="zero")),
    "PDS": Method(PDS, plotted=True),
    "PDS (2026.11)": Method(PDS, kept=True),
    "CCA": Method(CCA),
    "diPLS": Method(diPLS),
    "TargetOnly": Method(TargetOnly),
    "TargetOnly-native": Method(TargetOnly, own_axis=True, datasets=("sugarcane",)),
    "Pooled": Method(Pooled),
    "EPO": Method(EPO),
    "GLSW": Method(GLSW),
    "SST": Method(SST),
    "ModelUpdate": Method(ModelUpdate),
    "DifferenceRidge": Method(DifferenceRidge, complete=True),
    "MultiInstrumentGP": Method(MultiInstrumentGP, complete=True),
    "TransferPortfolio": Method(TransferPortfolio, complete=True, learned=(portfolio_hash,)),
    "TransferPortfolio (2026.11)": Method(TransferPortfolio, complete=True, kept=True),
    "AutoTransfer": Method(
        AutoTransfer, complete=True, plotted=True, learned=(portfolio_hash,), unlabelled_beside=True
    ),
    "AutoTransfer (2026.11)": Method(AutoTransfer, complete=True, kept=True),
    "SpectralFMTransfer": Method(
        SpectralFMTransfer,
        native_axes=True,
        complete=True,
        plotted=True,
        repeats=FEWER_REPEATS,
        learned=(portfolio_hash, cache(foundation_hash)),
    ),
    "SpectralFMTransfer (2026.11)": Method(SpectralFMTransfer, native_axes=True, complete=True, kept=True),
    "SpectralFM (random weights)": Method(
        make_untrained,
        native_axes=True,
        complete=True,
        repeats=FEWER_REPEATS,
        learned=(portfolio_hash, cache(foundation_hash)),
    ),
    "CNNTransfer": Method(make_network("CNNTransfer"), network="CNNTransfer"),
    "TransformerTransfer": Method(make_network("TransformerTransfer"), network="TransformerTransfer"),
    "LoRACT": Method(make_network("LoRACT"), network="LoRACT"),
    "native-CNN": Method(
        make_network("CNNTransfer", native=True), standards="all", own_axis=True, network="CNNTransfer"
    ),
    "native": Method(TargetOnly, standards="all", own_axis=True, plotted=True),
}


def preprocessing_of(method):
    """Names of the preprocessing that a method may choose from."""
    return ("none",) if METHODS[method].complete or METHODS[method].network else tuple(PREPROCESSING)


def repeats_of(method, dataset, planned):
    """How many of the planned repeats (a dict by selection) a method is run on; none where it takes no part."""
    network, datasets = METHODS[method].network, METHODS[method].datasets
    if METHODS[method].kept:
        return {}
    if datasets is not None and dataset not in datasets:
        return {}
    if network is not None and not takes_part(network, dataset):
        return {}
    fewer = METHODS[method].repeats if network is None else REPEATS
    if fewer is None:
        return planned
    return {selection: min(n, planned[selection]) for selection, n in fewer.items() if selection in planned}


def make_pipeline(method, preprocessing, source, target, wavelengths=None, dataset=None):
    """Build the unfitted Pipeline whose last step, ``"method"``, is the transfer method."""
    # cloned, because a Pipeline fits the very steps it is given, and threads share this table
    steps = [(type(step).__name__, clone(step)) for step in PREPROCESSING[preprocessing]]
    extra = {"wavelengths": wavelengths} if METHODS[method].complete else {}
    if METHODS[method].network:
        extra = {"dataset": dataset}
    return Pipeline([*steps, ("method", METHODS[method].make(source=source, target=target, **extra))])


def counts(method, name, value):
    """Tell whether a parameter is part of the fingerprint."""
    # methods on native axes had a unit of them from the beginning, and further known instruments later than others
    if METHODS[method].native_axes and name in ("method__axis_unit", "method__others"):
        return name == "method__axis_unit" or len(value) > 0
    # random weights lie in a folder that each process makes for itself
    if METHODS[method].make is make_untrained and name == "method__weights":
        return False
    return value not in LATER.get(name.rsplit("__", 1)[-1], ())


def settings_hash(method, dataset=None):
    """Fingerprint of what decides a method's result besides the data: parameters, preprocessing, learned constants.

    Parameters
    ----------
    method : str
    dataset : str, optional
        Networks have other settings on each.
    """
    pipelines = [
        make_pipeline(method, name, "source", "target", dataset=dataset).get_params()
        for name in preprocessing_of(method)
    ]
    text = repr(
        [
            sorted((key, repr(value)) for key, value in params.items() if counts(method, key, value))
            for params in pipelines
        ]
    )
    if METHODS[method].make is make_untrained:
        text = text.replace(str(untrained_folder()), "untrained")
    return hashlib.sha256(f"{METHODS[method].standards} {text}{learned_before(method)}".encode()).hexdigest()[:8]


def learned_before(method):
    """Fingerprints of the constants and weights that a method brings with it; empty where there are none."""
    found = [fingerprint() for fingerprint in METHODS[method].learned]
    if METHODS[method].complete and not found:
        # results of methods without constants were named by those of the portfolio, too
        found = [CONSTANTS_OF_FIRST_VERSION]
    return "".join(f" {text}" for text in found)
