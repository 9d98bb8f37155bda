"""Measurements of accuracy and speed; each folder is run as a module."""
