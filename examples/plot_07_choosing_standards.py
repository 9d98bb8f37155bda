"""
Choose the transfer standards
=============================

Which samples should be measured on the second instrument? The spectra of the first instrument are known for all of
them, and the choice rests on these.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from skspectral import DS, PDS, SBC, TransferSplit, select_standards
from skspectral.datasets import make_instruments
from skspectral.metrics import rmsep

data = make_instruments(n_samples=80, n_components=8, noise=1e-3, random_state=0)
y = data.y[:, 0]
labels = {"instrument": data.instrument, "sample_id": data.sample_id}
source = data.X[data.instrument == "A"]
references = y[data.instrument == "A"]

# %%
# Six ways to choose
# ------------------
# Every method puts all samples in an order and takes the first ones, so that a sixth standard is added to five without
# choosing anew. ``"spxy"`` looks at the references as well, ``"y"`` at nothing else. :ref:`standards` has what they are
# worth on real instruments: SPXY is the one to take.

methods = ("random", "kennard-stone", "spxy", "y", "duplex", "leverage")
chosen = {
    name: select_standards(source, 8, method=name, y=references, random_state=0) for name in methods
}

scores = PCA(2).fit_transform(source)
figure, axes = plt.subplots(1, 6, figsize=(13, 2.6), sharex=True, sharey=True, layout="constrained")
for ax, (name, rows) in zip(axes, chosen.items(), strict=True):
    ax.scatter(*scores.T, s=10, color="#bbbbbb")
    ax.scatter(*scores[rows].T, s=26, color="#D55E00")
    ax.set_title(name, fontsize="medium")
    ax.set_xlabel("PC 1")
_ = axes[0].set_ylabel("PC 2")

# %%
# Kennard-Stone, SPXY, DUPLEX and leverage take the corners of the cloud, random choice its middle. Corners carry more
# information on a linear map, and more risk: an outlier is always a corner. Look at the spectra of the chosen samples
# before measuring them.

# %%
# Does it matter?
# ---------------
# ``TransferSplit(selection=...)`` chooses among the calibration samples of each split; test samples are drawn at random
# and are the same for every selection.


def error(model, selection, n_standards):
    """Mean error over six repeats."""
    split = TransferSplit(
        n_standards, 6, source="A", target="B", selection=selection, random_state=0
    )
    errors = []
    for train, test in split.split(data.X, y, **labels):
        model.fit(
            data.X[train], y[train], **{name: values[train] for name, values in labels.items()}
        )
        errors.append(rmsep(y[test], model.predict(data.X[test])))
    return np.mean(errors)


roles = {"source": "A", "target": "B"}
models = {"SBC": SBC(**roles), "DS": DS(**roles), "PDS": PDS(**roles)}
pd.DataFrame(
    {
        (name, n): {selection: error(model, selection, n) for selection in methods}
        for name, model in models.items()
        for n in (5, 10)
    }
).round(3)

# %%
# The RMSEP (in %) by method and number of standards. The choice of the method and the number of standards matter more
# than the selection, and no selection is best in every column. Published comparisons often use random standards, so say
# which selection a figure belongs to.
