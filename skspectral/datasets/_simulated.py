"""Simulated samples on simulated instruments, for use without any download."""

import string

import numpy as np
from scipy.special import voigt_profile
from sklearn.utils import Bunch

from .._core.axis import check_axis

__all__ = ["make_instruments"]

BANDS_PER_COMPONENT = 6
# standard deviation of the reference instrument's slit function, as a share of the axis' span (about 4 nm of 1400 nm)
RESOLUTION = 0.003
# how alike the samples are: a content with mean m has the standard deviation sqrt(m (1 - m) / (ALIKENESS + 1))
ALIKENESS = 150.0

DESCR = """Simulated instruments

Samples are mixtures of components whose absorption bands are Voigt profiles (Beer-Lambert law), with a path length and
a scatter baseline of their own. Instrument A is the reference; every other instrument sees the same samples with a
shifted and stretched wavelength scale, broader bands, another gain, offset and baseline, and stray light. All
instruments add detector noise. ``y`` is the content of the first components in % (w/w), without error.
``instrument_parameters`` holds what was simulated.
"""


def make_instruments(
    n_samples=80,
    n_instruments=2,
    *,
    n_channels=200,
    n_components=5,
    n_targets=1,
    noise=3e-4,
    difference=1.0,
    scatter=0.03,
    replicates=1,
    wavelengths=None,
    random_state=0,
):
    r"""Simulate spectra of the same samples on several instruments.

    The absorbance of sample :math:`i` on an instrument is

    .. math:: A_i(\lambda) = g \Bigl[p_i \sum_c x_{ic}\, \varepsilon_c(\lambda + d_0 + d_1 u; w) + a_i + b_i u\Bigr]
              + o_0 + o_1 u + o_2 u^2, \qquad A_i' = -\log_{10} \frac{10^{-A_i} + e}{1 + e},

    with :math:`u` the axis scaled to -1..1, contents :math:`x`, bands :math:`\varepsilon` at bandwidth :math:`w`, path
    :math:`p`, scatter :math:`a, b`, gain :math:`g`, shift :math:`d_0`, stretch :math:`d_1`, baseline :math:`o` and
    stray light :math:`e`; then detector noise is added. The first instrument, ``"A"``, has :math:`g = 1` and no shift,
    stretch, baseline or stray light.

    Parameters
    ----------
    n_samples : int, default=80
        Number of samples.
    n_instruments : int, default=2
        Number of instruments, named "A", "B", ...; at most 26.
    n_channels : int, default=200
        Number of channels from 1100 to 2498 nm; ignored where ``wavelengths`` is given.
    n_components : int, default=5
        Number of absorbing components; their contents sum to 100 %.
    n_targets : int, default=1
        Number of components whose content is in ``y``; at most ``n_components``.
    noise : float, default=3e-4
        Standard deviation of the detector noise in absorbance units; 0 is noise-free.
    difference : float, default=1.0
        How much instruments differ from the first one; 0 makes all instruments identical (but for their noise).
    scatter : float, default=0.03
        Relative standard deviation of the path length of the samples, and size of their scatter baselines; 0 makes the
        spectra of the reference instrument exactly linear in the contents.
    replicates : int, default=1
        Spectra of each sample on each instrument; they differ by noise only.
    wavelengths : array-like of shape (n_channels,), optional
        Axis in nm, in either direction.
    random_state : int, RandomState, numpy Generator or None, default=0
        Seed. The samples do not depend on the number of instruments, nor an instrument on those after it.

    Returns
    -------
    sklearn.utils.Bunch
        Long form, one row per spectrum, instrument by instrument:

        * ``X`` ndarray of shape (n_spectra, n_channels): absorbance
        * ``y`` ndarray of shape (n_spectra, n_targets): contents in % (w/w)
        * ``instrument`` ndarray of shape (n_spectra,) and ``sample_id`` ndarray of shape (n_spectra,)
        * ``wavelengths`` ndarray of shape (n_channels,): nm
        * ``target_names`` and ``instruments``: lists of str
        * ``instrument_parameters``: dict of instrument to dict of the simulated quantities
        * ``DESCR``

    Raises
    ------
    ValueError
        If a number is out of range.
    AxisMismatchError
        If ``wavelengths`` is not one finite, strictly monotonic row.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=10, n_instruments=3)
    >>> data.X.shape, data.y.shape, data.instruments
    ((30, 200), (30, 1), ['A', 'B', 'C'])
    """
    _check_counts(n_samples, n_instruments, n_channels, n_components, n_targets, replicates)
    for name, value in (("noise", noise), ("difference", difference), ("scatter", scatter)):
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be a finite number that is not negative, got {value!r}.")
    axis = np.linspace(1100.0, 2498.0, n_channels) if wavelengths is None else check_axis(wavelengths)
    # one stream per purpose, so that more samples, instruments or noise leave the rest as it was
    bands_rng, samples_rng, *instrument_rngs = _streams(random_state, 2 + n_instruments)
    bands = _draw_bands(bands_rng, n_components, axis)
    typical = bands_rng.dirichlet(np.full(n_components, 4.0))
    contents = samples_rng.dirichlet(ALIKENESS * typical, size=n_samples)
    path = np.exp(scatter * samples_rng.standard_normal((n_samples, 1)))
    tilt = scatter * samples_rng.standard_normal((n_samples, 2))

    names = list(string.ascii_uppercase[:n_instruments])
    parameters, blocks = {}, []
    for name, rng in zip(names, instrument_rngs):
        parameters[name] = _draw_instrument(rng, difference if name != "A" else 0.0, np.ptp(axis))
        spectra = _measure(contents, path, tilt, bands, parameters[name], axis)
        spectra = np.repeat(spectra, replicates, axis=0)
        blocks.append(spectra + noise * rng.standard_normal(spectra.shape))
    sample_id = np.repeat([f"S{i:0{len(str(n_samples - 1))}d}" for i in range(n_samples)], replicates)
    y = np.repeat(100.0 * contents[:, :n_targets], replicates, axis=0)
    return Bunch(
        X=np.vstack(blocks),
        y=np.tile(y, (n_instruments, 1)),
        instrument=np.repeat(names, n_samples * replicates),
        sample_id=np.tile(sample_id, n_instruments),
        wavelengths=axis,
        target_names=[f"component_{i + 1}" for i in range(n_targets)],
        instruments=names,
        instrument_parameters=parameters,
        DESCR=DESCR,
    )


def _check_counts(n_samples, n_instruments, n_channels, n_components, n_targets, replicates):
    limits = {
        "n_samples": (n_samples, 1, None),
        "n_instruments": (n_instruments, 1, 26),
        "n_channels": (n_channels, 2, None),
        "n_components": (n_components, 1, None),
        "n_targets": (n_targets, 1, n_components),
        "replicates": (replicates, 1, None),
    }
    for name, (value, low, high) in limits.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise ValueError(f"{name} must be an integer, got {value!r}.")
        if value < low or (high is not None and value > high):
            upper = "" if high is None else f" and at most {high}"
            raise ValueError(f"{name} must be at least {low}{upper}, got {value}.")


def _streams(random_state, n_streams):
    """Independent generators; None takes fresh entropy, so that NumPy's global state stays untouched."""
    if isinstance(random_state, np.random.Generator):
        random_state = int(random_state.integers(2**32))
    elif isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31 - 1))
    return [np.random.default_rng(seed) for seed in np.random.SeedSequence(random_state).spawn(n_streams)]


def _draw_bands(rng, n_components, axis):
    """Positions, Gaussian and Lorentzian widths (nm) and areas of the bands, each of shape (n_components, n_bands)."""
    size = (n_components, BANDS_PER_COMPONENT)
    span = np.ptp(axis)
    width = span * rng.uniform(0.012, 0.05, size)
    return Bunch(
        position=axis.min() + span * rng.uniform(0.03, 0.97, size),
        sigma=width * rng.uniform(0.4, 1.0, size),
        gamma=width * rng.uniform(0.05, 0.4, size),
        area=span * rng.uniform(0.02, 0.12, size),
    )


def _draw_instrument(rng, difference, span):
    """Draw one instrument: random signs, and sizes between half and one and a half of a typical difference."""

    def draw(typical):
        return float(difference * typical * rng.uniform(0.5, 1.5) * rng.choice([-1.0, 1.0]))

    return {
        "shift": draw(1.5e-3 * span),
        "stretch": draw(5e-4 * span),
        "broadening": abs(draw(2.0 * RESOLUTION * span)),
        "gain": float(np.exp(draw(0.08))),
        "baseline": (draw(0.08), draw(0.04), draw(0.03)),
        "stray_light": abs(draw(2e-3)),
    }


def _measure(contents, path, tilt, bands, instrument, axis):
    """Noise-free absorbance, shape (n_samples, n_channels)."""
    middle, half = (axis.max() + axis.min()) / 2, np.ptp(axis) / 2
    u = (axis - middle) / half
    seen = axis + instrument["shift"] + instrument["stretch"] * u
    # a Gaussian slit function adds its variance to that of a Voigt band, which is exact at the ends of the axis too
    slit = np.hypot(RESOLUTION * 2 * half, instrument["broadening"])
    sigma = np.hypot(bands.sigma, slit)[..., None]
    profiles = voigt_profile(seen - bands.position[..., None], sigma, bands.gamma[..., None])
    pure = np.einsum("cb,cbj->cj", bands.area, profiles)
    absorbance = path * (contents @ pure) + tilt[:, :1] + 0.5 * tilt[:, 1:] * u
    o0, o1, o2 = instrument["baseline"]
    absorbance = instrument["gain"] * absorbance + o0 + o1 * u + o2 * u**2
    stray = instrument["stray_light"]
    return -np.log10((10.0**-absorbance + stray) / (1.0 + stray))
