"""Joining tables below each other."""

import numpy as np

from ..._core.axis import same_axis
from ..._core.nested import nested_fits
from ..._core.padding import pad_right
from ...exceptions import TableError

__all__ = ["concat"]


def concat(tables):
    """Join tables; see `SpectraTable.concat`."""
    from .spectra_table import SpectraTable

    tables = list(tables)
    if not tables:
        raise TableError("There is no table to join.")
    tables = [table.in_unit(tables[0].unit) for table in tables]
    axes, quantities = {}, {}
    for table in tables:
        for name in table.instruments:
            axis, quantity = table.axis_of(name), table.quantity_of(name)
            if name in axes and not same_axis(axes[name], axis):
                raise TableError(
                    f"The tables have two axes for instrument {name!r}. Bring them onto one with on(...), or give the "
                    "instruments two names."
                )
            if quantities.setdefault(name, quantity) != quantity:
                raise TableError(f"Instrument {name!r} has {quantities[name]} in one table and {quantity} in another.")
            axes.setdefault(name, axis)
    properties = list(dict.fromkeys(name for table in tables for name in table.properties))
    labels = list(dict.fromkeys(label for table in tables for label in table.columns))
    y = np.full((sum(map(len, tables)), len(properties)), np.nan)
    row = 0
    for table in tables:
        for k, name in enumerate(table.properties):
            y[row : row + len(table), properties.index(name)] = table.y[:, k]
        row += len(table)
    blank = {id(table): np.full(len(table), None) for table in tables}
    joined = {
        name: np.concatenate([getattr(table, name) for table in tables])
        for name in ("instrument", "sample_id", "replicate", "files", "places", "flaws")
    }
    one = all(
        axis is next(iter(axes.values())) or np.array_equal(axis, next(iter(axes.values()))) for axis in axes.values()
    )
    columns = {label: np.concatenate([t.columns.get(label, blank[id(t)]) for t in tables]) for label in labels}
    # the axes were judged when the tables were made
    with nested_fits():
        return SpectraTable(
            pad_right({k: table.X for k, table in enumerate(tables)}),
            next(iter(axes.values())) if one else axes,
            unit=tables[0].unit,
            quantity=quantities,
            y=y,
            properties=properties,
            columns=columns,
            meta={path: said for table in tables for path, said in table.meta.items()},
            notes=[note for table in tables for note in table.notes],
            **joined,
        )
