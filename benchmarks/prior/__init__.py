"""Simulated transfer tasks from which the constants of the portfolio are learned, and nothing else."""
