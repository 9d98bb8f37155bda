"""Settings of the network, as one flat record that survives a round trip through JSON."""

from dataclasses import asdict, dataclass, fields
from typing import Self

__all__ = ["SpectralFMConfig"]


@dataclass(frozen=True)
class SpectralFMConfig:
    """Everything that decides the shape of a `SpectralFM`.

    Parameters
    ----------
    d_model : int
        Width of the tokens.
    patch_size : int
        Channels per token; a multiple of ``2 ** wavelet_level``.
    wavelet : str
        Name of the wavelet.
    wavelet_level : int
        Number of wavelet levels.
    wavelets : bool
        Whether tokens know wavelet coefficients; False leaves the convolution alone.
    d_stem : int
        Channels of the convolution at full resolution.
    wavenumber_encoding : bool
        Whether tokens know where on the axis they lie; False leaves their order to the state space layers.
    n_mamba_layers : int
        Selective state space layers.
    d_state : int
        State length of each of their channels.
    expand : int
        Their inner width over ``d_model``.
    bidirectional : bool
        Whether they scan from both ends.
    n_experts, top_k : int
        Experts, and how many of them a token uses.
    d_expert : int
        Hidden width of an expert.
    expert : {"gelu", "relu", "kan"}
        Activation of the experts.
    n_transformer_layers, n_heads, d_feed_forward : int
        Transformer layers, their attention heads and hidden width.
    d_chem, d_inst : int
        Lengths of chemistry and instrument code.
    stochastic : bool
        Whether the codes are drawn from their distribution in training; False always gives its mean.
    fno_width, fno_modes, n_fno_layers : int
        Signals, frequencies and layers of the Fourier head.

    Examples
    --------
    >>> from skspectral.nn import SpectralFMConfig
    >>> SpectralFMConfig.preset("base").d_chem
    128
    >>> SpectralFMConfig.preset("tiny", expert="kan").expert
    'kan'
    """

    d_model: int = 288
    patch_size: int = 16
    wavelet: str = "db4"
    wavelet_level: int = 4
    wavelets: bool = True
    d_stem: int = 16
    wavenumber_encoding: bool = True
    n_mamba_layers: int = 4
    d_state: int = 8
    expand: int = 2
    bidirectional: bool = True
    n_experts: int = 4
    top_k: int = 2
    d_expert: int = 1152
    expert: str = "gelu"
    n_transformer_layers: int = 2
    n_heads: int = 8
    d_feed_forward: int = 1152
    d_chem: int = 128
    d_inst: int = 64
    stochastic: bool = True
    fno_width: int = 56
    fno_modes: int = 64
    n_fno_layers: int = 4

    @classmethod
    def preset(cls, name: str, **changes) -> Self:
        """Give the settings of one of the ready-made sizes.

        Parameters
        ----------
        name : {"tiny", "small", "base"}
            About 0.04, 1.3 and 10 million parameters: for tests, for fine-tuning on a laptop, and the full network.
        **changes
            Settings that differ.

        Returns
        -------
        SpectralFMConfig
            The settings.

        Raises
        ------
        ValueError
            If there is no such preset or setting.
        """
        if name not in _PRESETS:
            raise ValueError(f"Unknown preset {name!r}: choose one of {', '.join(_PRESETS)}.")
        return cls.from_dict(_PRESETS[name] | changes)

    @classmethod
    def from_dict(cls, settings: dict) -> Self:
        """Build the settings from names and values, the inverse of `to_dict`.

        Raises
        ------
        ValueError
            If a name is unknown.
        """
        unknown = sorted(set(settings) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"Unknown settings of SpectralFM: {', '.join(unknown)}.")
        return cls(**settings)

    def to_dict(self) -> dict:
        """Give the settings as names and plain values."""
        return asdict(self)


_PRESETS = {
    "tiny": {
        "d_model": 24,
        "d_stem": 4,
        "n_mamba_layers": 2,
        "d_state": 4,
        "d_expert": 32,
        "n_transformer_layers": 1,
        "n_heads": 2,
        "d_feed_forward": 32,
        "d_chem": 16,
        "d_inst": 8,
        "fno_width": 8,
        "fno_modes": 16,
        "n_fno_layers": 2,
    },
    "small": {
        "d_model": 96,
        "d_expert": 384,
        "n_heads": 4,
        "d_feed_forward": 384,
        "fno_width": 24,
        "fno_modes": 48,
        "n_fno_layers": 3,
    },
    "base": {},
}
