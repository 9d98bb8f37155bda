"""
Look at the spectra before and after
====================================

A transfer that lowers the error of one property may still leave spectra that the source has never seen. The difference
between the two instruments, before and after, shows what kind of difference it was and what is left of it.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from skspectral import DS, PDS, MeanShift, TransferSplit
from skspectral.datasets import make_instruments
from skspectral.plotting import SpectraDifferenceDisplay

data = make_instruments(n_samples=60, random_state=0)
y = data.y[:, 0]
labels = {"instrument": data.instrument, "sample_id": data.sample_id}
for name, value in data.instrument_parameters["B"].items():
    print(f"{name:12s}", np.round(value, 4))

# %%
# Instrument B differs in gain, baseline and stray light, and sees bands shifted and broader. The maps are learned from
# ten standards; what is drawn are 18 other samples, so that a map cannot look good by repeating what it was given.

split = TransferSplit(10, n_repeats=1, source="A", target="B", random_state=0)
train, test = next(split.split(data.X, y, **labels))
train_labels = {name: values[train] for name, values in labels.items()}
source = data.X[(data.instrument == "A") & np.isin(data.sample_id, data.sample_id[test])]
target = data.X[test]
mapped = {
    method.__name__: method(source="A", target="B")
    .fit(data.X[train], y[train], **train_labels)
    .transform(target)
    for method in (MeanShift, DS, PDS)
}

# %%
# Before and after
# ----------------
# The difference before transfer is a baseline, with the shape of a derivative at every band: the wavelength shift.
# After a mean shift next to nothing of it can be seen at this scale.

display = SpectraDifferenceDisplay.from_spectra(
    source, target, mapped["MeanShift"], wavelengths=data.wavelengths
)

# %%
# What is left
# ------------
# It can be seen at another one. What differs from sample to sample stays after a mean shift, wherever the bands of the
# varying components are. DS and PDS leave little more than noise: these samples have five components, and ten standards
# span them. See :doc:`/user_guide/ds` for what happens when they do not.

figure, axes = plt.subplots(3, 1, figsize=(7, 6), sharex=True, sharey=True, layout="constrained")
for ax, (name, spectra) in zip(axes, mapped.items(), strict=True):
    rest = spectra - source
    ax.plot(data.wavelengths, rest.T, color="#0072B2", linewidth=0.6, alpha=0.6)
    ax.set_title(f"{name}: RMS {np.sqrt(np.mean(rest**2)):.1e}", fontsize="medium")
    ax.spines[["top", "right"]].set_visible(False)
axes[1].set_ylabel("Difference from source (absorbance)")
_ = axes[-1].set_xlabel("Wavelength (nm)")
