"""Tables of spectra from DataFrames."""

from ..grids.frames import blocks_of_frame
from .assemble import assemble

__all__ = ["table_of_frame"]


def table_of_frame(frame, *, unit=None, quantity=None, properties=None, id_column=None, instrument_column=None):
    """Make a table of a DataFrame; see `SpectraTable.from_frame`."""
    blocks = blocks_of_frame(frame, unit=unit, quantity=quantity, id_column=id_column)
    return assemble(
        {None: blocks},
        unit=unit,
        quantity=quantity,
        instrument_column=instrument_column,
        id_column=id_column,
        properties=properties,
    )
