"""What a deployed model says of check samples, and how well it was validated."""

import warnings

import numpy as np

from ..exceptions import CheckLogError, CheckLogWarning, TooFewStandardsError, UnknownInstrumentError

__all__ = ["predict_checks", "read_table_for", "validated_sep"]


def read_table_for(model, new, instrument=None, **options):
    """Take a table as it is; read files as those were that the model was made from."""
    return new if hasattr(new, "sample_id") else model.read(new, instrument=instrument, **options)


def predict_checks(model, new, date, instrument):
    """Columns of `CheckSamples`: date, reference, predicted, sample and property."""
    table = read_table_for(model, new, instrument)
    predicted = model.predict(table, instrument=instrument, per_sample=True)
    names = [str(name) for name in table.properties]
    shared = [name for name in model.properties if name in names]
    if not shared:
        raise CheckLogError(
            f"Check samples need references of {', '.join(model.properties)}, and the table has "
            f"{', '.join(names) or 'none'}."
        )
    samples = predicted.labels.get("sample_id", [None] * len(predicted))
    if any(sample is None for sample in samples):
        raise CheckLogError("Some of the check samples have no name (sample_id).")
    measured_on = list(dict.fromkeys(predicted.labels["instrument"]))
    if len(measured_on) > 1:
        raise CheckLogError(f"The spectra come from {', '.join(map(str, measured_on))}; keep one log per instrument.")
    rows, rejected = [], []
    for i, sample in enumerate(samples):
        own = [row for row, label in enumerate(table.sample_id) if label == sample]
        for name in shared:
            known = table.y[own, names.index(name)]
            known = known[np.isfinite(known)]
            j = model.properties.index(name)
            if known.size and predicted.flag[i, j] == "reject":
                rejected.append(f"{sample} ({predicted.reason[i, j]})")
            elif known.size:
                rows.append((date, float(known.mean()), float(predicted.value[i, j]), str(sample), name))
    if rejected:
        warnings.warn(
            f"Check samples whose spectra the model rejects are left out: {'; '.join(dict.fromkeys(rejected))}.",
            CheckLogWarning,
            stacklevel=4,
        )
    if not rows:
        raise CheckLogError("No check sample with a reference is left.")
    return [list(column) for column in zip(*rows)]


def validated_sep(model, target_name, target):
    """SEP of a property and its degrees of freedom, from the standards that were left out."""
    if target is None and len(model.targets) > 1:
        raise UnknownInstrumentError(
            f"The model serves {', '.join(map(str, model.targets))}; say with target= whose check samples these are."
        )
    by_name = {str(name): name for name in model.targets}
    target = model.targets[0] if target is None else by_name.get(str(target), target)
    if target not in model.targets:
        raise UnknownInstrumentError(f"The model has no target {target!r}, only {', '.join(map(repr, model.targets))}.")
    if target_name not in model.properties:
        raise ValueError(
            f"The model predicts {', '.join(model.properties)}, not {target_name!r}. Give an SEP of it (sep=), or "
            "judge the others alone."
        )
    held, j = model.records[target].held_out, model.properties.index(target_name)
    sep = float(held.sep[j])
    if not (len(held.samples) and sep > 0):
        raise TooFewStandardsError(
            f"The model has no validated SEP of {target_name!r} ({held.how}). Give sep=, or let it be estimated from "
            "the first check samples."
        )
    return sep, int(held.n[j]) - 1
