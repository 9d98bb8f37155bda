"""Choose the patches to hide: contiguous blocks, so that a gap cannot be filled by interpolation alone."""

import torch
from torch import Tensor

from ..data.random import torch_generator

__all__ = ["block_mask"]


def block_mask(
    n_patches: Tensor, width: int, generator, *, share: float = 0.3, shortest: int = 3, longest: int = 5
) -> Tensor:
    """Draw masks made of blocks of adjacent patches.

    Blocks of random length are laid in random order, with gaps of random length between them, so that blocks neither
    overlap nor touch. Every mask has the number of hidden patches nearest to the share that whole blocks and gaps
    allow, but at least one block and one patch that stays.

    Parameters
    ----------
    n_patches : Tensor of int of shape (B,)
        Number of real patches of each spectrum.
    width : int
        Number of patches of the longest spectrum, or more.
    generator : torch.Generator or numpy.random.Generator
        Source of all randomness.
    share : float
        Share of the patches to hide.
    shortest, longest : int
        Limits of the block length, patches.

    Returns
    -------
    Tensor of bool of shape (B, width)
        True for patches to hide, as ``SpectralFM`` and ``MSRPLoss`` take it; never beyond the real patches.

    Raises
    ------
    ValueError
        If the share is not between 0 and 1, the lengths are no range, or a spectrum has fewer than two patches or
        more than ``width``.

    Examples
    --------
    >>> import torch
    >>> from skspectral.pretraining import block_mask
    >>> mask = block_mask(torch.tensor([20, 12]), 20, torch.Generator().manual_seed(0))
    >>> ["".join(".#"[hidden] for hidden in row) for row in mask.int()]
    ['.....#####..........', '.........###........']
    """
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, got {share!r}.")
    if not 1 <= shortest <= longest:
        raise ValueError(f"Blocks of {shortest} to {longest} patches: give 1 <= shortest <= longest.")
    if n_patches.min() < 2 or n_patches.max() > width:
        raise ValueError(
            f"Spectra have {int(n_patches.min())} to {int(n_patches.max())} patches: at least 2 are needed to hide one "
            f"and keep one, and at most {width} fit."
        )
    generator = torch_generator(generator)
    masks = [_row(int(n), width, generator, share, shortest, longest) for n in n_patches]
    return torch.stack(masks).to(n_patches.device)


def _row(n, width, generator, share, shortest, longest):
    """One mask of shape (width,)."""

    def integer(low, high):
        return int(torch.randint(low, high + 1, (1,), generator=generator, device=generator.device))

    lengths, hidden = [], 0
    while True:
        length = min(integer(shortest, longest), n - 1)
        # one patch at least stays between two blocks
        fits = hidden + length + len(lengths) <= n - 1
        if lengths and (not fits or hidden + length / 2 > share * n):
            break
        lengths.append(length)
        hidden += length
    # what stays is dealt out to the places before, between and after the blocks, at least one patch between two
    spare = n - hidden - (len(lengths) - 1)
    cuts = torch.randint(0, spare + 1, (len(lengths),), generator=generator, device=generator.device).sort().values
    mask = torch.zeros(width, dtype=torch.bool)
    start = 0
    for number, (length, cut) in enumerate(zip(lengths, cuts.tolist())):
        first = start + number + cut
        mask[first : first + length] = True
        start += length
    return mask
