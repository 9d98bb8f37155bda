"""Variational bottleneck that splits a representation into chemistry and instrument, and what keeps the two apart."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["Bottleneck", "InstrumentClassifiers", "VIBHead", "reverse_gradient"]


class Bottleneck(NamedTuple):
    """Result of `VIBHead`.

    Attributes
    ----------
    z_chem : Tensor of shape (B, d_chem)
        Chemistry: a sample in training, the mean otherwise.
    z_inst : Tensor of shape (B, d_inst)
        Instrument, likewise.
    mean : Tensor of shape (B, d_chem + d_inst)
        Mean of the Gaussian that both were drawn from, chemistry first.
    log_variance : Tensor of shape (B, d_chem + d_inst)
        Logarithm of its variance.
    """

    z_chem: Tensor
    z_inst: Tensor
    mean: Tensor
    log_variance: Tensor


class VIBHead(nn.Module):
    """Draw a chemistry code and an instrument code from a learned Gaussian.

    Parameters
    ----------
    d_model : int
        Width of the representation.
    d_chem : int
        Length of the chemistry code.
    d_inst : int
        Length of the instrument code.
    stochastic : bool
        Whether codes are drawn in training; False always gives their means.

    References
    ----------
    .. [1] A. Alemi et al., "Deep Variational Information Bottleneck", ICLR 2017.
       https://doi.org/10.48550/arXiv.1612.00410

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import VIBHead
    >>> codes = VIBHead(d_model=16).eval()(torch.ones(2, 16))
    >>> codes.z_chem.shape, codes.z_inst.shape
    (torch.Size([2, 128]), torch.Size([2, 64]))
    """

    def __init__(self, d_model: int, d_chem: int = 128, d_inst: int = 64, *, stochastic: bool = True):
        super().__init__()
        self.d_chem, self.d_inst, self.stochastic = d_chem, d_inst, stochastic
        self.hidden = nn.Sequential(nn.LayerNorm(d_model), nn.Linear(d_model, d_model), nn.GELU())
        self.mean = nn.Linear(d_model, d_chem + d_inst)
        self.log_variance = nn.Linear(d_model, d_chem + d_inst)
        # Start nearly deterministic: unit noise would drown the codes before they have learned anything.
        nn.init.zeros_(self.log_variance.weight)
        nn.init.constant_(self.log_variance.bias, -4.0)

    def forward(self, h: Tensor) -> Bottleneck:
        """Encode representations.

        Parameters
        ----------
        h : Tensor of shape (B, d_model)
            Representation of each spectrum.

        Returns
        -------
        Bottleneck
            Codes and their distribution.
        """
        hidden = self.hidden(h)
        mean = self.mean(hidden)
        # Beyond these bounds exp() over- or underflows and a code is either noise or exact.
        log_variance = self.log_variance(hidden).clamp(-12, 4)
        z = mean
        if self.training and self.stochastic:
            z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        z_chem, z_inst = z.split([self.d_chem, self.d_inst], dim=-1)
        return Bottleneck(z_chem, z_inst, mean, log_variance)


class _ReverseGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -ctx.strength * grad, None


def reverse_gradient(x: Tensor, strength: float = 1.0) -> Tensor:
    """Return ``x`` unchanged, but hand ``-strength`` times the gradient back.

    Parameters
    ----------
    x : Tensor of any shape
        Values.
    strength : float
        Factor of the reversed gradient.

    Returns
    -------
    Tensor of the same shape
        The same values.

    References
    ----------
    .. [1] Y. Ganin et al., "Domain-Adversarial Training of Neural Networks", J. Mach. Learn. Res. 17 (2016).
       https://doi.org/10.48550/arXiv.1505.07818

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.vib import reverse_gradient
    >>> x = torch.ones(1, requires_grad=True)
    >>> reverse_gradient(3 * x, strength=0.5).backward()
    >>> x.grad
    tensor([-1.5000])
    """
    return _ReverseGradient.apply(x, strength)


class InstrumentClassifiers(nn.Module):
    """Two classifiers of the instrument: an adversary on the chemistry code, a helper on the instrument code.

    Both learn to name the instrument. The adversary's gradient is reversed before it reaches the encoder, which so
    learns to hide the instrument from the chemistry code and to show it in the instrument code.

    Parameters
    ----------
    n_instruments : int
        Number of classes.
    d_chem, d_inst : int
        Lengths of the codes.
    d_hidden : int
        Hidden units of the adversary.
    strength : float
        Factor of the reversed gradient.
    """

    def __init__(
        self, n_instruments: int, d_chem: int = 128, d_inst: int = 64, d_hidden: int = 64, strength: float = 1.0
    ):
        super().__init__()
        self.strength = strength
        self.adversary = nn.Sequential(
            nn.Linear(d_chem, d_hidden),
            nn.ReLU(),
            nn.Linear(d_hidden, d_hidden),
            nn.ReLU(),
            nn.Linear(d_hidden, n_instruments),
        )
        self.helper = nn.Linear(d_inst, n_instruments)

    def forward(self, codes: Bottleneck) -> tuple[Tensor, Tensor]:
        """Give the logits of the adversary and of the helper, each (B, n_instruments)."""
        return self.adversary(reverse_gradient(codes.z_chem, self.strength)), self.helper(codes.z_inst)
