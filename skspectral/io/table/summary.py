"""What a table holds, in a few lines."""

import numpy as np

from ..names.pairing import pairing

__all__ = ["describe_axis", "summary"]

_MOST_PROPERTIES = 12
_MOST_NOTES = 12


def describe_axis(axis, unit):
    """Describe an axis: number of channels, range and unit."""
    plural = "" if len(axis) == 1 else "s"
    return f"{len(axis)} channel{plural} from {axis[0]:.6g} to {axis[-1]:.6g} {unit}"


def summary(table):
    """Write what a table holds: instruments, axes, samples, pairs, replicates, properties, notes."""
    samples = {name for name in table.sample_id if name is not None}
    lines = [f"SpectraTable: {_count(len(table), 'spectrum', 'spectra')} of {_count(len(samples), 'sample')}"]
    for name in table.instruments:
        rows = table.rows_of(name)
        own = [table.sample_id[row] for row in rows if table.sample_id[row] is not None]
        named = f"{_count(len(set(own)), 'sample')}" + (
            f", {len(rows) - len(own)} without a name" if len(own) < len(rows) else ""
        )
        most = int(table.replicate[rows].max(initial=1))
        replicates = f", up to {most} replicates" if most > 1 else ""
        lines.append(
            f"  {'spectra' if name is None else name}: {_count(len(rows), 'row')}, {named}{replicates}; "
            f"{describe_axis(table.axis_of(name), table.unit)}; "
            f"{table.quantity_of(name).replace('unknown', 'quantity not stated')}"
        )
    lines.extend(f"  {text}" for text in _pairs(table))
    for k, name in enumerate(table.properties[:_MOST_PROPERTIES]):
        known = table.y[np.isfinite(table.y[:, k]), k]
        held = f"{known.size} values, {known.min():.6g} to {known.max():.6g}" if known.size else "no value"
        lines.append(f"  property {name}: {held}")
    if len(table.properties) > _MOST_PROPERTIES:
        lines.append(f"  and {len(table.properties) - _MOST_PROPERTIES} more properties")
    lines.extend(f"  note: {note}" for note in table.notes[:_MOST_NOTES])
    if len(table.notes) > _MOST_NOTES:
        lines.append(f"  and {len(table.notes) - _MOST_NOTES} more notes")
    return "\n".join(lines)


def _pairs(table):
    names = table.instruments
    ids = {name: [table.sample_id[row] for row in table.rows_of(name)] for name in names}
    ids = {name: [label for label in labels if label is not None] for name, labels in ids.items()}
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            yield f"{first} and {second}: {pairing(ids[first], ids[second])[0]}"


def _count(n, one, many=None):
    return f"{n} {one if n == 1 else many or one + 's'}"
