"""Kolmogorov-Arnold layers: a learned B-spline on every edge instead of one fixed activation."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["KANLinear", "bspline_basis"]


def bspline_basis(x: Tensor, n_intervals: int, order: int, low: float, high: float) -> Tensor:
    """Evaluate all B-splines of one uniform knot vector.

    Parameters
    ----------
    x : Tensor of any shape S
        Where to evaluate; beyond ``[low, high)`` the outer splines fade to zero.
    n_intervals : int
        Number of equal intervals between ``low`` and ``high``.
    order : int
        Degree of the polynomials (3 is cubic).
    low, high : float
        Range that the grid covers.

    Returns
    -------
    Tensor of shape S + (n_intervals + order,)
        Values of the basis functions; they sum to one inside the range.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.kan import bspline_basis
    >>> bspline_basis(torch.tensor([0.5]), n_intervals=2, order=1, low=0.0, high=2.0)
    tensor([[0.5000, 0.5000, 0.0000]])
    """
    # Position in units of intervals, so that all knots are integers and the recursion needs no divisions by knots.
    position = ((x - low) * (n_intervals / (high - low)))[..., None]
    knots = torch.arange(-order, n_intervals + order + 1, dtype=x.dtype, device=x.device)
    distance = position - knots
    basis = ((distance[..., :-1] >= 0) & (distance[..., 1:] < 0)).to(x.dtype)
    for degree in range(1, order + 1):
        rising = distance[..., : -degree - 1] * basis[..., :-1]
        falling = distance[..., degree + 1 :] * basis[..., 1:]
        basis = (rising - falling) / degree
    return basis


class KANLinear(nn.Module):
    """Layer whose every edge from input to output is a learned function: SiLU plus a B-spline.

    Parameters
    ----------
    in_features, out_features : int
        Widths of input and output.
    n_intervals : int
        Intervals of the spline grid.
    order : int
        Degree of the splines.
    grid_range : (float, float)
        Where the splines live; outside only the SiLU part acts.

    References
    ----------
    .. [1] Z. Liu et al., "KAN: Kolmogorov-Arnold Networks", 2024. https://doi.org/10.48550/arXiv.2404.19756

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.kan import KANLinear
    >>> KANLinear(3, 2)(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        n_intervals: int = 5,
        order: int = 3,
        grid_range: tuple[float, float] = (-3.0, 3.0),
    ):
        super().__init__()
        self.n_intervals, self.order, self.grid_range = n_intervals, order, grid_range
        self.base = nn.Linear(in_features, out_features)
        n_basis = n_intervals + order
        self.spline_weight = nn.Parameter(torch.empty(out_features, in_features * n_basis))
        nn.init.normal_(self.spline_weight, std=0.1 / math.sqrt(in_features))

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        basis = bspline_basis(x, self.n_intervals, self.order, *self.grid_range)
        return self.base(F.silu(x)) + F.linear(basis.flatten(-2), self.spline_weight)

    def extra_repr(self) -> str:
        """Show the grid in the module's representation."""
        return f"n_intervals={self.n_intervals}, order={self.order}, grid_range={self.grid_range}"
