"""Read one file of the corpus: check its form, and turn whatever was measured into absorbance."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..._core.axis import check_axis
from ...exceptions import AxisMismatchError, ConstantSpectraError, NonFiniteSpectraError, TableError

__all__ = ["FILE_ERRORS", "Header", "read_header", "read_spectra"]

#: What `read_header` raises.
FILE_ERRORS = (AxisMismatchError, ConstantSpectraError, NonFiniteSpectraError, TableError)

REQUIRED = ("X", "axis", "axis_unit", "modality", "quantity")
DOMAIN_OF = {"NIR": "NIR", "VIS-NIR": "NIR", "MIR": "IR", "IR": "IR", "RAMAN": "RAMAN"}
QUANTITIES = ("absorbance", "reflectance", "transmittance", "intensity")
# an absorbance that spans more than this is on some scale of its own, Kubelka-Munk units for instance
WIDEST_ABSORBANCE = 10.0
# the darkest sample is not darker than the stray light of the instrument, so that its logarithm says nothing
DARKEST = 1e-4


@dataclass(frozen=True)
class Header:
    """Everything about a file but its spectra.

    Attributes
    ----------
    path : Path
        The file.
    n_rows : int
        Number of spectra.
    domain : str
        "NIR", "IR" or "RAMAN".
    axis : ndarray of shape (n_channels,)
        Ascending, in ``axis_unit``.
    axis_unit : str
        "nm" or "cm-1".
    logarithm : bool
        Whether absorbance is minus the decimal logarithm of ``(X - low) / span``, or just that ratio.
    low, span : float
        Numbers of this conversion.
    quantity : str
        "absorbance", or "scaled" where the file's numbers do not say how much light was absorbed.
    labels : ndarray of shape (n_rows, k) or None
        Reference values, NaN where missing.
    label_names : tuple of str
        Their names.
    texts : dict of str to ndarray of shape (n_rows,)
        Labels that are no numbers.
    source, licence, notes, materials : str
        Where the data come from and what they are.
    """

    path: Path
    n_rows: int
    domain: str
    axis: np.ndarray
    axis_unit: str
    logarithm: bool
    low: float
    span: float
    quantity: str
    labels: np.ndarray | None
    label_names: tuple
    texts: dict
    source: str
    licence: str
    notes: str
    materials: str

    @property
    def name(self):
        """Name of the data set: that of the file."""
        return self.path.stem


def read_header(path):
    """Read a file once and keep everything but the spectra.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Header
        What is known about its spectra.

    Raises
    ------
    TableError
        If the file is not in the form that `Corpus` describes.
    AxisMismatchError
        If the axis is not ascending or not as long as the spectra.
    NonFiniteSpectraError, ConstantSpectraError
        If a spectrum holds NaN or infinity, or one value only.
    """
    path = Path(path)
    content = _load(path)
    X = content["X"]
    if X.ndim != 2 or X.dtype.kind not in "fiu" or 0 in X.shape:
        raise TableError(f"{path.name}: X must be numbers of shape (n_spectra, n_channels), got {X.dtype} {X.shape}.")
    axis = check_axis(content["axis"], X.shape[1], name=f"the axis of {path.name}")
    if axis[0] > axis[-1]:
        raise AxisMismatchError(f"The axis of {path.name} descends: store channels by ascending axis.")
    texts = {key: _text(content, key) for key in ("source", "licence", "notes", "materials")}
    unit = _choice(path, content, "axis_unit", ("nm", "cm-1"))
    domain = DOMAIN_OF[_choice(path, content, "modality", tuple(DOMAIN_OF))]
    quantity = _choice(path, content, "quantity", QUANTITIES)
    if not np.isfinite(X).all():
        raise NonFiniteSpectraError(f"{path.name} holds NaN or infinity in {(~np.isfinite(X)).any(1).sum()} spectra.")
    if (X[:, :1] == X).all(1).any():
        raise ConstantSpectraError(f"{path.name} holds {(X[:, :1] == X).all(1).sum()} constant spectra.")
    logarithm, low, span, quantity = _conversion(X, quantity)
    labels, names, strings = _labels(path, content, len(X))
    return Header(path, len(X), domain, axis, unit, logarithm, low, span, quantity, labels, names, strings, **texts)


def read_spectra(header):
    """Read the spectra of a file as absorbance.

    Parameters
    ----------
    header : Header
        What `read_header` found.

    Returns
    -------
    ndarray of shape (n_rows, n_channels)
        float32, read-only.
    """
    with np.load(header.path, allow_pickle=False) as archive:
        X = archive["X"].astype(np.float32)
    X = (X - np.float32(header.low)) / np.float32(header.span)
    if header.logarithm:
        X = -np.log10(np.maximum(X, np.float32(DARKEST)))
    X.setflags(write=False)
    return X


def _load(path):
    try:
        with np.load(path, allow_pickle=False) as archive:
            content = {key: archive[key] for key in archive.files}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, AttributeError) as error:
        raise TableError(f"{path.name} cannot be read as a NumPy archive without pickled objects: {error}") from error
    missing = [key for key in REQUIRED if key not in content]
    if missing:
        raise TableError(f"{path.name} lacks {', '.join(missing)}.")
    return content


def _text(content, key):
    return str(content[key]) if key in content else ""


def _choice(path, content, key, allowed):
    value = _text(content, key)
    if value not in allowed:
        raise TableError(f"{path.name}: {key} is {value!r}, and must be one of {', '.join(allowed)}.")
    return value


def _conversion(X, quantity):
    """Say how the numbers become absorbance: logarithm, low, span, quantity."""
    low, high = np.percentile(X.astype(np.float64), [0.5, 99.5])
    if quantity in ("reflectance", "transmittance"):
        # shares of light are stored as fractions, percent or ten-thousandths, and hardly exceed those of a reference
        full = 1.0 if high <= 2.0 else 100.0 if high <= 200.0 else 1e4
        return True, 0.0, full, "absorbance"
    if quantity == "absorbance" and high - low <= WIDEST_ABSORBANCE:
        return False, 0.0, 1.0, "absorbance"
    # counts have no unit: one scale for the whole file keeps what its spectra say about each other
    return False, float(low), float(high - low), "scaled"


def _labels(path, content, n_rows):
    """Reference values, their names, and labels that are text."""
    texts = {}
    if "sample_id" in content:
        texts["sample_id"] = content["sample_id"].astype(str)
    if "y" not in content:
        return None, (), _checked(path, texts, n_rows)
    y, names = content["y"], [str(name) for name in content.get("y_names", ())]
    if y.ndim != 2 or len(y) != n_rows or y.shape[1] != len(names):
        raise TableError(f"{path.name}: y of shape {y.shape} and {len(names)} y_names for {n_rows} spectra.")
    if y.dtype.kind not in "fiub":
        texts |= {name: column.astype(str) for name, column in zip(names, y.T)}
        return None, (), _checked(path, texts, n_rows)
    y = y.astype(np.float64)
    keep = [column for column in range(y.shape[1]) if _is_quantity(y[:, column])]
    labels = y[:, keep] if keep else None
    return labels, tuple(names[column] for column in keep), _checked(path, texts, n_rows)


def _checked(path, texts, n_rows):
    for name, values in texts.items():
        if values.shape != (n_rows,):
            raise TableError(f"{path.name}: {name} of shape {values.shape} for {n_rows} spectra.")
    return texts


def _is_quantity(values):
    """Tell a measured quantity from the number of a class: classes are counted 0, 1, 2, ... without a gap."""
    distinct = np.unique(values[np.isfinite(values)])
    return len(distinct) > 1 and not (distinct[0] in (0, 1) and (np.diff(distinct) == 1).all())
