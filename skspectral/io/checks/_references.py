"""What is checked in the references of a table."""

import numpy as np

from ..references.merging import same_value
from ..references.properties import zeros_apart
from .findings import Finding, rows_named, shown

__all__ = ["check_references"]

# a reference is far from the others at so many times the distance from the median that three of four keep to
FAR_REFERENCE, FEWEST_FOR_OUTLIERS = 12.0, 8


def check_references(table):
    """Values of one sample that differ, between instruments and between replicates; zeros far from all others."""
    for k, prop in enumerate(table.properties):
        zero, others = zeros_apart(table.y[:, k]), table.y[table.y[:, k] != 0, k]
        if zero.any():
            span = f"{np.nanmin(others):.4g} to {np.nanmax(others):.4g}"
            yield Finding(
                "warning",
                f"{zero.sum()} references of {prop} are 0, all others {span}",
                rows_named(table, np.flatnonzero(zero)),
                "Leave the cell blank where there is none.",
            )
        yield from _check_outliers(table, k, prop)
        seen, across, within = {}, [], []
        for row, sample in enumerate(table.sample_id):
            value = table.y[row, k]
            if sample is None or not np.isfinite(value):
                continue
            other = seen.setdefault(sample, row)
            if not same_value(value, table.y[other, k]):
                (within if table.instrument[row] == table.instrument[other] else across).append(sample)
        if across:
            yield Finding(
                "error", f"{len(set(across))} samples have different references of {prop} on two instruments",
                shown(across), "A reference belongs to the sample: correct the wrong one.",
            )  # fmt: skip
        if within:
            yield Finding(
                "warning", f"{len(set(within))} samples have several references of {prop} on one instrument",
                shown(within), "They are averaged; are these names replicates, or do they start anew with each batch?",
            )  # fmt: skip


def _check_outliers(table, k, prop):
    """References far from all others, as where a decimal sign is lost."""
    known = np.flatnonzero(np.isfinite(table.y[:, k]) & ~zeros_apart(table.y[:, k]))
    values = table.y[known, k]
    if len(values) < FEWEST_FOR_OUTLIERS:
        return
    away = np.abs(values - np.median(values))
    far = away > FAR_REFERENCE * np.quantile(away, 0.75)
    if 0 < far.sum() <= 0.05 * len(values) + 1:
        others = values[~far]
        yield Finding(
            "warning",
            f"{far.sum()} references of {prop} are far from all others, {others.min():.4g} to {others.max():.4g}: "
            f"{shown(f'{value:.5g}' for value in values[far])}",
            rows_named(table, known[far]),
            "Was a decimal sign lost, or another unit taken?",
        )
