"""Which types a model file may hold: a list of names, never a rule about how a name looks.

Each kind of entry has its own list, since what is harmless as a value may not be harmless to call. Of skspectral there
are estimators and plain records, whose construction does nothing but set attributes.
"""

import functools

import numpy as np

from .._core.former_paths import present_name

__all__ = ["OWN_TYPES", "retired_owners", "untrusted_types", "walk_nodes"]

# estimators and records by module; tests hold the list to what the package has
OWN_TYPES = {
    "skspectral._core.affine": ("BandedMap", "IntegratedMap", "LowRankMap"),
    "skspectral.calibration.wrapping": ("PropertyWise",),
    "skspectral.calibration._linear": ("LinearCalibration",),
    "skspectral.calibration._pls": ("PLSRegressionCV",),
    "skspectral.deep.cnn": ("CNNTransfer",),
    "skspectral.deep.lora_ct": ("LoRACT",),
    "skspectral.deep.transformer": ("TransformerTransfer",),
    "skspectral.diagnostics._intervals": ("TransferIntervals",),
    "skspectral.diagnostics._limits": ("SpectralLimits",),
    "skspectral.diagnostics._mistakes": ("MistakeModel",),
    "skspectral.diagnostics._target_limits": ("TargetLimits",),
    "skspectral.diagnostics._target_model": ("SpectraModel",),
    "skspectral.foundation._native_spectra": ("NativeSpectra",),
    "skspectral.foundation._readout": ("Readout",),
    "skspectral.foundation._encoder": ("NetworkRecord",),
    "skspectral.foundation._regions": ("Sight",),
    "skspectral.foundation._spectrum_writer": ("SpectrumWriter",),
    "skspectral.foundation.spectral_fm": ("SpectralFMTransfer",),
    "skspectral.model_selection._splits": ("StandardsSplit", "TransferSplit"),
    "skspectral.monitoring._spectral_drift": ("SpectralDrift",),
    "skspectral.deployment._held_out": ("HeldOut",),
    "skspectral.deployment._record": ("TransferRecord",),
    "skspectral.deployment.per_instrument": ("PerInstrument",),
    "skspectral.deployment.transferred": ("TransferredModel",),
    "skspectral.preprocessing._resample": ("Resample",),
    "skspectral.preprocessing._savitzky_golay": ("SavitzkyGolay",),
    "skspectral.preprocessing._snv": ("SNV",),
    "skspectral.preprocessing._wavelet": ("WaveletTokenize",),
    "skspectral.transfer._by_region": ("ByRegion",),
    "skspectral.transfer._operators": ("Operator",),
    "skspectral.transfer._several_sources": ("SeveralSources",),
    "skspectral.transfer.auto": ("AutoTransfer",),
    "skspectral.transfer.baselines": ("Pooled", "SourceOnly", "TargetOnly"),
    "skspectral.transfer.cca": ("CCA",),
    "skspectral.transfer.difference_ridge": ("DifferenceRidge",),
    "skspectral.transfer.dipls": ("diPLS",),
    "skspectral.transfer.ds": ("DS",),
    "skspectral.transfer.epo": ("EPO",),
    "skspectral.transfer.glsw": ("GLSW",),
    "skspectral.transfer.gp._kernels": ("InstrumentCovariance", "InstrumentNoise"),
    "skspectral.transfer.gp._multi_instrument": ("MultiInstrumentGP",),
    "skspectral.transfer.mean_shift": ("MeanShift",),
    "skspectral.transfer.model_update": ("ModelUpdate",),
    "skspectral.transfer.pds": ("PDS",),
    "skspectral.transfer.portfolio._disagreement": ("Disagreement",),
    "skspectral.transfer.portfolio._fold": ("Folded",),
    "skspectral.transfer.portfolio._portfolio": ("TransferPortfolio",),
    "skspectral.transfer._population": ("PopulationCheck",),
    "skspectral.transfer.sbc": ("SBC",),
    "skspectral.transfer.sst": ("SST",),
}

# records that earlier versions stored in fitted estimators, which cannot predict any more: by module, and in which one
RETIRED_TYPES = {
    "skspectral.transfer.portfolio._members": ("TransferPortfolio", ("Fitted", "Member")),
    "skspectral.transfer.portfolio._views": ("TransferPortfolio", ("Fused", "Mapped", "View")),
    "skspectral.transfer.portfolio._window_map": ("TransferPortfolio", ("WindowMap",)),
}

OTHER_TYPES = {
    "sklearn.gaussian_process.kernels": (
        *("CompoundKernel", "ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Matern", "Product"),
        *("RBF", "RationalQuadratic", "Sum", "WhiteKernel"),
    ),
    "sklearn.metrics._scorer": ("_MultimetricScorer", "_PassthroughScorer", "_Scorer"),
    "sklearn.model_selection._split": (
        *("GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "LeavePGroupsOut"),
        *("LeavePOut", "PredefinedSplit", "RepeatedKFold", "ShuffleSplit"),
    ),
}

# figures of merit in scorers; a file only refers to them
FUNCTIONS = {
    "skspectral.metrics._figures": ("abs_bias", "r2", "rmsep", "rpd", "rpiq", "sep"),
    "sklearn.metrics._regression": (
        *("d2_absolute_error_score", "explained_variance_score", "max_error", "mean_absolute_error"),
        *("mean_absolute_percentage_error", "mean_squared_error", "mean_squared_log_error", "median_absolute_error"),
        *("r2_score", "root_mean_squared_error", "root_mean_squared_log_error"),
    ),
}

NUMBERS = {f"{kind.__module__}.{kind.__name__}" for kind in np.sctypeDict.values() if kind.__module__ == "numpy"}

# kinds of entry as skops names them, with the types each may make; kinds that are not here make none
SIMPLE_TYPES = {
    "JsonNode": {"builtins.str"},
    "DictNode": {"builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch"},
    "ListNode": {"builtins.list"},
    "TupleNode": {"builtins.tuple"},
    "SetNode": {"builtins.set"},
    "BytesNode": {"builtins.bytes"},
    "BytearrayNode": {"builtins.bytearray"},
    "SliceNode": {"builtins.slice"},
    "TypeNode": {"builtins.bool", "builtins.float", "builtins.int", "builtins.str"} | NUMBERS,
    "NdArrayNode": {"numpy.ndarray"} | NUMBERS,
    "MaskedArrayNode": {"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"},
    "DTypeNode": {"numpy.dtype"},
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
    "RandomGeneratorNode": {"numpy.random._generator.Generator"},
    "SparseMatrixNode": {
        f"scipy.sparse._{kind}.{kind}_{form}" for kind in ("csc", "csr", "coo") for form in ("array", "matrix")
    },
    # called with what the file says
    "ConstructorFromReduceNode": {
        "builtins.frozenset",
        "datetime.date",
        "datetime.datetime",
        "torch.device",
        "skspectral.deployment._torch_records.StoredNetwork",
        "skspectral.deployment._torch_records.StoredTensor",
    },
}


def _names(table):
    return {f"{module}.{name}" for module, names in table.items() for name in names}


@functools.cache
def _trusted_by_kind():
    from sklearn.utils import all_estimators

    estimators = {f"{cls.__module__}.{cls.__name__}" for _, cls in all_estimators()}
    # subclasses of scikit-learn's base class in other packages are not scikit-learn
    estimators = {name for name in estimators if name.startswith("sklearn.")}
    ufuncs = {f"numpy.{name}" for name in dir(np) if isinstance(getattr(np, name), np.ufunc)}
    return SIMPLE_TYPES | {
        "ObjectNode": _names(OWN_TYPES) | _names(OTHER_TYPES) | estimators,
        "FunctionNode": _names(FUNCTIONS) | ufuncs,
    }


def walk_nodes(schema):
    """Iterate over all entries of the schema, wherever they stand: (kind, module, name, entry)."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if isinstance(part, dict) and "__loader__" in part:
            yield part["__loader__"], part.get("__module__"), part.get("__class__"), part


def retired_owners(types):
    """Name the estimators that only earlier versions stored with some of these types (full names)."""
    owners = {f"{module}.{name}": owner for module, (owner, names) in RETIRED_TYPES.items() for name in names}
    return sorted({owners[name] for name in types if name in owners})


def untrusted_types(schema, trusted=()):
    """List the types of a schema that are not known to be harmless.

    Parameters
    ----------
    schema : dict
        What ``schema.json`` of the file says.
    trusted : collection of str
        Names that the user vouches for.

    Returns
    -------
    untrusted : list of str
        Full names, sorted.
    found : list of str
        All full names in the file.
    """
    untrusted, found = set(), set()
    for kind, module, name, _ in walk_nodes(schema):
        full, present = f"{module}.{name}", f"{present_name(module)}.{name}"
        found.add(full)
        known = full in trusted or (isinstance(kind, str) and present in _trusted_by_kind().get(kind, ()))
        # a dotted class would be another way to write the same full name
        if not known or "." in str(name):
            untrusted.add(full)
    return sorted(untrusted), sorted(found)
