"""
Look at the spectra before and after
====================================

A transfer that lowers the error of one property may still leave spectra that the source has never seen. The difference
between the two instruments, before and after, shows what kind of difference it was and what is left of it.
"""

# %%
import numpy as np

from skspectral import DS, PDS, MeanShift, TransferSplit
from skspectral.datasets import make_instruments
from skspectral.plotting import SpectraDifferenceDisplay

data = make_instruments(n_samples=60, random_state=0)
y = data.y[:, 0]
labels = {"instrument": data.instrument, "sample_id": data.sample_id}
{name: np.round(value, 4) for name, value in data.instrument_parameters["B"].items()}

# %%
# Instrument B differs in gain, baseline and stray light, and sees bands shifted and broader. The maps are learned from
# ten standards; what is drawn are 18 other samples, so that a map cannot look good by repeating what it was given.

split = TransferSplit(10, n_repeats=1, source="A", target="B", random_state=0)
train, test = next(split.split(data.X, y, **labels))
train_labels = {name: values[train] for name, values in labels.items()}
source = data.X[(data.instrument == "A") & np.isin(data.sample_id, data.sample_id[test])]
target = data.X[test]


def draw(model):
    """Fit the map, and draw the held-out samples."""
    mapped = model.set_params(source="A", target="B").fit(data.X[train], y[train], **train_labels).transform(target)
    return SpectraDifferenceDisplay.from_spectra(source, target, mapped, wavelengths=data.wavelengths)


# %%
# Mean shift
# ----------
# The mean difference goes. What differs from sample to sample stays, and shows as the band of one standard deviation
# around the mean: most of it is the gain.

draw(MeanShift())

# %%
# Piecewise direct standardisation
# --------------------------------
# Windows of neighbouring channels repair gain, shift and bandwidth; noise is what remains.

draw(PDS())

# %%
# Direct standardisation
# ----------------------
# One matrix from all channels to all channels can do the same, and needs more standards for it: with few, whatever is
# not spanned by their spectra is lost.

draw(DS())
