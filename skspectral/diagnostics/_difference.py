"""How much of the difference between two instruments a transfer removes."""

from dataclasses import dataclass

import numpy as np

from .._core.axis_identity import find_order
from .._core.channels import channel_labels
from .._core.matrices import as_matrix
from .._core.validation import check_finite
from ..exceptions import AxisMismatchError

__all__ = ["TransferDifference", "transfer_difference"]


@dataclass(frozen=True, eq=False)
class TransferDifference:
    """Differences from the source before and after transfer, in units of the spectra.

    The difference of a sample is its mean over the samples, which a shift of the mean removes, plus a residual.

    Attributes
    ----------
    mean_before, mean_after : ndarray of shape (n_channels,)
        Mean difference spectrum.
    residual_before, residual_after : ndarray of shape (n_samples, n_channels)
        Difference spectra around their mean.
    """

    mean_before: np.ndarray
    mean_after: np.ndarray
    residual_before: np.ndarray
    residual_after: np.ndarray

    @property
    def rms_before(self):
        """Root mean square difference before transfer, over samples and channels."""
        return _rms(self.mean_before + self.residual_before)

    @property
    def rms_after(self):
        """Root mean square difference after transfer."""
        return _rms(self.mean_after + self.residual_after)

    @property
    def share_removed(self):
        """Share of the mean square difference that the transfer removes; negative where it adds."""
        return _removed(self.rms_before, self.rms_after)

    @property
    def mean_share_removed(self):
        """The same for the mean difference alone."""
        return _removed(_rms(self.mean_before), _rms(self.mean_after))

    @property
    def residual_share_removed(self):
        """The same for the residuals around the mean: what is gained beyond a shift of the mean."""
        return _removed(_rms(self.residual_before), _rms(self.residual_after))

    def __str__(self):
        rows = [
            ("all", self.rms_before, self.rms_after, self.share_removed),
            ("mean", _rms(self.mean_before), _rms(self.mean_after), self.mean_share_removed),
            ("residual", _rms(self.residual_before), _rms(self.residual_after), self.residual_share_removed),
        ]
        lines = [f"{'difference':<12}{'RMS before':>12}{'RMS after':>12}{'removed':>10}"]
        lines += [f"{name:<12}{before:>12.3g}{after:>12.3g}{share:>10.1%}" for name, before, after, share in rows]
        return "\n".join(lines)


def transfer_difference(source, target, transferred):
    """Compare spectra of the same samples on two instruments before and after transfer.

    Use samples that the transfer has not learned from. :class:`~skspectral.plotting.SpectraDifferenceDisplay` draws
    the same.

    Parameters
    ----------
    source : array-like of shape (n_samples, n_channels)
        Measured on the source.
    target : array-like of shape (n_samples, n_channels)
        The same samples in the same order, measured on the target.
    transferred : array-like of shape (n_samples, n_channels)
        ``target`` as mapped to the source.

    Returns
    -------
    TransferDifference

    Raises
    ------
    ValueError
        If the shapes differ.
    AxisMismatchError
        If columns are labelled by other wavelengths.
    NonFiniteSpectraError
        If a value is NaN or infinite.

    Examples
    --------
    >>> from skspectral.diagnostics import transfer_difference
    >>> difference = transfer_difference([[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [3.0, 3.0]], [[-1.0, -1.0], [1.0, 1.0]])
    >>> difference.rms_after, difference.share_removed, difference.residual_share_removed
    (1.0, 0.8, 0.0)
    """
    named = {"source": source, "target": target, "transferred": transferred}
    spectra = {}
    for name, X in named.items():
        spectra[name] = as_matrix(X, name=name)
        check_finite(spectra[name], name=name)
    shapes = {name: X.shape for name, X in spectra.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"source, target and transferred must be spectra of the same samples, got shapes {shapes}.")
    _bring_into_one_order(named, spectra)
    before, after = spectra["target"] - spectra["source"], spectra["transferred"] - spectra["source"]
    mean_before, mean_after = before.mean(axis=0), after.mean(axis=0)
    return TransferDifference(mean_before, mean_after, before - mean_before, after - mean_after)


def _bring_into_one_order(named, spectra):
    """Put columns that are labelled by wavelengths into the order of the first matrix that has labels."""
    labels = {name: found for name, X in named.items() if (found := channel_labels(X)) is not None}
    first = next(iter(labels), None)
    for name, own in labels.items():
        order = find_order(labels[first], own)
        if order is None:
            raise AxisMismatchError(f"{first} has {labels[first]}, {name} has {own}: bring them onto one axis first.")
        spectra[name] = spectra[name][:, order]


def _rms(values):
    return float(np.sqrt(np.mean(values**2)))


def _removed(before, after):
    """Share of the mean square removed; nothing can be removed where there was nothing."""
    if before == 0:
        return 0.0 if after == 0 else -np.inf
    return 1 - (after / before) ** 2
