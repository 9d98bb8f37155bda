"""
Compare the methods on one pair of instruments
==============================================

A calibration exists on instrument A, ten samples were measured on instrument B as well: which method carries the
calibration over? All methods are scikit-learn regressors, so one cross-validation answers, on the same splits.
"""

# %%
# The data
# --------
# One row is one spectrum. Two labels travel with it: the instrument, and the sample.

import numpy as np
import pandas as pd
from sklearn.model_selection import cross_validate

from skspectral import (
    CCA,
    DS,
    PDS,
    SBC,
    MeanShift,
    Pooled,
    SourceOnly,
    TargetOnly,
    TransferSplit,
    as_groups,
    diPLS,
)
from skspectral.datasets import make_instruments
from skspectral.metrics import scorers
from skspectral.plotting import PredictedMeasuredDisplay

data = make_instruments(n_samples=80, n_components=8, noise=1e-3, random_state=0)
y = data.y[:, 0]
labels = {"instrument": data.instrument, "sample_id": data.sample_id}
table = pd.DataFrame({**labels, "component 1 (%)": y})
table.iloc[[0, 1, 2, 80, 81, 82]].round(2)

# %%
# The methods
# -----------
# Three of them are no transfer at all, and belong into every comparison: the source model as it is, a model on the
# standards alone, and one on everything together.

roles = {"source": "A", "target": "B"}
methods = {
    "SourceOnly": SourceOnly(**roles),
    "TargetOnly": TargetOnly(**roles),
    "Pooled": Pooled(**roles),
    "MeanShift": MeanShift(**roles),
    "SBC": SBC(**roles),
    "DS": DS(**roles),
    "DS (zero prior)": DS(prior="zero", **roles),
    "PDS": PDS(**roles),
    "CCA": CCA(**roles),
    "diPLS": diPLS(**roles),
}

# %%
# The protocol
# ------------
# Each of ten repeats holds out 24 samples on *both* instruments, and takes ten of the other samples as standards.
# Metadata routing is off here (scikit-learn's default), so the splitter gets the labels as ``groups`` and the methods
# get them as ``params``.

split = TransferSplit(n_standards=10, n_repeats=10, random_state=0, **roles)


def errors(model, splitter):
    """Errors of each repeat."""
    result = cross_validate(
        model,
        data.X,
        y,
        cv=splitter,
        groups=as_groups(**labels),
        params=labels,
        scoring=scorers,
        error_score="raise",
    )
    return {name: result[f"test_{name}"] for name in scorers}


results = {name: errors(model, split) for name, model in methods.items()}

# %%
# What the target itself allows is the error of its own calibration on *all* calibration samples, the native ceiling:

native = errors(TargetOnly(**roles), TransferSplit("all", 10, random_state=0, **roles))
results["native"] = native

table = pd.DataFrame(
    {
        "RMSEP": {name: -r["neg_rmsep"].mean() for name, r in results.items()},
        "SD over repeats": {name: r["neg_rmsep"].std(ddof=1) for name, r in results.items()},
        "SEP": {name: -r["neg_sep"].mean() for name, r in results.items()},
        "R2": {name: r["r2"].mean() for name, r in results.items()},
        "RPD": {name: r["rpd"].mean() for name, r in results.items()},
    }
)
table.sort_values("RMSEP").round(3)

# %%
# The splits are the same for all methods, so compare them repeat by repeat. The mean difference between two methods
# can be clear although both vary a lot from split to split:

best, second = table.drop(index="native").sort_values("RMSEP").index[:2]
difference = -results[second]["neg_rmsep"] + results[best]["neg_rmsep"]
print(
    f"{second} minus {best}: {difference.mean():.3f}, positive in {np.sum(difference > 0)} of 10 repeats"
)

# %%
# Predictions of one split
# ------------------------

train, test = next(split.split(data.X, y, **labels))
train_labels = {name: values[train] for name, values in labels.items()}
shown = {
    name: methods[name].fit(data.X[train], y[train], **train_labels).predict(data.X[test])
    for name in ("SourceOnly", "MeanShift", "PDS")
}
display = PredictedMeasuredDisplay.from_predictions(
    y[test], shown, target_name="component 1", unit="%"
)

# %%
# The simulated instruments differ in gain, wavelength and bandwidth, which no shift of the spectrum can undo: a mean
# shift helps little, and PDS much. On instruments that differ by a baseline it is the other way round.
