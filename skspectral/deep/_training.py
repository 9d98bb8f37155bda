"""Training: skorch trains on the source until the validation part stops improving; standards are learned in steps."""

import numpy as np
import torch
from skorch import NeuralNetRegressor
from skorch.callbacks import EarlyStopping, LRScheduler
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import Tensor, nn

__all__ = ["MaskedMSE", "adapt", "resolve_device", "train_on_source"]


class MaskedMSE(nn.Module):
    """Mean squared error over the references that are there: NaN marks the others.

    Parameters
    ----------
    n_standards : int, optional
        Number of spectra at the start of a batch that are standards of the target. The source samples after them then
        have an average of their own, which is added times ``rehearsal``.
    rehearsal : float
        Weight of the source samples.
    """

    def __init__(self, n_standards: int | None = None, rehearsal: float = 0.0):
        super().__init__()
        self.n_standards, self.rehearsal = n_standards, rehearsal

    def forward(self, predicted: Tensor, reference: Tensor) -> Tensor:
        """Average over the known entries of (B, n_outputs)."""
        if not self.rehearsal:
            return masked_mean_square(predicted, reference)
        n = self.n_standards
        on_source = masked_mean_square(predicted[n:], reference[n:])
        return masked_mean_square(predicted[:n], reference[:n]) + self.rehearsal * on_source


def masked_mean_square(predicted: Tensor, reference: Tensor) -> Tensor:
    """Mean squared difference over the entries of ``reference`` that are not NaN."""
    known = ~torch.isnan(reference)
    error = torch.where(known, predicted - torch.nan_to_num(reference), 0.0)
    return error.square().sum() / known.sum().clamp(min=1)


def resolve_device(device):
    """Turn "auto" into the GPU where there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


def _single(*arrays):
    return [np.ascontiguousarray(array, dtype=np.float32) for array in arrays]


def _refuse_interruption(net, n_epochs, stopping):
    """Pass on Ctrl-C, which skorch takes for the end of training."""
    stopped = stopping is not None and stopping.misses_ >= stopping.patience
    if len(net.history) < n_epochs and not stopped:
        raise KeyboardInterrupt


def train_on_source(
    network, X, y, validation, *, lr, weight_decay, batch_size, max_epochs, patience, device, verbose=0
):
    """Train a network in place; with a validation part, keep the weights that did best on it.

    Parameters
    ----------
    network : Module
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra, n_targets)
        Standardised references, NaN where there is none.
    validation : ndarray of int
        Rows that are held out for early stopping; may be empty.
    lr, weight_decay : float
        AdamW.
    batch_size, max_epochs, patience : int
        Spectra per step, largest number of passes, and passes without improvement after which training stops.
    device : torch.device
    verbose : int
        Passed to skorch: 0 prints nothing.

    Returns
    -------
    skorch.history.History
    """
    X, y = _single(X, y)
    held_out = np.isin(np.arange(len(X)), validation)
    callbacks, stopping, split = [], None, None
    if held_out.any():
        stopping = EarlyStopping(monitor="valid_loss", patience=patience, threshold=0.0, load_best=True)
        decay = LRScheduler(
            "ReduceLROnPlateau", monitor="valid_loss", factor=0.5, patience=max(1, patience // 4), min_lr=lr / 100
        )
        callbacks = [decay, stopping]
        split = predefined_split(Dataset(X[held_out], y[held_out]))
    net = NeuralNetRegressor(
        network,
        criterion=MaskedMSE,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=weight_decay,
        optimizer__fused=True,
        lr=lr,
        max_epochs=max_epochs,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        # batch normalisation cannot learn from a single spectrum; another one is left out in every pass
        iterator_train__drop_last=bool((~held_out).sum() % batch_size == 1),
        train_split=split,
        callbacks=callbacks,
        device=device,
        verbose=verbose,
    )
    net.fit(X[~held_out], y[~held_out])
    _refuse_interruption(net, max_epochs, stopping)
    return net.history


def adapt(network, X, y, *, lr, weight_decay, device, held_out=None, source=None, rehearsal=0.0):
    """Train what requires a gradient on all spectra at once, one step each time that another value is asked for.

    Parameters
    ----------
    network : SpectralNetwork
        Changed in place.
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra, n_targets)
        Standardised references, NaN where there is none.
    lr, weight_decay : float
        Adam.
    device : torch.device
    held_out : ndarray of int, optional
        Rows that are not learned from but predicted after every step.
    source : tuple of (X, y), optional
        Source samples that are learned along.
    rehearsal : float
        Weight of their loss relative to that of the standards; 0 leaves them out.

    Yields
    ------
    ndarray of shape (n_held_out, n_targets) or None
        Predictions of the held-out rows before the first and after every step, without an end.
    """
    X, y = _single(X, y)
    network.adapting = True
    network.to(device).eval()
    rows = np.arange(len(X)) if held_out is None else np.setdiff1d(np.arange(len(X)), held_out)
    learned = [(X[rows], y[rows])] + ([_single(*source)] if rehearsal else [])
    spectra, references = (torch.as_tensor(np.concatenate(parts), device=device) for parts in zip(*learned))
    # what stands before the layers that learn is the same in every step
    inputs = network.inputs(spectra)
    watched = None if held_out is None else network.inputs(torch.as_tensor(X[held_out], device=device))
    loss = MaskedMSE(len(rows), rehearsal)
    free = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(free, lr=lr, weight_decay=weight_decay, fused=True)
    while True:
        if watched is None:
            yield None
        else:
            with torch.no_grad():
                predicted = network.head(watched).cpu().numpy()
            yield predicted
        optimizer.zero_grad()
        loss(network.head(inputs), references).backward()
        optimizer.step()
