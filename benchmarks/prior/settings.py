"""Which settings are drawn, and with how many standards each is tried."""

from dataclasses import replace

import numpy as np

from benchmarks.prior.materials import load_materials, load_vibrational
from benchmarks.prior.real_pairs import draw_pair_settings, load_corpus_pairs, load_pairs
from benchmarks.prior.tasks import by_blocks, draw_mixtures, draw_setting

__all__ = ["load_all_materials", "real_settings", "simulated_setting"]

# every seventh setting is of one kind
KINDS = ("unlike", "laboratory", "like", "MIR", "Raman", "laboratory", "mixtures")
BLOCKS = 0.2
N_OTHERS = 40
MOST_REFERENCES = 3


def load_all_materials():
    """Read all sets, by kind of spectroscopy."""
    return {"NIR": load_materials(), "MIR": load_vibrational("MIR"), "RAMAN": load_vibrational("RAMAN")}


def simulated_setting(materials, seed):
    """Draw a setting: its kind, the setting, and the (n_standards, unlabelled) that it is tried with."""
    rng = np.random.default_rng(10_000 + seed)
    kind = KINDS[seed % len(KINDS)]
    if kind == "mixtures":
        setting = draw_mixtures(rng, N_OTHERS)
    else:
        sets = materials[{"MIR": "MIR", "Raman": "RAMAN"}.get(kind, "NIR")]
        setting = draw_setting(sets, rng, {"MIR": "unlike"}.get(kind, kind), n_others=N_OTHERS)
    if rng.random() < BLOCKS:
        setting, kind = by_blocks(setting, rng), f"{kind} blocks"
    plan = [
        (0, "other" if rng.random() < 0.7 else "same"),
        (int(rng.choice([1, 2])), "other" if rng.random() < 0.7 else None),
        (int(rng.choice([3, 4])), "other" if rng.random() < 0.5 else None),
        (int(rng.choice([5, 7, 10])), None),
        (int(rng.choice([10, 10, 15, 20, 30, 50])), None),
    ]
    return kind, setting, plan


def real_settings(n_repeats):
    """List settings on real pairs of instruments, each with a plan as above."""
    found = []
    for i, setting in enumerate(draw_pair_settings(load_pairs() + load_corpus_pairs(), n_repeats)):
        rng = np.random.default_rng(i)
        columns = rng.permutation(setting.y.shape[1])[:MOST_REFERENCES]
        setting = replace(setting, y=setting.y[:, columns], y_test=setting.y_test[:, columns])
        second = "other" if rng.random() < 0.5 else None
        plan = [(0, "other"), (1, "other"), (2, second), (3, None), (4, "other"), (5, None), (10, None), (20, None)]
        found.append(("real", setting, [*plan, (50, None)] if len(setting.y) >= 60 else plan))
    return found
