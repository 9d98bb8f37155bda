"""What spectra are: conversions between quantities, and spectra that must be of two."""

import numpy as np

from ..exceptions import QuantityError, ReadingOptionError
from .channels import is_table
from .roles import TransferRows

__all__ = [
    "ABSORBANCES",
    "FRACTIONS",
    "QUANTITIES",
    "are_mirrored",
    "check_quantity",
    "convert_quantity",
    "converted_spectra",
    "learn_quantity",
    "quantity_of",
    "refuse_mirrored",
    "refuse_other_quantity",
    "said_quantity",
]

#: What the numbers of a spectrum are. Percentages are quantities of their own, so that no factor of 100 is lost.
QUANTITIES = (
    "absorbance",
    "log 1/R",
    "reflectance",
    "% reflectance",
    "transmittance",
    "% transmittance",
    "Kubelka-Munk",
    "counts",
    "unknown",
)
_SPELLED = {
    "%r": "% reflectance",
    "%t": "% transmittance",
    "r": "reflectance",
    "t": "transmittance",
    "log(1/r)": "log 1/R",
}
FRACTIONS = {"reflectance": 1.0, "transmittance": 1.0, "% reflectance": 100.0, "% transmittance": 100.0}
ABSORBANCES = ("absorbance", "log 1/R")

# correlation of the usual spectra of two instruments, of which one has valleys where the other has bands
MIRROR = -0.7
LEAST_PAIRS = 3


def check_quantity(quantity):
    """Bring a quantity that a user named into the spelling of `QUANTITIES`."""
    known = _SPELLED.get(str(quantity).strip().lower(), quantity)
    if known not in QUANTITIES:
        raise ReadingOptionError(f"quantity must be one of {', '.join(map(repr, QUANTITIES))}, got {quantity!r}.")
    return known


def convert_quantity(X, quantity, own):
    """Convert spectra from one quantity to another.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    quantity, own : str
        What they are, and what is wanted; nothing is done where one is "unknown".

    Returns
    -------
    X : ndarray of shape (n_spectra, n_channels)
        NaN or infinity in spectra that hold a value without a logarithm.
    converted : bool

    Raises
    ------
    QuantityError
        If there is no way from one to the other.
    """
    if "unknown" in (quantity, own) or quantity == own or {quantity, own} <= set(ABSORBANCES):
        return X, False
    if quantity in FRACTIONS and own in FRACTIONS and quantity[-11:] == own[-11:]:
        return X * (FRACTIONS[own] / FRACTIONS[quantity]), True
    if quantity in FRACTIONS and own in ABSORBANCES:
        with np.errstate(divide="ignore", invalid="ignore"):
            return -np.log10(X / FRACTIONS[quantity]), True
    if quantity in ABSORBANCES and own in FRACTIONS:
        return FRACTIONS[own] * 10.0**-X, True
    raise QuantityError(
        f"Spectra that are {quantity} cannot be made {own}; there is no conversion. Export them as {own}."
    )


def quantity_of(quantity, instrument):
    """What the spectra of an instrument are, of one quantity for all, a dict of {instrument: quantity}, or None."""
    return check_quantity((quantity.get(instrument) if isinstance(quantity, dict) else quantity) or "unknown")


def converted_spectra(X, quantity, own, name):
    """Convert spectra (n_spectra, n_channels) of an instrument, and raise QuantityError where that leaves no number.

    NaN, as beyond the end of a shorter axis, stays NaN.
    """
    out, _ = convert_quantity(X, quantity, own)
    bad = ~np.isfinite(out) & np.isfinite(X)
    if bad.any():
        row, channel = np.argwhere(bad)[0]
        raise QuantityError(
            f"{int(bad.any(axis=1).sum())} spectra of {name!r} cannot be converted from {quantity} to {own}, the first "
            f"in row {row} of its rows, channel {channel}, where the value is {X[row, channel]:g}. Leave these "
            "channels or spectra out."
        )
    return out


def are_mirrored(first, second, pairs=None):
    """Tell whether the spectra of one instrument are mirror images of the other's, as reflectance and absorbance are.

    Parameters
    ----------
    first, second : ndarray of shape (n_spectra, n_channels)
        Spectra of two instruments on one axis.
    pairs : tuple of two ndarrays of shape (n_pairs, n_channels), optional
        Spectra of the same samples on either: what tells samples apart must be mirrored, too.

    Returns
    -------
    bool
    """
    if not _opposed(np.median(first, axis=0), np.median(second, axis=0)):
        return False
    if pairs is None or len(pairs[0]) < LEAST_PAIRS:
        return True
    differences = [spectra - spectra.mean(axis=0) for spectra in pairs]
    return float(np.sum(differences[0] * differences[1])) < 0


def _opposed(a, b):
    if a.size < LEAST_PAIRS or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return False
    # scaled first, for squares of large values overflow
    a, b = (x / (np.abs(x).max() or 1.0) for x in (a, b))
    return np.std(a) > 0 and np.std(b) > 0 and np.corrcoef(a, b)[0, 1] < MIRROR


def refuse_mirrored(X, instrument, sample_id, quantity, source, target):
    """Refuse to learn from spectra that must be of two quantities, where nobody said which.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    instrument, sample_id : ndarray of shape (n_spectra,), dtype object
    quantity : str, dict of {instrument: str} or None
    source, target : object
        The roles.

    Raises
    ------
    QuantityError
        If a quantity is not known, and the spectra of one instrument are mirror images of the other's.
    """
    if "unknown" not in [quantity_of(quantity, name) for name in (source, target)]:
        return
    nothing = np.full((len(X), 1), np.nan)
    labels = {"instrument": instrument, "sample_id": sample_id}
    rows = TransferRows.sort_out(X, nothing, source=source, target=target, **labels)
    first, second = rows.X[~rows.is_target], rows.X[rows.is_target]
    if len(first) and len(second) and are_mirrored(first, second, (rows.pairs.source, rows.pairs.target)):
        raise QuantityError(
            f"The spectra of {source!r} and {target!r} are mirror images of each other, as reflectance and absorbance "
            f"are; what is learned from both cannot be right. Say what they are: quantity={{{source!r}: 'reflectance', "
            f"{target!r}: 'absorbance'}}, on the command line --quantity {source}=reflectance --quantity "
            f"{target}=absorbance, or the other way round. If they are one quantity after all, say that it is."
        )


def said_quantity(X):
    """What a table of spectra, or a DataFrame made by one, says that it holds: str, {instrument: str}, or None."""
    return X.quantity if hasattr(X, "quantity") and is_table(X) else getattr(X, "attrs", {}).get("quantity")


def learn_quantity(estimator, said, source, target):
    """Keep what a model is made from, and refuse to make it from two quantities.

    Parameters
    ----------
    estimator : estimator instance
    said : str, dict of {instrument: str} or None
        See `said_quantity`.
    source, target : object or None
        The resolved roles.

    Raises
    ------
    QuantityError
        If the two instruments hold different quantities.
    """
    vars(estimator).pop("_quantity", None)
    roles = [name for name in (source, target) if name is not None]
    # without roles, as in a calibration of one instrument, one quantity is that of all rows
    held = {name: quantity_of(said, name) for name in roles or ([] if isinstance(said, dict) else [None])}
    known = {name: quantity for name, quantity in held.items() if quantity != "unknown"}
    if len({_alike(quantity) for quantity in known.values()}) > 1:
        listed = ", ".join(f"{name!r} holds {quantity}" for name, quantity in known.items())
        raise QuantityError(
            f"The instruments hold different quantities ({listed}), and what is learned from both cannot be right. "
            f"Bring them to one: table.to_absorbance(), or table.in_quantity({held[target]!r}, "
            f"instruments=[{source!r}])."
        )
    if known:
        estimator._quantity = next(reversed(known.values()))


def refuse_other_quantity(estimator, X):
    """Raise QuantityError for spectra that say that they are another quantity than a model was made from."""
    own, said = getattr(estimator, "_quantity", None), said_quantity(X)
    if own is None or said is None:
        return
    for quantity in said.values() if isinstance(said, dict) else [said]:
        if quantity != "unknown" and _alike(quantity) != _alike(own):
            raise QuantityError(
                f"{type(estimator).__name__} was made from {own}, and X is {quantity}. Convert it: "
                f"table.in_quantity({own!r})."
            )


def _alike(quantity):
    return "absorbance" if quantity in ABSORBANCES else quantity
