"""Tables of spectra from DataFrames."""

from ..._core.quantities import check_quantity
from ..grids.frames import blocks_of_frame
from ..options import checked_option, option_of
from ..units import check_unit
from .assemble import assemble

__all__ = ["table_of_frame"]


def table_of_frame(frame, *, unit=None, quantity=None, properties=None, id_column=None, instrument_column=None):
    """Make a table of a DataFrame; see `SpectraTable.from_frame`."""
    unit, quantity = checked_option(unit, check_unit), checked_option(quantity, check_quantity)
    blocks = blocks_of_frame(frame, unit=option_of(unit, None), quantity=option_of(quantity, None), id_column=id_column)
    return assemble(
        {None: blocks},
        unit=unit,
        quantity=quantity,
        instrument_column=instrument_column,
        id_column=id_column,
        properties=properties,
    )
