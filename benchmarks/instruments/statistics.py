"""What a set of differences between two instruments is like, in few numbers."""

import numpy as np
from scipy.fft import dct

__all__ = ["BANDS", "NAMES", "band_powers", "on_relative_axis", "repeatability", "statistics"]

# orders of the cosine transform along the axis: from the mean to the finest detail
BANDS = ((0, 1), (1, 3), (3, 7), (7, 16), (16, 64))
N_RELATIVE = 64
N_EIGEN = (1, 2, 4, 8)
NAMES = (
    *(f"mean difference, orders {low}-{high - 1}" for low, high in BANDS),
    *(f"deviations, orders {low}-{high - 1}" for low, high in BANDS),
    *(f"share beyond {k} components" for k in N_EIGEN),
    "share not explained by the spectra",
    "share not explained by each spectrum and its slope",
    *(f"median to root mean square, orders {low}-{high - 1}" for low, high in BANDS[:3]),
)
# what is smaller says nothing: shares and powers are logarithmic
SMALLEST = 1e-6


def on_relative_axis(spectra):
    """Interpolate spectra (n, n_channels) to 64 channels from end to end."""
    place = np.linspace(0, spectra.shape[1] - 1, N_RELATIVE)
    left = np.minimum(place.astype(int), spectra.shape[1] - 2)
    return spectra[:, left] + (place - left) * (spectra[:, left + 1] - spectra[:, left])


def band_powers(curves):
    """Logarithm of the root mean square of curves (n, 64) in each band: (n, n_bands)."""
    orders = dct(curves, axis=1, norm="ortho") / np.sqrt(curves.shape[1])
    power = np.stack([(orders[:, low:high] ** 2).sum(1) for low, high in BANDS], axis=1)
    return 0.5 * np.log10(power + SMALLEST**2)


def statistics(differences):
    """Describe a set of differences.

    Parameters
    ----------
    differences : DifferenceSet
        Spectra on two instruments.

    Returns
    -------
    ndarray of shape (n_statistics,)
        Decimal logarithms, in the order of ``NAMES``; absorbances relative to how much the samples differ.
    """
    A, B = on_relative_axis(differences.A), on_relative_axis(differences.B)
    size = differences.size
    D = (B - A) / size
    mean = D.mean(0)
    rest = D - mean
    sizes = band_powers(rest)
    deviations = 0.5 * np.log10(np.mean(10 ** (2 * sizes), axis=0))
    tails = np.median(sizes, axis=0) - deviations
    variances = np.linalg.svd(rest, compute_uv=False) ** 2
    beyond = [variances[k:].sum() / variances.sum() for k in N_EIGEN]
    centred = (A - A.mean(0)) / size
    scores = np.linalg.svd(centred, full_matrices=False)[0][:, :6]
    unexplained = ((rest - scores @ (scores.T @ rest)) ** 2).sum() / (rest**2).sum()
    return np.concatenate(
        [
            band_powers(mean[None])[0],
            deviations,
            np.log10(np.array([*beyond, unexplained, _own_share(rest, A / size)]) + SMALLEST),
            tails[:3],
        ]
    )


def repeatability(scans):
    """Describe how scans of one sample on one instrument differ from each other.

    Parameters
    ----------
    scans : ndarray of shape (n_samples, n_scans, n_channels)
        Absorbance.

    Returns
    -------
    ndarray of shape (n_bands,)
        Decimal logarithm of the root mean square of the deviations from the samples' means in each band, relative to
        how much these means differ.
    """
    means = scans.mean(axis=1)
    size = np.sqrt(means.var(axis=0).mean())
    rest = (scans - means[:, None]).reshape(-1, scans.shape[2]) / size
    return 0.5 * np.log10(np.mean(10 ** (2 * band_powers(on_relative_axis(rest))), axis=0))


def _own_share(rest, A):
    """Share of the deviations that is no multiple of the sample's own spectrum, its slope, or a straight line."""
    line = np.broadcast_to(np.linspace(-1, 1, A.shape[1]), A.shape)
    basis = np.stack([np.ones_like(A), line, A, np.gradient(A, axis=1)], axis=2)
    fitted = basis @ (np.linalg.pinv(basis) @ rest[..., None])
    return np.sum((rest - fitted[..., 0]) ** 2) / np.sum(rest**2)
