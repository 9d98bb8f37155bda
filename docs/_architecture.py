"""Draw the network and tabulate its blocks, losses and speed, from the code and from the results of the benchmark.

``write(folder)`` is called at the start of a build of the documentation; ``python docs/_architecture.py FOLDER`` does
the same by hand.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path

import torch
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from skspectral.nn import SpectralFM, SpectralFMConfig
from skspectral.nn.losses import WEIGHTS

__all__ = ["write"]

PRESETS = ("tiny", "small", "base")
N_CHANNELS = 2048
BENCHMARK = Path(__file__).parent.parent / "benchmarks" / "speed" / "results" / "network.json"
MISSING = "*Not measured yet: run* ``python -m benchmarks.speed network`` *in a checkout, and build again.*\n"

TITLES = {
    "embedding": "WaveletEmbedding",
    "mamba": "MambaBackbone",
    "expert_norm": "LayerNorm",
    "experts": "MixtureOfExperts",
    "transformer": "TransformerEncoder",
    "patch_decoder": "Patch decoder",
    "bottleneck": "VIBHead",
    "transfer_head": "FNOTransferHead",
}


def describe(preset):
    """Run a model once and note what every block gives: dict of name to (parameters, shape of the result)."""
    model = SpectralFM(SpectralFMConfig.preset(preset)).eval()
    shapes = {}

    def note(name):
        def hook(module, inputs, output):
            while not isinstance(output, torch.Tensor):
                output = output[-1] if isinstance(output, list) else output[0]
            shapes[name] = "(" + ", ".join(["B", *map(str, output.shape[1:])]) + ")"

        return hook

    for name, block in model.named_children():
        block.register_forward_hook(note(name))
    with torch.inference_mode():
        output = model(torch.zeros(2, N_CHANNELS), torch.linspace(1100, 2498, N_CHANNELS))
        model.reconstruct(output)
        model.transfer(output.codes.z_chem, output.codes.z_inst, N_CHANNELS)
    counts = model.n_parameters()
    return {name: (counts[name], shapes.get(name, "")) for name in counts}


def detail(config):
    """One line about every block, with the numbers of a configuration."""
    scans = "both directions" if config.bidirectional else "one direction"
    return {
        "embedding": f"{config.wavelet}, {config.wavelet_level} levels, patches of {config.patch_size} channels",
        "mamba": f"{config.n_mamba_layers} selective SSM layers, state {config.d_state}, {scans}",
        "experts": f"{config.n_experts} {config.expert.upper()} experts, {config.top_k} per token",
        "transformer": f"{config.n_transformer_layers} layers, {config.n_heads} heads; LoRA on Q, K, V",
        "patch_decoder": "masked patches",
        "bottleneck": f"z_chem {config.d_chem}, z_inst {config.d_inst}",
        "transfer_head": f"{config.n_fno_layers} Fourier layers, {config.fno_modes} modes; any number of channels",
    }


def draw(path, preset="base"):
    """Write the drawing of one preset as SVG."""
    config, blocks = SpectralFMConfig.preset(preset), describe(preset)
    details = detail(config)
    figure = Figure(figsize=(9, 8.2))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 9), ylim=(0, 8.2))
    axes.axis("off")

    def box(name, x, y, width=4.4, colour="#dbe8f5"):
        axes.add_patch(
            FancyBboxPatch((x - width / 2, y - 0.38), width, 0.76, "round,pad=0.02", facecolor=colour, edgecolor="#456")
        )
        n_parameters, shape = blocks[name]
        axes.text(x, y + 0.19, TITLES[name], ha="center", va="center", weight="bold", fontsize=11)
        axes.text(x, y - 0.03, details[name], ha="center", va="center", fontsize=8)
        axes.text(
            x, y - 0.24, f"{n_parameters:,} parameters, {shape}", ha="center", va="center", fontsize=8, color="#333"
        )

    def arrow(start, end, label=""):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "#456"})
        if label:
            axes.text((start[0] + end[0]) / 2 + 0.08, (start[1] + end[1]) / 2, label, fontsize=8, va="center")

    axes.text(4.5, 7.95, f"spectra (B, {N_CHANNELS}), axis in nm or cm-1, domain", ha="center", fontsize=10)
    column = ["embedding", "mamba", "experts", "transformer"]
    heights = [7.15, 5.95, 4.75, 3.55]
    arrow((4.5, 7.85), (4.5, heights[0] + 0.42))
    for name, y in zip(column, heights, strict=True):
        box(name, 4.5, y)
    for upper, lower in pairwise(heights):
        arrow((4.5, upper - 0.42), (4.5, lower + 0.42), "tokens")
    box("patch_decoder", 2.1, 2.2, 3.6, "#e8f0dc")
    box("bottleneck", 6.7, 2.2, 3.6, "#f6e6d0")
    box("transfer_head", 6.7, 0.9, 4.3, "#e8f0dc")
    arrow((3.8, heights[-1] - 0.42), (2.4, 2.62), "patch tokens")
    arrow((5.2, heights[-1] - 0.42), (6.4, 2.62), "[CLS]")
    arrow((6.7, 1.78), (6.7, 1.32), "z_chem, z_inst")
    arrow((2.1, 1.78), (2.1, 1.1))
    axes.text(2.1, 0.9, "reconstructed spectrum", ha="center", fontsize=10)
    arrow((6.7, 0.48), (6.7, 0.22))
    axes.text(6.7, 0.06, "spectrum on another instrument", ha="center", fontsize=10)
    axes.text(0.1, 0.06, f"preset {preset}: {blocks['total'][0]:,} parameters", fontsize=9, color="#333")
    # A fixed salt and no date: the same code draws the same file.
    with rc_context({"svg.hashsalt": "skspectral", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def list_table(header, rows):
    """Format a table as reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [header, *rows]:
        lines += [f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(row)]
    return "\n".join([*lines, ""])


def block_table():
    """Parameters of every block in every preset, and the shape of what it gives in the last."""
    described = {preset: describe(preset) for preset in PRESETS}
    last = described[PRESETS[-1]]
    rows = [
        [f"``{name}``", TITLES.get(name, ""), *(f"{described[p][name][0]:,}" for p in PRESETS), last[name][1]]
        for name in last
    ]
    return list_table(["attribute", "block", *PRESETS, f"result ({PRESETS[-1]})"], rows)


def loss_table():
    """Weight of every loss."""
    return list_table(["term", "weight"], [[f"``{name}``", weight] for name, weight in WEIGHTS.items()])


def speed_table():
    """Times that the benchmark measured."""
    if not BENCHMARK.is_file():
        return MISSING
    content = json.loads(BENCHMARK.read_text("utf8"))
    ratios = [
        [
            row["name"].replace("_", " + "),
            _setting(row),
            row["peer"],
            f"{row['ours_ms']:.4g}",
            f"{row['peer_ms']:.4g}",
            f"{row['ratio_median']} ({row['ratio_min']} to {row['ratio_max']})",
        ]
        for row in content["ratios"]
    ]
    inference = [
        [
            row["model"],
            _setting(row),
            row["batch"],
            row["encode_spectra_per_s"]["median"],
            row["encode_and_transfer_spectra_per_s"]["median"],
            ", ".join(f"{name} {share:.0%}" for name, share in row["share_of_time"].items() if share >= 0.01),
        ]
        for row in content["inference"]
    ]
    growth = [
        [row["name"].replace("_", " + "), _setting(row), row["exponent"], ", ".join(map(str, row["ms"]))]
        for row in content["growth"]
    ]
    lengths = ", ".join(map(str, content["growth"][0]["sizes"]))
    memory = [[*name.split(" L="), value] for name, value in content["memory"].items()]
    return "\n".join(
        [
            "A ratio above one says that skspectral is faster; float32. The scan is that of one layer.",
            "",
            list_table(["what", "on", "peer", "ours, ms", "peer, ms", "ratio: median (range)"], ratios),
            list_table(["what", "on", "exponent of length", f"ms at {lengths} tokens"], growth),
            list_table(["scan", "tokens", "peak memory, MiB"], memory),
            list_table(["model", "on", "batch", "codes, spectra/s", "with transfer", "share of time"], inference),
        ]
    )


def _setting(row):
    if row["threads"] is None:
        return row["device"]
    return f"{row['device']}, {row['threads']} thread{'s' if row['threads'] > 1 else ''}"


def write(folder):
    """Write the drawing and the tables that the page on the network includes.

    Parameters
    ----------
    folder : path
        Takes ``architecture.svg``, ``network_blocks.rst``, ``network_losses.rst`` and ``network_speed.rst``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder / "architecture.svg")
    for name, text in (("blocks", block_table()), ("losses", loss_table()), ("speed", speed_table())):
        path = folder / f"network_{name}.rst"
        if not path.is_file() or path.read_text("utf8") != text:
            path.write_text(text, "utf8")


if __name__ == "__main__":
    write(sys.argv[1])
