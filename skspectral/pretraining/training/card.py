"""Model card: what a run was made of and what came out, from the files that it wrote."""

import csv
import json
from collections import Counter
from pathlib import Path

from ..config import LOSSES, PretrainingConfig
from .record import write_text

__all__ = ["CARD_FILE", "CURVE_FILE", "model_card", "write_card", "write_curve"]

CARD_FILE, CURVE_FILE = "card.md", "curve.csv"
# Columns of the validation's table that are no losses.
OF_THE_RUN = ("step", "seconds", "best")
LIMITS = """\
- The instruments of the training are simulated. What the network learned about them holds as far as the simulator
  does; the real pairs above are few, and all in the near infrared.
- Transfer losses are `log(0.02 + MSE / variance of the references)`: 0 is no better than the mean, -3.9 is exact.
- Where a pair has no measured references, what is predicted are leading principal components of what its instruments
  see beyond the range that both share, or of the shared range where there is no more: easier than most chemistry.
- Spectra must be absorbance and come with their axis; the network standardises them itself.
- No claim is made here that the network beats closed-form transfer with the same standards: compare on your data."""


def model_card(run) -> str:
    """Write the model card of a run.

    Parameters
    ----------
    run : path
        Folder that `skspectral.pretraining.training.engine.pretrain` wrote.

    Returns
    -------
    str
        The card, Markdown.

    Raises
    ------
    FileNotFoundError
        If the folder holds no run.
    """
    run = Path(run)
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    log, scores = _table(run / "log.csv"), _table(run / "validation.csv")
    config = record["settings"]["config"]
    kept = [row for row in scores if row["best"] == "1"]
    memory = "" if record["peak_memory"] is None else f", peak memory {record['peak_memory'] / 2**30:.1f} GiB"
    spectra = sum(float(row["spectra"]) for row in log)
    start = f" The run started from the weights `{config['init']}`." if config.get("init") else ""
    lines = [
        f"# SpectralFM, preset {config['preset']}",
        "",
        f"{record['parameters']:,} parameters, pretrained by skspectral {record['version']} for {record['steps']} "
        f"steps ({record['seconds'] / 60:.0f} minutes, {spectra:,.0f} spectra read, seed {config['seed']}) on "
        f"{record['device']} with {record['processes']} process(es){memory}; torch {record['torch']}, NumPy "
        f"{record['numpy']}.{start}",
        "",
        "## Losses",
        "",
        "Means over the first and the last tenth of the steps, without their weights.",
        "",
        "| loss | weight at the end | first | last |",
        "|---|---|---|---|",
        *_loss_rows(config, log),
        "",
        "## Validation",
        "",
        *_validation(record, scores, kept),
        "",
        "## Data",
        "",
        _counts(record["data"]),
        "",
        "| data set | kind | spectra | for training | material | source | licence |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {d['name']} | {d['domain']} | {d['spectra']} | {d['training']} | {_cell(d['materials'])} | "
            f"{_cell(d['source'])} | {_cell(d['licence'])} |"
            for d in record["data"]
        ),
        "",
        "## Settings",
        "",
        "```json",
        json.dumps({name: record["settings"][name] for name in ("config", "priors")}, indent=1),
        "```",
        "",
        "## Limits",
        "",
        LIMITS,
    ]
    return "\n".join(lines) + "\n"


def write_card(run):
    """Write the model card of a run beside its weights."""
    write_text(Path(run) / "weights" / CARD_FILE, model_card(run))


def write_curve(run):
    """Write the validation scores of a run, by steps and hours of training, beside its weights."""
    rows = [
        {"step": row["step"], "hours": f"{float(row['seconds']) / 3600:.4f}"}
        | {name: value for name, value in row.items() if name not in OF_THE_RUN}
        for row in _table(Path(run) / "validation.csv")
    ]
    lines = [",".join(row.values()) for row in rows]
    write_text(Path(run) / "weights" / CURVE_FILE, "\n".join([",".join(rows[0]), *lines]) + "\n")


def _table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _loss_rows(config, log):
    weights = PretrainingConfig.from_dict(config).weights(1.0)
    tenth = max(1, len(log) // 10)
    for name in LOSSES:
        first, final = (sum(float(row[name]) for row in part) / len(part) for part in (log[:tenth], log[-tenth:]))
        yield f"| {name} | {weights[name]:g} | {first:.4g} | {final:.4g} |"


def _validation(record, scores, kept):
    if not scores or not kept:
        return ["None was made."]
    names = [name for name in scores[0] if name not in OF_THE_RUN]
    plain = record["without_network"]
    judges = [", ".join(record["score_pairs"]), "the simulated tasks" if "simulated" in names else ""]
    without = [f"{plain[name]:.3f}" if name in plain else "" for name in names]
    return [
        "Transfer loss of the averaged weights on tasks that the training did not see, lower is better. The score is "
        f"the mean over {' and '.join(filter(None, judges))}; the weights of step {kept[-1]['step']}, where it was "
        "lowest, were kept. Step 0 is before any training. Without a network: the untrained head on the spectra and "
        "their slopes.",
        "",
        f"| step | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
        f"| no network | {' | '.join(without)} |",
        *(
            f"| {row['step']} | {' | '.join(f'{float(row[name]):.3f}' for name in names)} |"
            for row in (scores[0], kept[-1], scores[-1])
        ),
    ]


def _counts(data):
    kinds = Counter()
    for entry in data:
        kinds[entry["domain"]] += entry["spectra"]
    shown = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    return f"{len(data)} data sets, {sum(kinds.values()):,} spectra ({shown}); drawn by data set, not by spectrum."


def _cell(text):
    return str(text).replace("|", "/").replace("\n", " ") or "not stated"
