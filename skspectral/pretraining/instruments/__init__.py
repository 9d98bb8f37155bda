"""Simulated spectrometers, the priors they are drawn from, and the augmentation of spectra."""
