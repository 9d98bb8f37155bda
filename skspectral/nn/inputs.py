"""What a spectrum comes with: where its channels lie, what kind it is, which channels are unknown."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["DOMAINS", "domain_ids", "fill_unknown", "to_wavenumber"]

#: Kinds of spectra that have a token of their own.
DOMAINS = ("UNKNOWN", "NIR", "IR", "RAMAN")

#: Where an axis of unit "index", from 0 to 1, is placed: the near infrared, in cm-1.
NOMINAL_RANGE = (4000.0, 10000.0)


def to_wavenumber(axis: Tensor, unit: str | Sequence[str] = "nm") -> Tensor:
    """Convert an axis to wavenumbers.

    Parameters
    ----------
    axis : Tensor of shape (L,) or (B, L)
        Wavelengths in nm, wavenumbers or Raman shifts in cm-1, or positions from 0 to 1 (unit "index").
    unit : {"nm", "cm-1", "index"} or sequence of them of length B
        Unit of the axis, or of each row.

    Returns
    -------
    Tensor of the same shape
        Wavenumbers in cm-1. Positions are spread over 4000 to 10000 cm-1.

    Raises
    ------
    ValueError
        If a unit is unknown or the number of units is wrong.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.inputs import to_wavenumber
    >>> to_wavenumber(torch.tensor([[1000.0, 2500.0], [10000.0, 4000.0]]), ["nm", "cm-1"])
    tensor([[10000.,  4000.],
            [10000.,  4000.]])
    """
    if not isinstance(unit, str):
        if axis.ndim != 2 or len(unit) != len(axis):
            raise ValueError(f"{len(unit)} units for an axis of shape {tuple(axis.shape)}: give one per row, or one.")
        return torch.stack([to_wavenumber(row, one) for row, one in zip(axis, unit, strict=True)])
    axis = axis if axis.dtype == torch.float64 else axis.float()
    if unit == "nm":
        return 1e7 / axis
    if unit == "cm-1":
        return axis
    if unit == "index":
        return NOMINAL_RANGE[0] + (NOMINAL_RANGE[1] - NOMINAL_RANGE[0]) * axis
    raise ValueError(f"Unknown unit {unit!r} of the axis: use 'nm', 'cm-1' or 'index'.")


def domain_ids(domain: str | Sequence[str] | Tensor | None, n_batch: int, device: torch.device | str) -> Tensor:
    """Number the kinds of spectra.

    Parameters
    ----------
    domain : str, sequence of str, Tensor of shape (B,) or None
        Names out of ``DOMAINS`` in any case, or their numbers; None is unknown.
    n_batch : int
        Number of spectra B.
    device : device
        Where the result lives.

    Returns
    -------
    Tensor of shape (B,)
        Index into ``DOMAINS``.

    Raises
    ------
    ValueError
        If a name is unknown or the number of names is wrong.

    Examples
    --------
    >>> from skspectral.nn.inputs import domain_ids
    >>> domain_ids(["nir", "RAMAN"], 2, "cpu")
    tensor([1, 3])
    """
    if isinstance(domain, Tensor):
        ids = domain.to(device)
    else:
        names = [domain or "UNKNOWN"] * n_batch if domain is None or isinstance(domain, str) else list(domain)
        unknown = sorted({name for name in names if name.upper() not in DOMAINS})
        if unknown:
            raise ValueError(f"Unknown domain {', '.join(map(repr, unknown))}: choose among {', '.join(DOMAINS)}.")
        ids = torch.tensor([DOMAINS.index(name.upper()) for name in names], dtype=torch.long, device=device)
    if ids.shape != (n_batch,):
        raise ValueError(f"{tuple(ids.shape)} domains for {n_batch} spectra: give one per spectrum, or one name.")
    return ids


def fill_unknown(x: Tensor, known: Tensor) -> Tensor:
    """Replace unknown channels by a straight line between their known neighbours.

    Parameters
    ----------
    x : Tensor of shape (B, L)
        Spectra; unknown channels may hold anything, NaN too.
    known : Tensor of shape (B, L)
        True for the channels to keep.

    Returns
    -------
    Tensor of shape (B, L)
        Filled spectra: beyond the outermost known channels their value, zero where nothing is known.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.inputs import fill_unknown
    >>> fill_unknown(torch.tensor([[1.0, 9.0, 9.0, 4.0, 9.0]]), torch.tensor([[True, False, False, True, False]]))
    tensor([[1., 2., 3., 4., 4.]])
    """
    n = x.shape[-1]
    index = torch.arange(n, device=x.device).expand_as(x)
    left = torch.where(known, index, -1).cummax(-1).values
    right = torch.where(known, index, n).flip(-1).cummin(-1).values.flip(-1)
    anything = known.any(-1, keepdim=True)
    left, right = torch.where(left < 0, right, left), torch.where(right >= n, left, right)
    left, right = left.clamp(0, n - 1), right.clamp(0, n - 1)
    clean = torch.where(known, x, 0)
    weight = (index - left).to(x.dtype) / (right - left).clamp(min=1)
    filled = torch.lerp(clean.gather(-1, left), clean.gather(-1, right), weight)
    return torch.where(known, clean, torch.where(anything, filled, 0))
