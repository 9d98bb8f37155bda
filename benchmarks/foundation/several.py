"""Two known instruments as sources instead of one, on tasks that the pretraining left out."""

import json
import warnings
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.foundation.intervals import interval
from benchmarks.foundation.mixture_tasks import left_out_materials
from benchmarks.prior.instruments import measure, smooth, unlike
from benchmarks.prior.real_pairs import load_corpus_pairs
from benchmarks.prior.tasks import N_TEST, draw_population
from skspectral import SpectralFMTransfer
from skspectral.foundation._mixture import mix

__all__ = ["collect", "draw_three", "several_table", "summarise"]

N_STANDARDS = (3, 5, 10)
N_SOURCE = 60
EXPERTS = ("portfolio", "network", "mixture")
KEY = ["standards", "kind", "network"]
COLUMNS = [*KEY, "groups", "expert", "log_rmse", "low", "high", "to_better", "worst"]


@dataclass(frozen=True, eq=False)
class Three:
    """Samples on two known instruments "A" and "C" and the target "B": each (n_samples, n_channels), and ``y``."""

    spectra: dict
    y: np.ndarray
    axis: np.ndarray
    material: str

    def rows(self, n_standards):
        """Give the rows (X, y, instrument, sample_id): calibration samples on "A" and "C", the first of them on "B"."""
        counts = {"A": N_SOURCE, "C": N_SOURCE, "B": n_standards}
        X = np.vstack([self.spectra[name][:n] for name, n in counts.items()])
        y = np.concatenate([self.y[:n] for n in counts.values()])
        instrument = np.repeat(np.array(list(counts), dtype=object), list(counts.values()))
        ids = np.array([f"s{i}" for n in counts.values() for i in range(n)], dtype=object)
        return X, y, instrument, ids


def draw_three(n_simulated, n_repeats, seed=0):
    """Yield (kind, Three): three simulated instruments, then feed grain, whose third instrument is simulated.

    No samples were measured on three instruments outside of what methods are evaluated on. Of feed grain the second
    known instrument is the first one's spectra as a simulated instrument would measure them.
    """
    random, materials = np.random.default_rng([seed, 3]), left_out_materials()
    made = 0
    while made < n_simulated:
        name, spectra, axis, references = materials[random.integers(len(materials))]
        reference = None if references is None else references[:, random.integers(references.shape[1])]
        if reference is not None:
            spectra, reference = spectra[np.isfinite(reference)], reference[np.isfinite(reference)]
        if len(spectra) < N_SOURCE + N_TEST:
            continue
        clean, y, grid = draw_population(spectra, axis, reference, N_SOURCE + N_TEST, random)
        scale = clean.std(axis=0).mean()
        nuisances = smooth(random, int(random.integers(0, 6)), grid, 30.0, 300.0)
        nuisances = nuisances * scale * 10 ** random.uniform(-1.5, 0.0)
        seen = {k: measure(clean, grid, unlike(random, grid, scale), nuisances, scale, random) for k in "ABC"}
        made += 1
        yield "simulated", Three(seen, y, grid, name)
    (grain,) = (pair for pair in load_corpus_pairs() if pair[0] == "feedgrain")
    for direction, (source, target) in enumerate((grain[1:3], grain[2:0:-1])):
        for repeat in range(n_repeats):
            random = np.random.default_rng([repeat, direction])
            order = random.permutation(len(source))[: N_SOURCE + N_TEST]
            X, scale = source[order], source.std(axis=0).mean()
            further = measure(X, grain[3], unlike(random, grain[3], scale), np.empty((0, len(grain[3]))), scale, random)
            seen = {"A": X, "B": target[order], "C": further}
            yield "feed grain", Three(seen, grain[4][order, 0], grain[3], f"feedgrain {direction}")


def collect(path, networks, n_simulated, n_repeats, quiet=False):
    """Append errors from either known instrument and from both to a file of JSON lines, but for what it holds already.

    Parameters
    ----------
    path : Path
        The file.
    networks : dict of {str: str or path}
        Weights of every network that is tried.
    n_simulated, n_repeats : int
        Simulated tasks, and splits of feed grain in each direction.
    quiet : bool
        No progress bar.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        file.seek(0)
        done = {(record["task"], record["standards"], record["network"]) for record in map(json.loads, file)}
        for number, (kind, three) in enumerate(tqdm(draw_three(n_simulated, n_repeats), unit="task", disable=quiet)):
            for n, (network, weights) in product(N_STANDARDS, networks.items()):
                if (number, n, network) in done:
                    continue
                record = {"task": number, "kind": kind, "material": three.material, "standards": n, "network": network}
                record["weights"] = str(weights)
                for name, source, others in (("A", "A", ()), ("C", "C", ()), ("both", "A", ("C",))):
                    model = SpectralFMTransfer(weights, others=others, source=source, target="B", device="cpu")
                    record[name] = _errors(model, three, n)
                print(json.dumps(record), file=file, flush=True)


def _errors(model, three, n_standards):
    """Mean squared error of every expert and of the mixture in units of the variance of ``y``."""
    X, y, instrument, ids = three.rows(n_standards)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.set_params(wavelengths=three.axis).fit(X, y, instrument=instrument, sample_id=ids)
        found = model.predict_experts(three.spectra["B"][N_SOURCE:])
    found["mixture"] = mix(found, {name: weight[0] for name, weight in model.expert_weights_.items()})
    errors = {name: np.mean((found[name] - three.y[N_SOURCE:]) ** 2) / np.var(three.y[:N_SOURCE]) for name in EXPERTS}
    return {name: float(f"{value:.5g}") for name, value in errors.items()}


def summarise(records):
    """Tabulate what two sources are worth.

    Returns
    -------
    DataFrame
        ``log_rmse``: mean over materials ("groups") of the logarithm of the root mean squared error from both over the
        geometric mean of those from either, with its 95 % interval ``low`` to ``high``; ``to_better``: the same over
        the better of the two in hindsight; ``worst``: the largest ratio to the worse one in any task.
    """
    rows = []
    for key, own in pd.DataFrame(records).groupby(KEY, sort=False):
        for expert in EXPERTS:
            log = 0.5 * np.log([[part[expert] for part in own[name]] for name in ("A", "C", "both")])
            over = pd.DataFrame({"mean": log[2] - log[:2].mean(axis=0), "better": log[2] - log[:2].min(axis=0)})
            groups = over.groupby(own["material"].to_numpy()).mean()
            low, high = interval(groups["mean"].to_numpy())
            worst = float(np.exp(log[2] - log[:2].max(axis=0)).max())
            rows.append([*key, len(groups), expert, groups["mean"].mean(), low, high, groups["better"].mean(), worst])
    return pd.DataFrame(rows, columns=COLUMNS).sort_values(KEY, kind="stable")


def several_table(table, weights):
    """Write what `summarise` gave as a section of Markdown."""
    lines = [
        "\n## Several known instruments\n",
        f"`others=` with one more known instrument, {N_SOURCE} samples on both, on tasks that the pretraining left "
        "out: three simulated instruments, and feed grain on two handhelds with a simulated third one. Logarithm of "
        "the root mean squared error from both sources over the geometric mean of those from either alone, mean and "
        "95 % interval over materials (directions for feed grain); the same over the better one in hindsight; and the "
        f"largest ratio to the worse one in any task. Weights: {weights}.\n",
        "| standards | tasks | network | expert | both over mean of either | over the better | most over the worse |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.standards} | {row.kind} ({row.groups}) | {row.network} | {row.expert} | {row.log_rmse:+.3f} "
        f"({row.low:+.3f} to {row.high:+.3f}) | {row.to_better:+.3f} | {row.worst:.2f} |"
        for row in table.itertuples()
        # the portfolio has no network
        if row.expert != "portfolio" or row.network == table["network"].iloc[0]
    ]
    return "\n".join(lines) + "\n"
