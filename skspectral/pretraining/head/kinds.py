"""Kinds of transfer episodes where closed forms are weak; each is asked for by a share of the episodes."""

from dataclasses import fields, replace

import numpy as np

__all__ = [
    "DOMAINS_OF_KINDS",
    "apart_first",
    "draw_kinds",
    "few_standards",
    "n_others",
    "pair_of_instruments",
    "skewed",
]

MOST_OF_FEW = 3
# Like instruments differ by at most this share of what any two differ by.
MOST_APART = 0.3
# What changes from measurement to measurement, and how much of it is left on an instrument that is steady.
CHANGING = ("scatter", "drift", "packing", "temperature", "noise")
LEAST_LEFT, MOST_LEFT = 0.05, 0.5
# Standard deviations of the logarithm of skewed references, from nearly normal to a long tail.
LEAST_SKEW, MOST_SKEW = 0.2, 1.0
#: Materials that a kind is made of.
DOMAINS_OF_KINDS = {"mid infrared": "IR", "Raman": "RAMAN"}
# Target spectra of samples that are not to be predicted, where they are all that is known of the target.
FEWEST_OTHERS, MOST_OTHERS = 5, 30
# Chance in what a sample of another population is chosen by, in standard deviations of the leading component.
BLUR = 0.7
# Interferometers know their wavenumbers: share of shift, stretch and width that is left.
EXACT = 0.2
# Raman: standard deviation of the logarithm of throughput, and of laser power from measurement to measurement.
THROUGHPUT, LEAST_POWER, MOST_POWER = 0.12, 0.003, 0.2


def draw_kinds(shares, generator):
    """Draw which kinds an episode is of, set of str; nothing is drawn where no kind is asked for.

    Parameters
    ----------
    shares : dict of {str: float}
        Share of every kind: "few standards" (none to three), "like" (two units of one model), "laboratory" (both
        instruments change little from measurement to measurement), "clean target" (the target alone does), "skewed"
        (made-up references with a long tail), "native axes" (ranges whose ends may lie far apart), "other samples" and
        "other population" (no standards, and the target spectra that are known are of other samples than are predicted,
        or of unlike ones), "mid infrared" and "Raman" (materials and instruments of that kind).
    generator : numpy.random.Generator
        Source of all randomness.
    """
    return {kind for kind in sorted(shares) if generator.random() < shares[kind]}


def few_standards(generator):
    """Draw a small number of standards."""
    return int(generator.integers(0, MOST_OF_FEW + 1))


def pair_of_instruments(source, target, kinds, generator):
    """Change two `Instruments` so that they are of the kinds that were drawn: (source, target)."""
    if "like" in kinds:
        apart = generator.uniform(0, MOST_APART)
        target = replace(
            source,
            **{
                item.name: getattr(source, item.name).lerp(getattr(target, item.name), apart) for item in fields(source)
            },
        )
    if "mid infrared" in kinds:
        source, target = (_scaled(part, EXACT, ("shift", "stretch", "width")) for part in (source, target))
    if "Raman" in kinds:
        source, target = (_scattered_light(part, generator) for part in (source, target))
    if "laboratory" in kinds or "clean target" in kinds:
        left = np.exp(generator.uniform(np.log(LEAST_LEFT), np.log(MOST_LEFT)))
        source, target = _steady(source, left) if "laboratory" in kinds else source, _steady(target, left)
    return source, target


def n_others(kinds, generator):
    """Draw how many target spectra of other samples there are; none where the spectra to predict stand for them."""
    if not {"other samples", "other population"} & kinds:
        return 0
    return int(generator.integers(FEWEST_OTHERS, MOST_OTHERS + 1))


def apart_first(clean, n_first, generator):
    """Order samples (n, channels) so that the first ``n_first`` are unlike the others: permutation (n,)."""
    centred = clean - clean.mean(axis=0)
    leading = np.linalg.eigh(centred @ centred.T)[1][:, -1] * np.sqrt(len(clean))
    order = np.argsort(leading + BLUR * generator.standard_normal(len(clean)), kind="stable")
    return np.r_[order[:n_first], generator.permutation(order[n_first:])]


def skewed(y, generator):
    """Give references (n,) a long tail, on the side of either end, and their mean and standard deviation back."""
    size = generator.choice([-1.0, 1.0]) * generator.uniform(LEAST_SKEW, MOST_SKEW)
    tailed = np.sign(size) * np.exp(size * (y - y.mean()) / (y.std() + 1e-12))
    return y.mean() + (tailed - tailed.mean()) / (tailed.std() + 1e-12) * y.std()


def _steady(instrument, left):
    return _scaled(instrument, left, CHANGING)


def _scaled(instrument, factor, names):
    return replace(instrument, **{name: factor * getattr(instrument, name) for name in names})


def _scattered_light(instrument, generator):
    """Make a spectrometer of scattered light: throughput and laser power, none of what absorbance brings with it."""
    none = dict.fromkeys(("nonlinearity", "stray_light", "noise_growth"), 0 * instrument.gain)
    power = np.exp(generator.uniform(np.log(LEAST_POWER), np.log(MOST_POWER)))
    gain = instrument.gain * np.exp(THROUGHPUT * generator.standard_normal())
    return replace(instrument, **none, gain=gain, scatter=0 * instrument.scatter + power)
