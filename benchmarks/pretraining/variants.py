"""The network and its training, each with one thing removed."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields

from skspectral.nn.losses import WEIGHTS
from skspectral.pretraining import InstrumentPriors, PretrainingConfig

__all__ = ["FULL", "UNTRAINED", "VARIANTS", "Variant", "settings"]

FULL, UNTRAINED = "full", "untrained"


@dataclass(frozen=True)
class Variant:
    """What differs from the full training.

    Attributes
    ----------
    title : str
        What is removed, as tables have it.
    losses : dict of str to float
        Weights of losses.
    model : callable
        Gives settings of the network from those of the full one.
    priors : InstrumentPriors or None
        What simulated instruments are like; those fitted to real pairs where None.
    """

    title: str
    losses: dict = field(default_factory=dict)
    model: Callable = lambda config: {}
    priors: InstrumentPriors | None = None


def _textbook():
    """Instruments that differ in gain, offset and a smooth baseline, with white noise, and in nothing else."""
    nothing = dict.fromkeys((item.name for item in fields(InstrumentPriors)), 0.0)
    return InstrumentPriors(**nothing | {"gain": 0.05, "offset": 0.05, "baseline": 0.02, "noise": 1e-3})


def _one_expert(config):
    """As many hidden units as a token otherwise meets in the experts chosen for it."""
    return {"n_experts": 1, "top_k": 1, "d_expert": config.top_k * config.d_expert}


_LOSS_TITLES = {
    "msrp": "masked reconstruction",
    "contrastive": "contrastive loss",
    "denoise": "denoising",
    "ot": "optimal transport",
    "physics": "physics loss",
    "vib": "information (KL) loss",
    "moe": "expert balance",
    "instrument": "instrument classifiers",
    "cross_covariance": "cross-covariance",
}
VARIANTS = {
    FULL: Variant("nothing"),
    UNTRAINED: Variant("all training"),
    "no_episodic": Variant("transfer episodes", {"episodic": 0.0}),
    "episodic_only": Variant("all losses but the episodes", dict.fromkeys(WEIGHTS, 0.0)),
    **{f"no_{name}": Variant(title, {name: 0.0}) for name, title in _LOSS_TITLES.items()},
    "no_wavelets": Variant("wavelets", model=lambda config: {"wavelets": False}),
    "no_experts": Variant("mixture of experts (one dense instead)", {"moe": 0.0}, _one_expert),
    "no_mamba": Variant("state space layers", model=lambda config: {"n_mamba_layers": 0}),
    "no_transformer": Variant("transformer", model=lambda config: {"n_transformer_layers": 0}),
    "no_bottleneck": Variant(
        "bottleneck (codes without noise and KL loss)", {"vib": 0.0}, lambda c: {"stochastic": False}
    ),
    "no_wavenumbers": Variant("wavenumber encoding", model=lambda config: {"wavenumber_encoding": False}),
    "priors_by_hand": Variant("fit of the simulator to real pairs", priors=InstrumentPriors()),
    "priors_textbook": Variant("all of the simulator but gain, offset, baseline and noise", priors=_textbook()),
}


def settings(name, preset, steps, seed):
    """Give the settings of a run.

    Parameters
    ----------
    name : str
        Name of the variant.
    preset : str
        Packaged settings of pretraining, or a file.
    steps : int
        Length of the run.
    seed : int
        Seed of the run.

    Returns
    -------
    config : PretrainingConfig
        The settings: all variants leave out the same data sets.
    priors : InstrumentPriors
        What simulated instruments are like.
    """
    variant, full = VARIANTS[name], PretrainingConfig.load(preset)
    left_out = PretrainingConfig.load("small")
    changes = {
        "leave_out": left_out.leave_out,
        "validation_pairs": left_out.validation_pairs,
        "model": full.model | variant.model(full.network()),
        "losses": full.losses | variant.losses,
        # The weights of a phase would replace those of the variant.
        "curriculum": [phase | {"losses": phase.get("losses", {}) | variant.losses} for phase in full.curriculum],
        "warmup": min(full.warmup, max(steps // 10, 1)),
        "steps": steps,
        # Validation decides nothing here: what is judged is the network after the last step.
        "validate_every": steps,
        "checkpoint_every": max(steps // 5, 1),
        "patience": 0,
        "seed": seed,
    }
    return PretrainingConfig.from_dict(full.to_dict() | changes), variant.priors or InstrumentPriors.fitted()
