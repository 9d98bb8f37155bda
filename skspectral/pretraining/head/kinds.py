"""Kinds of transfer episodes where closed forms are weak; each is asked for by a share of the episodes."""

from dataclasses import fields, replace

import numpy as np

__all__ = ["draw_kinds", "few_standards", "pair_of_instruments", "skewed"]

MOST_OF_FEW = 3
# Like instruments differ by at most this share of what any two differ by.
MOST_APART = 0.3
# What changes from measurement to measurement, and how much of it is left on an instrument that is steady.
CHANGING = ("scatter", "drift", "packing", "temperature", "noise")
LEAST_LEFT, MOST_LEFT = 0.05, 0.5
# Standard deviations of the logarithm of skewed references, from nearly normal to a long tail.
LEAST_SKEW, MOST_SKEW = 0.2, 1.0


def draw_kinds(shares, generator):
    """Draw which kinds an episode is of, set of str; nothing is drawn where no kind is asked for.

    Parameters
    ----------
    shares : dict of {str: float}
        Share of every kind: "few standards" (none to three), "like" (two units of one model), "laboratory" (both
        instruments change little from measurement to measurement), "clean target" (the target alone does) and "skewed"
        (made-up references with a long tail).
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
    if "laboratory" in kinds or "clean target" in kinds:
        left = np.exp(generator.uniform(np.log(LEAST_LEFT), np.log(MOST_LEFT)))
        source, target = _steady(source, left) if "laboratory" in kinds else source, _steady(target, left)
    return source, target


def skewed(y, generator):
    """Give references (n,) a long tail, on the side of either end, and their mean and standard deviation back."""
    size = generator.choice([-1.0, 1.0]) * generator.uniform(LEAST_SKEW, MOST_SKEW)
    tailed = np.sign(size) * np.exp(size * (y - y.mean()) / (y.std() + 1e-12))
    return y.mean() + (tailed - tailed.mean()) / (tailed.std() + 1e-12) * y.std()


def _steady(instrument, left):
    return replace(instrument, **{name: left * getattr(instrument, name) for name in CHANGING})
