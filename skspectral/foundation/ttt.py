"""Test-time training: let a network get used to an instrument from its unlabelled spectra."""

import copy

import torch

from ..nn.losses import MSRPLoss
from ..pretraining.head.features import standardised
from ..pretraining.training.masking import block_mask

__all__ = ["TestTimeTraining"]

HELD_OUT = 0.25
MOST_SPECTRA = 128


class TestTimeTraining:
    """Masked reconstruction of unlabelled spectra, which changes normalisation parameters alone.

    Stops by itself when the reconstruction of held-out patches no longer improves, and gives the best parameters that
    it saw. The network it is given stays as it is.

    Better reconstruction is not better prediction: with the weights that come with the package it made predictions
    better by less than a per cent on tasks that the pretraining had left out, and is kept for networks of your own.

    Parameters
    ----------
    steps : int
        Most steps.
    learning_rate : float
        Rate of Adam.
    mask_share : float
        Share of the patches that are hidden.
    patience : int
        Steps without improvement after which it stops.
    seed : int
        Seed of the masks.

    Attributes
    ----------
    losses_ : list of float
        Error of the held-out patches before the first step and after every step.
    steps_ : int
        Steps whose result was kept.

    References
    ----------
    .. [1] Y. Sun et al., "Test-Time Training with Self-Supervision for Generalization under Distribution Shifts",
       ICML 2020. https://doi.org/10.48550/arXiv.1909.13231
    .. [2] D. Wang et al., "Tent: Fully Test-Time Adaptation by Entropy Minimization", ICLR 2021.
       https://doi.org/10.48550/arXiv.2006.10726

    Examples
    --------
    >>> import torch
    >>> from skspectral.foundation import TestTimeTraining
    >>> from skspectral.nn import SpectralFM, SpectralFMConfig
    >>> model = SpectralFM(SpectralFMConfig.preset("tiny")).eval()
    >>> training = TestTimeTraining(steps=3)
    >>> adapted = training(model, torch.rand(8, 64).cumsum(1), torch.linspace(9000, 4000, 64))
    >>> len(training.losses_) <= 4 and adapted is not model
    True
    """

    # Not a test class, whatever its name makes test runners think.
    __test__ = False

    def __init__(self, steps=10, *, learning_rate=1e-3, mask_share=0.3, patience=3, seed=0):
        if steps < 0 or int(steps) != steps:
            raise ValueError(f"steps must be an integer >= 0, got {steps!r}.")
        if not 0 < mask_share < 1:
            raise ValueError(f"mask_share must lie between 0 and 1, got {mask_share!r}.")
        self.steps, self.learning_rate, self.mask_share = steps, learning_rate, mask_share
        self.patience, self.seed = patience, seed

    def __call__(self, model, x, wavenumbers, domain="NIR"):
        """Adapt a copy of a network.

        Parameters
        ----------
        model : SpectralFM
            The network; it stays as it is.
        x : Tensor of shape (n_spectra, L)
            Unlabelled spectra in absorbance.
        wavenumbers : Tensor of shape (L,)
            Their axis, cm-1.
        domain : str
            Kind of spectra.

        Returns
        -------
        SpectralFM
            The adapted copy in evaluation mode.
        """
        adapted = copy.deepcopy(model).eval().requires_grad_(False)
        parameters = [parameter.requires_grad_() for _, parameter in adapted.normalisation_parameters()]
        x = standardised(x[:MOST_SPECTRA])
        task = _Reconstruction(adapted, x, wavenumbers.expand(len(x), -1), domain, self.mask_share, self.seed)
        best, kept = task.held_out(), [parameter.detach().clone() for parameter in parameters]
        self.losses_, self.steps_ = [best], 0
        optimizer = torch.optim.Adam(parameters, lr=self.learning_rate)
        for number in range(1, self.steps + 1):
            optimizer.zero_grad()
            task.training(number).backward()
            optimizer.step()
            self.losses_.append(task.held_out())
            if self.losses_[-1] < best:
                best, self.steps_ = self.losses_[-1], number
                kept = [parameter.detach().clone() for parameter in parameters]
            elif number - self.steps_ >= self.patience:
                break
        with torch.no_grad():
            for parameter, value in zip(parameters, kept, strict=True):
                parameter.copy_(value)
        return adapted.requires_grad_(False)


class _Reconstruction:
    """Masked patches to rebuild; those that judge are never among those that teach."""

    def __init__(self, model, x, wavenumbers, domain, mask_share, seed):
        self.model, self.inputs, self.domain = model, (x, wavenumbers), domain
        self.loss, self.share, self.seed = MSRPLoss(), mask_share, seed
        self.patches, self.valid = model.embedding.patchify(x)
        self.judged = self._mask(0, HELD_OUT)

    def _mask(self, number, share):
        n, n_patches = self.patches.shape[:2]
        random = torch.Generator().manual_seed(self.seed * 2**20 + number)
        return block_mask(torch.full((n,), n_patches), n_patches, random, share=share).to(self.patches.device)

    def _error(self, hidden, scored):
        output = self.model(*self.inputs, "cm-1", self.domain, patch_mask=hidden)
        return self.loss(self.model.reconstruct(output), self.patches, scored, self.valid)

    def training(self, number):
        """Loss of a step: patches that judge are hidden from it, too, but not scored."""
        taught = self._mask(number, self.share) & ~self.judged
        return self._error(taught | self.judged, taught)

    @torch.no_grad()
    def held_out(self):
        """Error of the patches that judge."""
        return self._error(self.judged, self.judged).item()
