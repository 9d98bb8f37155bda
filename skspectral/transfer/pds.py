"""Piecewise direct standardisation: each source channel from a window of target channels."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .._core.affine import BandedMap, IntegratedMap
from ._mapping import MappingRegressor

__all__ = ["PDS"]

WINDOWS = (2, 5)
COMPONENTS = (1, 2, 3)
# with fewer pairs twice as many candidates cost more than the better ones among them gain
LEAST_PAIRS_FOR_DERIVATIVES = 8


class PDS(MappingRegressor):
    """Piecewise direct standardisation with additive background correction.

    Channel ``j`` of the source is regressed on channels ``j - window`` to ``j + window`` of the target over the pairs,
    all mean-centred. Windows are cut off at the ends of the spectrum, where they hold fewer channels. Two more maps are
    among the candidates of a blind choice: the shift by the mean difference of the pairs, which is a window of one
    channel with slope one, and the same regressions between the steps from channel to channel, the derivatives, whose
    corrections are then summed up along the spectrum.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components.
    window : int or "cv", default="cv"
        Half-width of the window in channels; ``window=3`` uses seven channels.
    n_components : int or "cv", default="cv"
        Number of components of the local models, the same in every window, so that the mapped spectrum has no steps
        where the rank would change. ``"cv"`` chooses among 1 to 3 and the shift alone.
    derivative : bool or "auto", default="auto"
        Whether derivatives are related instead of spectra. ``"auto"``: chosen together with the settings that are
        ``"cv"``, from eight pairs on.
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
        0 where the shift was chosen; the window then says nothing.
    derivative_ : bool
    estimator_, map_, transfer_rmse_, n_standards_, n_pairs_, source_, target_
        See :class:`MeanShift`.

    Raises
    ------
    NoStandardsError, TooFewStandardsError
        With fewer than two pairs.

    Warns
    -----
    PoorTransferWarning
        If held-out pairs are predicted more than 0.6 standard deviations of a property apart.

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
        derivative="auto",
        method="pcr",
        tolerance=1e-3,
        source=None,
        target=None,
    ):
        super().__init__(estimator, source=source, target=target)
        self.window = window
        self.n_components = n_components
        self.derivative = derivative
        self.method = method
        self.tolerance = tolerance

    def _candidates(self, n_pairs):
        if self.method not in ("pcr", "pls"):
            raise ValueError(f'method must be "pcr" or "pls", got {self.method!r}.')
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance must be in [0, 1), got {self.tolerance!r}.")
        windows = _options("window", self.window, WINDOWS, least=0)
        components = _options("n_components", self.n_components, COMPONENTS, least=1)
        shift = []
        if self.n_components == "cv":
            components = [k for k in components if k <= max(1, n_pairs - 2)]
            shift = [{"window": windows[0], "n_components": 0, "derivative": False}]
        return shift + [
            {"window": w, "n_components": k, "derivative": derivative}
            for derivative in self._derivatives(n_pairs)
            for w in windows
            for k in components
        ]

    def _derivatives(self, n_pairs):
        """List whether spectra, derivatives or both are candidates."""
        if self.derivative is True and self.n_features_in_ < 2:
            raise ValueError("derivative=True relates steps between channels, and X has one channel only.")
        if self.derivative is True or self.derivative is False:
            return [self.derivative]
        if self.derivative != "auto":
            raise ValueError(f'derivative must be True, False or "auto", got {self.derivative!r}.')
        chosen = "cv" in (self.window, self.n_components) and n_pairs >= LEAST_PAIRS_FOR_DERIVATIVES
        chosen = chosen and self.n_features_in_ > 1
        return [False, True] if chosen else [False]

    def _fit_maps(self, source, target, settings):
        s_mean, t_mean = source.mean(axis=0), target.mean(axis=0)
        centred = {False: (source - s_mean, target - t_mean)}
        centred[True] = tuple(np.diff(spectra, axis=1) for spectra in centred[False])
        local = _local_pcr if self.method == "pcr" else _local_pls
        bands = {}
        for derivative, window in dict.fromkeys((setting["derivative"], setting["window"]) for setting in settings):
            same = [s for s in settings if (s["derivative"], s["window"]) == (derivative, window)]
            ranks = sorted({s["n_components"] for s in same} - {0})
            left, right = centred[derivative]
            found = local(_windows(right, window), left, ranks, self.tolerance) if ranks else []
            bands.update({(derivative, window, rank): band for rank, band in zip(ranks, found)})
            bands[derivative, window, 0] = np.ones((left.shape[1], 1))
        return [
            _centred_map(bands[s["derivative"], s["window"], s["n_components"]], s["derivative"], s_mean, t_mean)
            for s in settings
        ]


def _centred_map(band, derivative, s_mean, t_mean):
    """Map that takes the mean of the targets to the mean of the sources."""
    zero = np.zeros(len(band))
    linear = IntegratedMap(np.zeros(len(s_mean)), BandedMap(zero, band)) if derivative else BandedMap(zero, band)
    offset = s_mean - linear(t_mean[None])[0]
    return IntegratedMap(offset, linear.steps) if derivative else BandedMap(offset, band)


def _options(name, value, grid, least):
    if isinstance(value, str) and value == "cv":
        return list(grid)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f'{name} must be an integer >= {least} or "cv", got {value!r}.')
    return [int(value)]


def _windows(X, window):
    """Cut (n, n_channels) into (n_channels, n, 2 * window + 1), zero outside the spectrum."""
    # a wider window sees no more than the whole spectrum, and costs the third power of its width
    window = min(window, X.shape[1] - 1)
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
