"""
Instruments with different wavelength axes
==========================================

A benchtop instrument and a handheld one share neither the range nor the step of their axes. Their spectra are stacked
on a common grid, the calibration is transferred there, and the deployed model takes spectra as the handheld delivers
them.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from skspectral import PDS, Resample, SourceOnly, TransferSplit, deploy, stack_instruments
from skspectral.datasets import make_instruments
from skspectral.metrics import rmsep

# %%
# Two instruments, two axes
# -------------------------
# To simulate the pair, instrument B is read out on the handheld's axis: fewer channels, and a shorter range.

simulated = make_instruments(
    n_samples=70, wavelengths=np.arange(1100.0, 2500.0, 2.0), random_state=0
)
on_a, on_b = simulated.instrument == "A", simulated.instrument == "B"
axes = {"benchtop": simulated.wavelengths, "handheld": np.linspace(1350.0, 2150.0, 125)}
spectra = {
    "benchtop": simulated.X[on_a],
    "handheld": Resample(wavelengths=axes["benchtop"], grid=axes["handheld"]).fit_transform(
        simulated.X[on_b]
    ),
}
references = {"benchtop": simulated.y[on_a, 0], "handheld": simulated.y[on_b, 0]}
samples = {"benchtop": simulated.sample_id[on_a], "handheld": simulated.sample_id[on_b]}

figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
for name, X in spectra.items():
    ax.plot(
        axes[name], X[:5].T, color={"benchtop": "#0072B2", "handheld": "#D55E00"}[name], linewidth=1
    )
    ax.plot([], [], color=ax.lines[-1].get_color(), label=f"{name}, {len(axes[name])} channels")
ax.set(xlabel="Wavelength (nm)", ylabel="Absorbance")
_ = ax.legend(frameon=False)

# %%
# One table on a common grid
# --------------------------
# ``grid="overlap"`` takes the range that both share, in the coarser of the two steps: a finer grid would invent
# resolution. The result is the long form that every method takes.

data = stack_instruments(spectra, wavelengths=axes, y=references, sample_id=samples, grid="overlap")
print(data.X.shape, f"{data.wavelengths[0]:.0f} to {data.wavelengths[-1]:.0f} nm")

# %%
# Transfer on the grid
# --------------------

split = TransferSplit(10, n_repeats=1, source="benchtop", target="handheld", random_state=0)
labels = {"instrument": data.instrument, "sample_id": data.sample_id}
train, test = next(split.split(data.X, data.y, **labels))
train_labels = {name: values[train] for name, values in labels.items()}
models = {
    "no transfer": SourceOnly(source="benchtop", target="handheld"),
    "PDS": PDS(source="benchtop", target="handheld"),
}
for name, model in models.items():
    model.fit(data.X[train], data.y[train], **train_labels)
    print(f"{name}: RMSEP {rmsep(data.y[test], model.predict(data.X[test])):.3f} %")

# %%
# Deployment on the handheld's own axis
# -------------------------------------
# ``data.resamplers`` holds one fitted :class:`~skspectral.Resample` per instrument. :func:`~skspectral.deploy` puts
# that of the handheld before the model, and the result is an ordinary Pipeline, ready for ``joblib.dump``.

deployed = deploy(models["PDS"], data.resamplers["handheld"])
raw = spectra["handheld"][np.isin(samples["handheld"], data.sample_id[test])]
same = np.allclose(deployed.predict(raw), models["PDS"].predict(data.X[test]))
print(f"{raw.shape[1]} channels in; the same predictions: {same}")
deployed
