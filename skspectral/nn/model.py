"""SpectralFM: the whole network, from raw spectra to codes, reconstructions and transferred spectra."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..exceptions import MissingWeightsError
from .config import SpectralFMConfig
from .embedding import N_SPECIAL, WaveletEmbedding
from .fno import FNOTransferHead
from .moe import MixtureOfExperts, Routing
from .ssm import MambaBackbone
from .transformer import TransformerEncoder
from .vib import Bottleneck, VIBHead

__all__ = ["SpectralFM", "SpectralFMOutput"]

WEIGHTS_FILE, CONFIG_FILE = "model.safetensors", "config.json"
FORMAT = "skspectral-spectralfm-1"


@dataclass
class SpectralFMOutput:
    """What the encoder makes of a batch.

    Attributes
    ----------
    stages : dict of str to Tensor of shape (B, 2 + n_patches, d_model)
        Tokens after every stage in order: "embedding", "mamba_1", ..., "experts", "transformer_1", ...; the first two
        tokens are [CLS] and [DOMAIN].
    mask : Tensor of shape (B, 2 + n_patches)
        True for real tokens.
    codes : Bottleneck
        Chemistry and instrument code.
    routing : Routing
        How the tokens were distributed among the experts.
    """

    stages: dict[str, Tensor]
    mask: Tensor
    codes: Bottleneck
    routing: Routing

    @property
    def tokens(self) -> Tensor:
        """Tokens (B, 2 + n_patches, d_model) of the last stage."""
        return next(reversed(self.stages.values()))

    @property
    def cls(self) -> Tensor:
        """Representation (B, d_model) of each spectrum."""
        return self.tokens[:, 0]

    def pooled(self) -> dict[str, Tensor]:
        """Average the patch tokens of every stage: dict of Tensor of shape (B, d_model)."""
        weight = self.mask[:, N_SPECIAL:, None].to(self.tokens.dtype)
        weight = weight / weight.sum(1, keepdim=True)
        return {name: (tokens[:, N_SPECIAL:] * weight).sum(1) for name, tokens in self.stages.items()}


class SpectralFM(nn.Module):
    """Foundation model for spectra of any instrument.

    Wavelet embedding, selective state space layers, a sparse mixture of experts, a transformer, a bottleneck that
    splits chemistry from instrument, and two decoders: one for masked patches, one that writes a whole spectrum as
    another instrument would measure it.

    Spectra go in as rows of one batch, whatever their length and range: shorter ones are padded at the end and
    ``lengths`` says how many channels are real. Padding, and what else is in the batch, changes nothing.

    Parameters
    ----------
    config : SpectralFMConfig, optional
        Settings; the preset "base" where None.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import SpectralFM, SpectralFMConfig
    >>> model = SpectralFM(SpectralFMConfig.preset("tiny")).eval()
    >>> output = model(torch.randn(2, 700), torch.linspace(1100, 2498, 700), unit="nm", domain="NIR")
    >>> output.codes.z_chem.shape, list(output.stages)
    (torch.Size([2, 16]), ['embedding', 'mamba_1', 'mamba_2', 'experts', 'transformer_1'])
    >>> model.transfer(output.codes.z_chem, output.codes.z_inst, n_channels=512).shape
    torch.Size([2, 512])
    """

    def __init__(self, config: SpectralFMConfig | None = None):
        super().__init__()
        self.config = config = config or SpectralFMConfig()
        d = config.d_model
        self.embedding = WaveletEmbedding(
            d,
            config.patch_size,
            config.wavelet,
            config.wavelet_level,
            config.d_stem,
            wavelets=config.wavelets,
            wavenumber_encoding=config.wavenumber_encoding,
        )
        self.mamba = MambaBackbone(
            d, config.n_mamba_layers, d_state=config.d_state, expand=config.expand, bidirectional=config.bidirectional
        )
        self.expert_norm = nn.LayerNorm(d)
        self.experts = MixtureOfExperts(d, config.n_experts, config.top_k, config.d_expert, config.expert)
        self.transformer = TransformerEncoder(d, config.n_transformer_layers, config.n_heads, config.d_feed_forward)
        self.patch_decoder = nn.Linear(d, config.patch_size)
        self.bottleneck = VIBHead(d, config.d_chem, config.d_inst, stochastic=config.stochastic)
        self.transfer_head = FNOTransferHead(
            config.d_chem, config.d_inst, config.fno_width, config.fno_modes, config.n_fno_layers
        )

    def forward(
        self,
        x: Tensor,
        axis: Tensor,
        unit: str | Sequence[str] = "nm",
        domain: str | Sequence[str] | Tensor | None = None,
        lengths: Tensor | None = None,
        patch_mask: Tensor | None = None,
    ) -> SpectralFMOutput:
        """Encode spectra.

        Parameters
        ----------
        x : Tensor of shape (B, L)
            Spectra, standardised one by one; shorter ones padded at the end with anything.
        axis : Tensor of shape (L,) or (B, L)
            Where the channels lie, increasing or decreasing; padded like ``x``.
        unit : {"nm", "cm-1", "index"} or sequence of them of length B
            Unit of the axis, or of each row.
        domain : str, sequence of str, Tensor of shape (B,) or None
            "NIR", "IR", "RAMAN" or "UNKNOWN", or their numbers.
        lengths : Tensor of shape (B,), optional
            Number of real channels of each spectrum; L where None.
        patch_mask : Tensor of shape (B, n_patches), optional
            True for patches to hide from the encoder.

        Returns
        -------
        SpectralFMOutput
            Tokens of every stage, codes, and the experts' load.
        """
        tokens, mask = self.embedding(x, axis, unit, domain, lengths, patch_mask)
        scanned = self.mamba(tokens, mask)
        last = (scanned or [tokens])[-1]
        mixed, routing = self.experts(self.expert_norm(last), mask)
        chosen = last + mixed
        attended = self.transformer(chosen, mask)
        stages = {"embedding": tokens}
        stages |= {f"mamba_{number}": stage for number, stage in enumerate(scanned, 1)}
        stages["experts"] = chosen
        stages |= {f"transformer_{number}": stage for number, stage in enumerate(attended, 1)}
        return SpectralFMOutput(stages, mask, self.bottleneck((attended or [chosen])[-1][:, 0]), routing)

    def reconstruct(self, output: SpectralFMOutput) -> Tensor:
        """Predict the channels of every patch from its token.

        Parameters
        ----------
        output : SpectralFMOutput
            Result of ``forward`` with a ``patch_mask``; without one the spectrum could simply be copied.

        Returns
        -------
        Tensor of shape (B, n_patches, patch_size)
            Predicted channels.
        """
        return self.patch_decoder(output.tokens[:, N_SPECIAL:])

    def transfer(self, z_chem: Tensor, z_inst: Tensor, n_channels: int = 2048) -> Tensor:
        """Write spectra as another instrument would measure them.

        Parameters
        ----------
        z_chem : Tensor of shape (B, d_chem)
            Chemistry of the samples.
        z_inst : Tensor of shape (B, d_inst)
            Code of the instrument to imitate.
        n_channels : int
            Channels of the result, evenly spaced over the instrument's range.

        Returns
        -------
        Tensor of shape (B, n_channels)
            Predicted spectra.
        """
        return self.transfer_head(z_chem, z_inst, n_channels)

    def normalisation_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Give name and value of the encoder's normalisation parameters, all that test-time training may change.

        Those of the bottleneck are left out: masked reconstruction does not pass through it.
        """
        for name, module in self.named_modules():
            if isinstance(module, nn.LayerNorm) and not name.startswith("bottleneck"):
                yield from module.named_parameters(prefix=name, recurse=False)

    def parameter_groups(self, weight_decay: float) -> list[dict]:
        """Split the trainable parameters for an optimiser.

        Parameters
        ----------
        weight_decay : float
            Decay of the matrices. Norms, biases, gains, decay rates of the state space and special tokens have none:
            for them zero is no neutral value.

        Returns
        -------
        list of dict
            Two parameter groups.
        """
        decayed, free = [], []
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                matrix = parameter.ndim > 1 and not name.endswith(("A_log", "domain.weight"))
                (decayed if matrix else free).append(parameter)
        return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]

    def n_parameters(self) -> dict[str, int]:
        """Count the parameters of every block, and in total."""
        counts = {name: sum(p.numel() for p in block.parameters()) for name, block in self.named_children()}
        return counts | {"total": sum(counts.values())}

    def save(self, folder: str | PathLike) -> None:
        """Write weights (safetensors) and settings (JSON, with a checksum of the weights) to a folder.

        LoRA adapters are not part of it; merged ones are, as weights.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self._own_state(), folder / WEIGHTS_FILE)
        record = {
            "format": FORMAT,
            "config": self.config.to_dict(),
            "sha256": _sha256(folder / WEIGHTS_FILE),
        }
        (folder / CONFIG_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | PathLike, *, device: torch.device | str = "cpu") -> Self:
        """Build a model from a folder that `save` wrote.

        Parameters
        ----------
        folder : path
            Where weights and settings lie.
        device : device
            Where the model goes.

        Returns
        -------
        SpectralFM
            The model in evaluation mode.

        Raises
        ------
        MissingWeightsError
            If a file is missing or damaged, or weights and settings do not belong together.
        """
        folder = Path(folder)
        record = _read_record(folder / CONFIG_FILE)
        weights = folder / WEIGHTS_FILE
        if not weights.is_file():
            raise MissingWeightsError(f"There are no weights at {weights}.")
        checksum = _sha256(weights)
        if checksum != record["sha256"]:
            raise MissingWeightsError(
                f"{weights} has SHA-256 {checksum}, {CONFIG_FILE} says {record['sha256']}: the file is damaged or "
                "belongs to another model. Fetch both files again."
            )
        try:
            model = cls(SpectralFMConfig.from_dict(record["config"]))
            model.load_state_dict(load_file(weights))
        except (RuntimeError, TypeError, ValueError) as error:
            raise MissingWeightsError(f"{weights} does not fit the settings in {CONFIG_FILE}: {error}") from error
        return model.to(device).eval()

    def _own_state(self):
        """Weights under the names that a model without adapters gives them."""
        suffix = ".parametrizations.weight.original"
        state = {}
        for name, value in self.state_dict().items():
            if name.endswith(suffix):
                state[name.removesuffix(suffix) + ".weight"] = value.contiguous()
            elif ".parametrizations." not in name:
                state[name] = value.contiguous()
        return state


def _read_record(path):
    """Read the settings of a saved model."""
    if not path.is_file():
        raise MissingWeightsError(f"There is no saved model at {path.parent}: {path.name} is missing.")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MissingWeightsError(f"{path} is no valid JSON: {error}") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT or not {"config", "sha256"} <= set(record):
        raise MissingWeightsError(f"{path} does not describe a model of format {FORMAT}.")
    return record


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
