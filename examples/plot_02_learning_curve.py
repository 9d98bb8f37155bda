"""
How many standards are enough?
==============================

The error against the number of standards, between two horizontal lines: no transfer, and the target's own calibration
on all samples. A method is worth its standards as long as its curve falls, and transfer is worth its trouble as long
as the curve lies below that of a model on the same standards alone.
"""

# %%
import pandas as pd

from skspectral import DS, PDS, SBC, MeanShift, SourceOnly, TargetOnly, TransferSplit
from skspectral.datasets import make_instruments
from skspectral.metrics import rmsep
from skspectral.plotting import TransferCurveDisplay

data = make_instruments(n_samples=90, n_components=8, noise=1e-3, random_state=0)
y = data.y[:, 0]
labels = {"instrument": data.instrument, "sample_id": data.sample_id}
roles = {"source": "A", "target": "B"}

# %%
# ``TransferSplit`` draws the same test samples whatever the number of standards, and the standards are nested: the
# first five of ten are the five. What changes along a curve is the number of standards and nothing else.


def evaluate(name, model, n_standards):
    """One row per repeat."""
    split = TransferSplit(n_standards, n_repeats=8, random_state=0, **roles)
    rows = []
    for train, test in split.split(data.X, y, **labels):
        model.fit(data.X[train], y[train], **{key: value[train] for key, value in labels.items()})
        rows.append(
            {
                "method": name,
                "n_standards": n_standards,
                "rmsep": rmsep(y[test], model.predict(data.X[test])),
            }
        )
    return rows


methods = {
    "MeanShift": MeanShift(**roles),
    "SBC": SBC(**roles),
    "DS": DS(**roles),
    "PDS": PDS(**roles),
    "TargetOnly": TargetOnly(**roles),
}
rows = []
for n_standards in (3, 5, 10, 15, 20, 30, 50):
    for name, model in methods.items():
        rows += evaluate(name, model, n_standards)

# %%
# The two lines: the source calibration as it is needs no standards, the native calibration has all samples.

rows += evaluate("SourceOnly", SourceOnly(**roles), 5)
rows += evaluate("native", TargetOnly(**roles), "all")
results = pd.DataFrame(rows)

display = TransferCurveDisplay.from_results(results, unit="%")

# %%
# The bands are one standard deviation over the repeats. The numbers behind the curves:

results.pivot_table(index="method", columns="n_standards", values="rmsep", sort=False).round(3)
