"""What a reader of one file format returns: spectra on one axis, as the file holds them."""

from dataclasses import dataclass, field

import numpy as np

__all__ = ["UNITS", "SpectraBlock"]

#: Units of an axis; "" where the file does not say.
UNITS = ("nm", "um", "cm-1", "Raman shift", "")


@dataclass
class SpectraBlock:
    """Spectra of one file, or of one part of it, that share an axis.

    Values and axis stand in the order of the file and in its own unit and quantity: nothing is sorted, converted or
    left out here, so that whatever happens afterwards can be said.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels), float64
        Spectra.
    axis : ndarray of shape (n_channels,), float64
        Wavelengths, wavenumbers or Raman shifts.
    unit : str
        Unit of the axis, one of `UNITS`.
    quantity : str
        What ``X`` holds, such as "absorbance".
    names : list of str or None
        Name of the sample of each spectrum as it is written in the file; None where the file gives none.
    places : list of str
        Where each spectrum stands, such as ``"line 7"``, ``"sheet spectra, row 3"`` or ``"block AB"``.
    columns : dict of str to list
        Whatever else the file gives per spectrum (cells as they are, text or numbers), by the label of the column.
    meta : dict of str to object
        What the file says of all its spectra: date, serial number, instrument, resolution, title, ...
    path : str
        The file.
    notes : list of str
        What a user should know of how the file was read (a block that was chosen among several, an assumption).
    flaws : dict of int to str
        Why a spectrum cannot be used, by its row; it holds NaN where there is no number.
    """

    X: np.ndarray
    axis: np.ndarray
    unit: str
    quantity: str
    names: list
    places: list
    path: str
    columns: dict = field(default_factory=dict)
    meta: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    flaws: dict = field(default_factory=dict)
