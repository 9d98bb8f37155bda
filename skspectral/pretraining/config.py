"""Settings of a pretraining run: one record, read from TOML, that decides every number of the run but its duration."""

import tomllib
from dataclasses import asdict, dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Self

from ..nn.config import SpectralFMConfig
from ..nn.losses import WEIGHTS
from .instruments.augmentation import Augmentation

__all__ = ["PretrainingConfig"]

CONFIG_FOLDER = Path(__file__).parent / "configs"
#: Losses by name; "episodic" is the transfer loss, the others are those of `skspectral.nn.PretrainingObjective`.
LOSSES = (*WEIGHTS, "episodic")
#: Kinds of transfer episodes that can be asked for more often, see `skspectral.pretraining.head.kinds`.
EPISODE_KINDS = (
    "few standards",
    "like",
    "laboratory",
    "clean target",
    "skewed",
    "native axes",
    "other samples",
    "other population",
    "mid infrared",
    "Raman",
)


@dataclass(frozen=True)
class PretrainingConfig:
    """Everything that a run depends on; equal settings and steps give equal weights.

    A step averages the gradients of ``slots`` micro-batches. Each slot draws its spectra and its random numbers from
    ``seed``, the step and its own number, so that it does not matter which process computes it, nor whether the run was
    interrupted.

    Parameters
    ----------
    preset : str
        Size of the network, see `skspectral.nn.SpectralFMConfig.preset`.
    model : dict
        Settings of the network that differ from the preset.
    init : str
        Weights to start from, as `skspectral.pretraining.weights.load_pretrained` takes them: network and head begin
        there, optimiser and learning rate anew. Random where empty.
    domains : list of str
        Kinds of spectra to learn from; all where empty.
    leave_out : list of str
        Data sets that the run must not see.
    validation : float
        Share of the samples of each data set that is held out.
    n_channels : list of int
        Numbers of channels to which spectra are resampled; each slot draws one.
    batch_size : int
        Spectra of a slot for the losses of reconstruction and invariance; each is seen clean and in two views.
    n_materials : int
        Data sets that they come from.
    n_instruments : int
        Simulated instruments of the views.
    mask_share : float
        Share of the patches to hide.
    augmentation : dict
        Strengths of `skspectral.pretraining.Augmentation` that differ from its own, for the views.
    episodes : int
        Transfer episodes of a slot.
    n_source, n_test, n_standards : (int, int)
        Smallest and largest numbers of rows in an episode.
    real_labels : float
        Share of the episodes that predict measured references, where the data set has them.
    own_axis : float
        Share of the episodes whose target instrument has a range and sampling of its own.
    episode_kinds : dict of str to float
        Shares of the episodes that are of a kind where closed forms are weak, see
        `skspectral.pretraining.head.kinds`; each kind is drawn for itself.
    network_share : (float, float)
        Share of the head's answer in the mixture with a closed form that the transfer loss judges, without standards
        and with at least three. Where both are one, the head is judged alone.
    quiet_episodes : bool
        Choose the experts of an episode's spectra without noise, as they are chosen in use. With noise, rows of one
        calibration see different experts.
    n_regions : int
        Regions of the axis that the features of an episode describe.
    n_heads : int
        Ridge regressions of the transfer head.
    slots : int
        Micro-batches of a step, over all processes together.
    losses : dict of str to float
        Weights of the losses that differ from the default ones; "episodic" is 1.
    curriculum : list of dict
        Phases ``{"until": share of the steps, "losses": {name: weight}}`` in order; the last one lasts to the end.
    learning_rate, weight_decay, clip : float
        Largest learning rate of AdamW, its weight decay, and the norm to which gradients are clipped.
    warmup : int
        Steps over which the learning rate rises; it falls by a cosine to a hundredth after that.
    mixed_precision : bool
        On a GPU, compute the losses of the network in bfloat16, but for the scan, optimal transport and whatever
        inverts a matrix, and the products of the episodes' pass in TensorFloat-32.
    compile : bool
        On a processor, run the state space models in C, which a compiler of the machine translates when the run starts:
        the same mathematics, faster. Weights do not depend on it but by rounding.
    ema : float
        Share of the averaged weights that stays at every step.
    steps : int
        Length of the run.
    checkpoint_every, validate_every : int
        Steps between checkpoints and between validations.
    patience : int
        Validations without improvement after which the run stops; zero never stops it.
    validation_pairs : list of str
        Real instrument pairs that decide when to stop and which weights to keep; all where empty. The others are
        reported.
    seed : int
        Seed of everything.

    Examples
    --------
    >>> from skspectral.pretraining.config import PretrainingConfig
    >>> config = PretrainingConfig.load("tiny")
    >>> config.preset, config.weights(0.0)["episodic"] > 0
    ('tiny', True)
    """

    preset: str = "small"
    model: dict = field(default_factory=dict)
    init: str = ""
    domains: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    validation: float = 0.1
    n_channels: tuple[int, ...] = (128, 192, 256)
    batch_size: int = 48
    n_materials: int = 6
    n_instruments: int = 64
    mask_share: float = 0.3
    augmentation: dict = field(default_factory=dict)
    episodes: int = 4
    n_source: tuple[int, int] = (40, 100)
    n_test: tuple[int, int] = (20, 40)
    n_standards: tuple[int, int] = (0, 30)
    real_labels: float = 0.35
    own_axis: float = 0.25
    episode_kinds: dict = field(default_factory=dict)
    network_share: tuple[float, float] = (1.0, 1.0)
    quiet_episodes: bool = False
    n_regions: int = 8
    n_heads: int = 6
    slots: int = 1
    losses: dict = field(default_factory=dict)
    curriculum: tuple[dict, ...] = ()
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    clip: float = 1.0
    warmup: int = 200
    mixed_precision: bool = True
    compile: bool = False
    ema: float = 0.999
    steps: int = 10_000
    checkpoint_every: int = 200
    validate_every: int = 200
    patience: int = 0
    validation_pairs: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self):
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, list):
                object.__setattr__(self, item.name, tuple(value))
        self.network()
        self.alter()
        for name in (
            "batch_size",
            "n_regions",
            "n_heads",
            "n_materials",
            "slots",
            "steps",
            "checkpoint_every",
            "validate_every",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if not self.n_channels or min(self.n_channels) < 32:
            raise ValueError(f"n_channels must be numbers of at least 32, got {list(self.n_channels)}.")
        for name in ("n_source", "n_test", "n_standards"):
            low, high = getattr(self, name)
            if not 0 <= low <= high or (name != "n_standards" and low < 5):
                raise ValueError(f"{name} must be a smallest and a largest number of rows, got {[low, high]}.")
        if self.n_standards[1] > self.n_source[0]:
            raise ValueError(
                f"n_standards goes up to {self.n_standards[1]}, n_source starts at {self.n_source[0]}: standards are "
                "source samples, so there cannot be more of them."
            )
        if unknown := sorted(set(self.episode_kinds) - set(EPISODE_KINDS)):
            raise ValueError(
                f"Unknown kinds of episodes {', '.join(unknown)}: choose among {', '.join(EPISODE_KINDS)}."
            )
        if any(not 0 <= share <= 1 for share in self.episode_kinds.values()):
            raise ValueError(f"episode_kinds are shares from 0 to 1, got {self.episode_kinds}.")
        if len(self.network_share) != 2 or any(not 0 < share <= 1 for share in self.network_share):
            raise ValueError(f"network_share must be two shares above 0, up to 1, got {list(self.network_share)}.")
        ends = [phase.get("until", 1.0) for phase in self.curriculum]
        if ends != sorted(ends):
            raise ValueError(f"The phases of the curriculum must end one after the other, got {ends}.")
        named = {name for losses in (self.losses, *(p.get("losses", {}) for p in self.curriculum)) for name in losses}
        if unknown := sorted(named - set(LOSSES)):
            raise ValueError(f"Unknown losses {', '.join(unknown)}: choose among {', '.join(LOSSES)}.")

    def network(self) -> SpectralFMConfig:
        """Give the settings of the network."""
        return SpectralFMConfig.preset(self.preset, **self.model)

    def alter(self) -> Augmentation:
        """Give the augmentation of the views."""
        try:
            return Augmentation(**self.augmentation)
        except TypeError as error:
            raise ValueError(f"Unknown strength of the augmentation: {error}") from error

    def phase(self, progress: float) -> int:
        """Give the number of the curriculum's phase at a share ``progress`` of the run; 0 where there is none."""
        ends = [phase.get("until", 1.0) for phase in self.curriculum[:-1]]
        return sum(progress >= end for end in ends)

    def weights(self, progress: float) -> dict[str, float]:
        """Give the weight of every loss at a share ``progress`` of the run."""
        phase = self.curriculum[self.phase(progress)].get("losses", {}) if self.curriculum else {}
        return WEIGHTS | {"episodic": 1.0} | self.losses | phase

    @classmethod
    def load(cls, source: str | PathLike, **changes) -> Self:
        """Read the settings from a TOML file or by the name of a packaged one.

        Parameters
        ----------
        source : str or path
            "tiny", "small", "small-2", "base", or a file.
        **changes
            Settings that differ.

        Returns
        -------
        PretrainingConfig
            The settings.

        Raises
        ------
        ValueError
            If the file is no TOML, or names an unknown setting.
        FileNotFoundError
            If there is no such file and no packaged one of this name.
        """
        path = Path(source)
        packaged = CONFIG_FOLDER / f"{source}.toml"
        if not path.is_file() and packaged.is_file():
            path = packaged
        if not path.is_file():
            names = ", ".join(sorted(file.stem for file in CONFIG_FOLDER.glob("*.toml")))
            raise FileNotFoundError(f"There is no file {source}, and no packaged settings of this name: {names}.")
        try:
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path} is no valid TOML: {error}") from error
        return cls.from_dict(settings | changes)

    @classmethod
    def from_dict(cls, settings: dict) -> Self:
        """Build the settings from names and values, the inverse of `to_dict`.

        Raises
        ------
        ValueError
            If a name is unknown.
        """
        if unknown := sorted(set(settings) - {item.name for item in fields(cls)}):
            raise ValueError(f"Unknown settings of pretraining: {', '.join(unknown)}.")
        return cls(**settings)

    def to_dict(self) -> dict:
        """Give the settings as names and plain values that JSON can hold."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
