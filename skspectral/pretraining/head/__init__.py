"""Calibration transfer in closed form on top of a network: features, ridges, the head, and its training episodes."""
