"""How much instruments differ and how noisy they are: the numbers that simulated instruments are drawn from."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

__all__ = ["InstrumentPriors"]

SHIPPED = Path(__file__).with_name("instrument_priors.json")


@dataclass(frozen=True)
class InstrumentPriors:
    """Typical sizes of everything in which one instrument differs from another.

    The defaults are moderate values for near-infrared spectrometers, set by hand; `fitted` gives those that reproduce
    what pairs of real instruments show. Unless said otherwise a number is the standard deviation of a normal
    distribution with mean zero.

    Parameters
    ----------
    shift : float
        Shift of the wavelength axis, nm.
    stretch : float
        Its further change per 1000 nm from 1500 nm, nm.
    width : float
        Additional line-shape width, nm: scale of a half-normal distribution of Gaussian standard deviations.
    gain : float
        Logarithm of the photometric gain.
    gain_shape : float
        Size of a smooth dependence of the gain on wavelength.
    nonlinearity : float
        Coefficient of the squared absorbance, per absorbance unit.
    stray_light : float
        Share of light that passes the sample by: scale of a half-normal distribution.
    offset : float
        Constant offset, absorbance.
    baseline : float
        Size of a smooth baseline, absorbance.
    coupling : float
        Size of a smooth operator of low rank that lets one wavelength respond to the spectrum at others, as different
        illumination and depth do. Relative to the spectrum.
    scatter : float
        Logarithm of the multiplicative scatter of each measurement.
    drift : float
        Offset of each measurement, and its slope per 500 nm, absorbance.
    packing : float
        Size of smooth factors of each measurement, absorbance; each of four has half the size of the one before.
    temperature : float
        Shift of the bands in each measurement, nm.
    tail : float
        Standard deviation of the logarithm by which these four vary from measurement to measurement: most samples are
        presented well, and some badly.
    noise : float
        Detector noise where nothing is absorbed, absorbance.
    noise_growth : float
        Growth of its decimal logarithm per absorbance unit; 1 where noise is constant in transmitted light.
    noise_profile : float
        Variation of its logarithm along the axis.
    noise_colour : float
        Share of its standard deviation that is smooth along the axis, from 0 to 1.
    noise_length : float
        Length over which that share is smooth, nm.
    sampling : float
        Distance of the instrument's own channels, nm: scale of a half-normal distribution. Where it exceeds that of
        the requested axis, spectra are interpolated.
    crop : float
        Mean share of the axis that the instrument does not cover at either end.
    spread : float
        Standard deviation of the logarithm by which each size above varies from instrument to instrument.
    grade : float
        The same for what all sizes of an instrument have in common, except its sampling and range: good instruments
        are good in every respect.
    smoothness : float
        Power of the length with which the waves of smooth curves grow; 0 gives rough curves.
    packing_smoothness : float
        The same for the factors of packing.

    Raises
    ------
    ValueError
        If a number is negative or a share larger than 1.

    Examples
    --------
    >>> from skspectral.pretraining import InstrumentPriors
    >>> InstrumentPriors(shift=1.0).shift
    1.0
    >>> InstrumentPriors.from_dict(InstrumentPriors(noise=0.0).to_dict()).noise
    0.0
    """

    shift: float = 0.5
    stretch: float = 0.5
    width: float = 4.0
    gain: float = 0.1
    gain_shape: float = 0.03
    nonlinearity: float = 0.03
    stray_light: float = 2e-3
    offset: float = 0.1
    baseline: float = 0.03
    coupling: float = 0.05
    scatter: float = 0.05
    drift: float = 0.01
    packing: float = 0.005
    temperature: float = 0.1
    tail: float = 0.5
    noise: float = 3e-4
    noise_growth: float = 0.5
    noise_profile: float = 0.3
    noise_colour: float = 0.5
    noise_length: float = 10.0
    sampling: float = 3.0
    crop: float = 0.05
    spread: float = 0.5
    grade: float = 0.3
    smoothness: float = 1.0
    packing_smoothness: float = 1.0

    def __post_init__(self):
        for name, value in asdict(self).items():
            if not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise ValueError(f"{name} must be a finite number that is not negative, got {value!r}.")
        for name in ("noise_colour", "crop"):
            if getattr(self, name) > 1:
                raise ValueError(f"{name} is a share and must not exceed 1, got {getattr(self, name)!r}.")

    @classmethod
    def fitted(cls) -> Self:
        """Give the priors that come with the package, fitted to pairs of real instruments.

        Returns
        -------
        InstrumentPriors
            Priors; the file beside this module says how they were made.
        """
        return cls.from_json(SHIPPED)

    @classmethod
    def from_json(cls, path) -> Self:
        """Read priors from a file.

        Parameters
        ----------
        path : path-like
            File that `to_json` wrote.

        Returns
        -------
        InstrumentPriors
            The priors.

        Raises
        ------
        ValueError
            If a name is unknown or a number impossible.
        """
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8"))["priors"])

    @classmethod
    def from_dict(cls, values: dict) -> Self:
        """Build priors from names and values; what is missing keeps its default.

        Raises
        ------
        ValueError
            If a name is unknown.
        """
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"Unknown priors: {', '.join(unknown)}.")
        return cls(**values)

    def to_dict(self) -> dict:
        """Give the priors as names and values."""
        return asdict(self)

    def to_json(self, path, **made) -> None:
        """Write the priors to a file.

        Parameters
        ----------
        path : path-like
            Where to.
        **made
            How they were made: anything that JSON can hold.
        """
        content = {"made": made, "priors": self.to_dict()}
        Path(path).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
