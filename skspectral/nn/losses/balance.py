"""The weighted sum of all losses, term by term."""

import torch
from torch import Tensor, nn

__all__ = ["WEIGHTS", "LossBalance"]

#: Weight of each term. The last two make the bottleneck separate chemistry and instrument; the KL term alone does not.
WEIGHTS = {
    "msrp": 1.0,
    "contrastive": 0.3,
    "denoise": 0.2,
    "ot": 0.1,
    "physics": 0.1,
    "vib": 0.05,
    "moe": 0.01,
    "instrument": 0.3,
    "cross_covariance": 1.0,
}


class LossBalance(nn.Module):
    """Add losses with their weights and keep each for the report.

    Parameters
    ----------
    weights : dict of str to float, optional
        Weights that differ from the default ones (``skspectral.nn.losses.WEIGHTS``); zero leaves a term out of the sum
        but in the report.

    Raises
    ------
    ValueError
        If a weight is negative.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import LossBalance
    >>> total, report = LossBalance({"moe": 0.5})({"msrp": torch.tensor(2.0), "moe": torch.tensor(1.0)})
    >>> total, report["moe"]
    (tensor(2.5000), tensor(1.))
    """

    def __init__(self, weights: dict[str, float] | None = None):
        super().__init__()
        self.weights = WEIGHTS | (weights or {})
        negative = [name for name, weight in self.weights.items() if weight < 0]
        if negative:
            raise ValueError(f"Loss weights must not be negative: {', '.join(negative)}.")

    def forward(self, terms: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Sum the terms.

        Parameters
        ----------
        terms : dict of str to Tensor of shape ()
            The losses that were computed for this batch; others do not count.

        Returns
        -------
        total : Tensor of shape ()
            Weighted sum.
        report : dict of str to Tensor of shape ()
            Every term without its weight, and the ``"total"``, detached.

        Raises
        ------
        ValueError
            If there is no term, or one without a weight.
        """
        unknown = sorted(set(terms) - set(self.weights))
        if unknown or not terms:
            raise ValueError(f"Terms without a weight: {unknown}. Give LossBalance their weights: {self.weights}.")
        # A term of weight zero is skipped, not multiplied: an infinite value times zero would make the sum NaN.
        used = [self.weights[name] * value for name, value in terms.items() if self.weights[name] > 0]
        total = torch.stack(used).sum() if used else next(iter(terms.values())).new_zeros(())
        return total, {name: value.detach() for name, value in terms.items()} | {"total": total.detach()}
