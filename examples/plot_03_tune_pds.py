"""
Tune PDS by a grid search, with metadata routing off and on
===========================================================

``PDS()`` chooses its window and its number of components from the pairs. To choose them together with preprocessing
and with the calibration, search as for any other estimator. The labels of the rows reach the splitter and the method
in one of two spellings, depending on whether scikit-learn's metadata routing is enabled.
"""

# %%
import matplotlib.pyplot as plt
import pandas as pd
from sklearn import config_context
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline

from skspectral import PDS, SNV, StandardsSplit, TransferSplit, as_groups
from skspectral.datasets import make_instruments
from skspectral.metrics import scorers

data = make_instruments(n_samples=60, n_components=8, noise=1e-3, random_state=0)
y = data.y[:, 0]
labels = {"instrument": data.instrument, "sample_id": data.sample_id}
roles = {"source": "A", "target": "B"}

# %%
# Name both roles, and give ``PDS`` its calibration explicitly: ``pds__estimator__n_components`` has no meaning while
# ``estimator`` is None.

model = Pipeline([("snv", SNV()), ("pds", PDS(PLSRegression(), **roles))])
grid = {
    "snv": [SNV(), "passthrough"],
    "pds__window": [1, 3],
    "pds__n_components": [1, 2],
    "pds__estimator__n_components": [6, 8, 10],
}
search = GridSearchCV(
    model,
    grid,
    cv=TransferSplit(10, n_repeats=4, random_state=0, **roles),
    scoring=scorers["neg_rmsep"],
    n_jobs=2,
)

# %%
# Routing off, scikit-learn's default
# -----------------------------------
# The splitter gets ``groups=as_groups(...)``. A Pipeline hands metadata on by the name of the step.

spelled = {f"pds__{name}": value for name, value in labels.items()}
search.fit(data.X, y, groups=as_groups(**labels), **spelled)
print(search.best_params_)
print(f"RMSEP {-search.best_score_:.3f}")
off = search.cv_results_["mean_test_score"]

# %%
# What matters? The errors of all settings, with SNV before:

results = pd.DataFrame(search.cv_results_)
with_snv = results[results["param_snv"].map(str) == "SNV()"]
figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for setting, rows in with_snv.groupby(["param_pds__window", "param_pds__n_components"]):
    label = "window {}, {} local components".format(*setting)
    ax.plot(rows["param_pds__estimator__n_components"], -rows["mean_test_score"], "o-", label=label)
ax.set(xlabel="Latent variables of the calibration", ylabel="RMSEP (%)", xticks=[6, 8, 10])
ax.spines[["top", "right"]].set_visible(False)
_ = ax.legend(frameon=False)

# %%
# Routing on
# ----------
# Every object has declared what it wants, so one spelling is enough, however deeply things are nested.

with config_context(enable_metadata_routing=True):
    search.fit(data.X, y, **labels)
print(search.best_params_)
print("same scores as before:", (search.cv_results_["mean_test_score"] == off).all())

# %%
# The search refits the best setting on **all rows that it got**, here every target row: 60 standards, not ten.

print(search.best_estimator_["pds"].n_standards_)

# %%
# With ten standards and no more
# ------------------------------
# In practice there are ten standards, and no further target samples to test settings on. ``StandardsSplit`` holds out
# the standards in turn, and only what a laboratory would have goes into ``fit``: here the training rows of one split.

outer = TransferSplit(10, n_repeats=5, random_state=1, **roles)
train, test = next(outer.split(data.X, y, **labels))
inner = GridSearchCV(model, grid, cv=StandardsSplit(5, **roles), scoring=scorers["neg_rmsep"])
with config_context(enable_metadata_routing=True):
    inner.fit(data.X[train], y[train], **{name: value[train] for name, value in labels.items()})
print(inner.best_params_)
print("standards in the final model:", inner.best_estimator_["pds"].n_standards_)

# %%
# Nested: an honest error of the tuned method
# -------------------------------------------
# The score of the best setting is optimistic, because it was chosen by that score. Searching inside each split of an
# outer ``TransferSplit`` tells what the whole procedure does on samples that it has not seen.

small = {"pds__window": [1, 3], "pds__estimator__n_components": [6, 8]}
inner.set_params(param_grid=small)
with config_context(enable_metadata_routing=True):
    nested = cross_validate(inner, data.X, y, cv=outer, params=labels, scoring=scorers["neg_rmsep"])
print(f"RMSEP {-nested['test_score'].mean():.3f} +- {nested['test_score'].std(ddof=1):.3f}")
