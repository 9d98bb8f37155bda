"""Piecewise direct standardisation: each source channel from a window of target channels."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .._affine import BandedMap
from ._mapping import MappingRegressor

__all__ = ["PDS"]

WINDOWS = (2, 5)
COMPONENTS = (1, 2, 3)


class PDS(MappingRegressor):
    """Piecewise direct standardisation with additive background correction.

    Channel ``j`` of the source is regressed on channels ``j - window`` to ``j + window`` of the target over the pairs,
    all mean-centred. Windows are cut off at the ends of the spectrum, where they hold fewer channels.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components.
    window : int or "cv", default="cv"
        Half-width of the window in channels; ``window=3`` uses seven channels.
    n_components : int or "cv", default="cv"
        Number of components of the local models, the same in every window, so that the mapped spectrum has no steps
        where the rank would change.
    method : {"pcr", "pls"}, default="pcr"
        Local regression: principal components (Wang 1991) or partial least squares (Bouveresse 1996).
    tolerance : float, default=1e-3
        Local components whose singular value is below this share of the window's largest are left out.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    window_ : int
    n_components_ : int
    estimator_, map_, transfer_rmse_, n_standards_, n_pairs_, source_, target_
        See :class:`MeanShift`.

    Raises
    ------
    NoStandardsError, TooFewStandardsError
        With fewer than two pairs.

    References
    ----------
    Wang, Y., Veltkamp, D. J., Kowalski, B. R. (1991). Multivariate instrument standardization. Analytical Chemistry
    63, 2750-2756. https://doi.org/10.1021/ac00023a016

    Bouveresse, E., Massart, D. L. (1996). Improvement of the piecewise direct standardisation procedure for the
    transfer of NIR spectra for multivariate calibration. Chemometrics and Intelligent Laboratory Systems 32, 201-213.
    https://doi.org/10.1016/0169-7439(95)00074-7

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import PDS
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = PDS(window=3, n_components=2, source="A", target="B").fit(data.X, data.y, **labels)
    >>> model.window_, model.n_components_
    (3, 2)
    """

    def __init__(
        self,
        estimator=None,
        *,
        window="cv",
        n_components="cv",
        method="pcr",
        tolerance=1e-3,
        source=None,
        target=None,
    ):
        super().__init__(estimator, source=source, target=target)
        self.window = window
        self.n_components = n_components
        self.method = method
        self.tolerance = tolerance

    def _candidates(self, n_pairs):
        if self.method not in ("pcr", "pls"):
            raise ValueError(f'method must be "pcr" or "pls", got {self.method!r}.')
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance must be in [0, 1), got {self.tolerance!r}.")
        windows = _options("window", self.window, WINDOWS, least=0)
        components = _options("n_components", self.n_components, COMPONENTS, least=1)
        if self.n_components == "cv":
            components = [k for k in components if k <= max(1, n_pairs - 2)]
        return [{"window": w, "n_components": k} for w in windows for k in components]

    def _fit_maps(self, source, target, settings):
        s_mean, t_mean = source.mean(axis=0), target.mean(axis=0)
        local = _local_pcr if self.method == "pcr" else _local_pls
        bands = {}
        for window in {setting["window"] for setting in settings}:
            ranks = sorted({s["n_components"] for s in settings if s["window"] == window})
            coefs = local(_windows(target - t_mean, window), source - s_mean, ranks, self.tolerance)
            bands.update({(window, rank): coef for rank, coef in zip(ranks, coefs)})
        maps = []
        for setting in settings:
            band = bands[setting["window"], setting["n_components"]]
            means = _windows(t_mean[None], setting["window"])[:, 0]
            maps.append(BandedMap(s_mean - (means * band).sum(axis=1), band))
        return maps


def _options(name, value, grid, least):
    if isinstance(value, str) and value == "cv":
        return list(grid)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f'{name} must be an integer >= {least} or "cv", got {value!r}.')
    return [int(value)]


def _windows(X, window):
    """Cut (n, n_channels) into (n_channels, n, 2 * window + 1), zero outside the spectrum."""
    padded = np.pad(X, ((0, 0), (window, window)))
    return np.ascontiguousarray(sliding_window_view(padded, 2 * window + 1, axis=1).transpose(1, 0, 2))


def _local_pcr(windows, source, ranks, tolerance):
    """Regress each source channel on principal components of its window; one (n_channels, width) array per rank."""
    covariance = windows.transpose(0, 2, 1) @ windows
    cross = (windows.transpose(0, 2, 1) @ source.T[:, :, None])[:, :, 0]
    energy, axes = np.linalg.eigh(covariance)
    energy, axes = energy[:, ::-1], axes[:, :, ::-1]
    # squared singular values: the tolerance applies to the singular values themselves
    usable = energy > np.maximum(tolerance**2, 1e-14) * energy[:, :1]
    inverse = np.divide(1.0, energy, out=np.zeros_like(energy), where=usable & (energy > 0))
    scores = (axes.transpose(0, 2, 1) @ cross[:, :, None])[:, :, 0] * inverse
    return [(axes[:, :, :rank] @ scores[:, :rank, None])[:, :, 0] for rank in ranks]


def _local_pls(windows, source, ranks, tolerance):
    """Regress each source channel on its window by PLS1; one (n_channels, width) array per rank."""
    n_channels, _, width = windows.shape
    X = windows.copy()
    cross = (X.transpose(0, 2, 1) @ source.T[:, :, None])[:, :, 0]
    coef = np.zeros((n_channels, width))
    loadings, rotations, found = [], [], []
    largest = np.sqrt((windows**2).sum(axis=(1, 2)))
    for _ in range(ranks[-1]):
        norm = np.sqrt((cross**2).sum(axis=1, keepdims=True))
        weight = np.divide(cross, norm, out=np.zeros_like(cross), where=norm > 0)
        rotation = weight.copy()
        for p, r in zip(loadings, rotations):
            rotation -= (p * weight).sum(axis=1, keepdims=True) * r
        score = (windows @ rotation[:, :, None])[:, :, 0]
        energy = (score**2).sum(axis=1, keepdims=True)
        usable = np.sqrt(energy[:, 0]) > np.maximum(tolerance, 1e-12) * largest
        inverse = np.divide(1.0, energy, out=np.zeros_like(energy), where=usable[:, None])
        loading = (score[:, None, :] @ windows)[:, 0] * inverse
        q = (rotation * cross).sum(axis=1, keepdims=True) * inverse
        cross = cross - loading * q * energy
        coef = coef + q * rotation
        loadings.append(loading)
        rotations.append(rotation)
        found.append(coef)
    return [found[rank - 1] for rank in ranks]
