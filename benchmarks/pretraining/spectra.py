"""Spectra of a data set as the network sees them, and folds that keep samples together."""

import numpy as np
import torch

from skspectral.pretraining.instruments.grid import Window, read_rows, standardise

__all__ = ["Shown", "assign_folds", "choose_rows", "sample_names", "show"]


class Shown:
    """Spectra on evenly spaced channels.

    Attributes
    ----------
    absorbance, x : Tensor of shape (n, L)
        Spectra, and the same with mean zero and standard deviation one.
    nm, wavenumbers : Tensor of shape (L,)
        Where the channels lie for an instrument, and for the network.
    domain : str
        Kind of spectra.
    """

    def __init__(self, absorbance, nm, wavenumbers, domain):
        self.absorbance = absorbance
        self.x = standardise(absorbance)[0]
        self.nm, self.wavenumbers, self.domain = nm, wavenumbers, domain

    @torch.inference_mode()
    def encode(self, model, device, patch_mask=None):
        """Run a network on the standardised spectra."""
        axis = self.wavenumbers.to(device).expand(len(self.x), -1)
        mask = None if patch_mask is None else patch_mask.to(device)
        return model(self.x.to(device), axis, "cm-1", self.domain, patch_mask=mask)


def show(material, rows, n_channels):
    """Average spectra of a data set over ``n_channels`` channels from end to end of its axis."""
    where = Window(material, 0.0, 1.0, n_channels)
    absorbance = torch.from_numpy(where.read(read_rows(material, rows))).float()
    nm, wavenumbers = (torch.from_numpy(axis).float() for axis in (where.nm, where.wavenumbers))
    return Shown(absorbance, nm, wavenumbers, material.domain)


def choose_rows(material, most, seed=0):
    """Choose at most ``most`` spectra of a data set at random, ascending."""
    rows = np.random.default_rng(seed).permutation(len(material))[:most]
    return np.sort(rows)


def sample_names(material):
    """Number of the sample of every row; every row is one where the data set does not say."""
    if material.groups is None:
        return np.arange(len(material))
    return np.unique(material.groups, return_inverse=True)[1]


def assign_folds(samples, n_folds, seed=0):
    """Deal samples out to folds at random: number of the fold of each row."""
    names, numbers = np.unique(samples, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return (order % min(n_folds, len(names)))[numbers]
