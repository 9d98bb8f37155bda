"""Run the probes: one unit of work for each probe and data set, each written as soon as it is known."""

from pathlib import Path

from joblib import Parallel, delayed
from tqdm.auto import tqdm

from benchmarks.deep.log import Log
from benchmarks.pretraining import networks
from benchmarks.pretraining.few_shot import few_shot
from benchmarks.pretraining.frozen import frozen, is_labelled
from benchmarks.pretraining.instrument_codes import SIMULATED, instrument_codes
from benchmarks.pretraining.real_pairs import HELD_OUT, held_out_pairs
from benchmarks.pretraining.reconstruction import reconstruction

__all__ = ["PROBES", "run_all"]

PROBES = {
    "reconstruction": reconstruction,
    "features": frozen,
    "instrument": instrument_codes,
    "transfer": few_shot,
}
KEY = ("probe", "name", "weights", "n_random")
RESULTS = "probes.jsonl"
LEAST_SPECTRA = 30


def run_all(out, *, weights, n_random, names, n_jobs, device, quiet, unseen_only=False):
    """Do the probes that have no result yet.

    Parameters
    ----------
    out : path
        Folder of the results.
    weights : str
        Name or folder of the weights.
    n_random : int
        Networks before any training beside them.
    names : list of str
        Probes.
    n_jobs : int
        Processes, with one thread each for the network.
    device : str
        "cpu" or "cuda".
    quiet : bool
        No progress bar.
    unseen_only : bool
        Leave out the data sets that the training drew from, which take most of the time.

    Returns
    -------
    list of dict
        One record for each probe and data set: its "results", and whether the training was "unseen" from it.
    """
    judged = networks.load(weights, n_random, device)
    log = Log(out / RESULTS, KEY)
    wanted = [
        {"probe": probe, "name": name, "weights": judged.identity, "n_random": n_random}
        for probe in names
        for name in _data_sets(judged, probe)
        if not unseen_only or _is_unseen(judged, name)
    ]
    missing = [unit for unit in wanted if unit not in log]
    done = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(_probe)(unit, weights, n_random, device) for unit in missing
    )
    with tqdm(total=len(wanted), initial=len(wanted) - len(missing), unit="data set", disable=quiet) as bar:
        for record in done:
            log.add(record)
            bar.set_postfix_str(f"{record['probe']}: {record['name']}")
            bar.update()
    return log.of(wanted)


def _data_sets(judged, probe):
    """Names of the data sets or pairs of instruments of a probe, those that training left out first."""
    left_out = networks.probe_sets(judged.corpus)
    enough = [name for name in left_out if len(judged.corpus[name]) >= LEAST_SPECTRA]
    if probe == "reconstruction":
        return enough
    if probe == "features":
        others = [material.name for material in judged.corpus.materials if material.name not in left_out]
        return [name for name in [*left_out, *others] if is_labelled(judged.corpus[name])]
    pairs = held_out_pairs(judged.corpus)
    if probe == "instrument":
        simulated = [f"{SIMULATED}{name}" for name in enough if judged.corpus[name].domain == "NIR"]
        return [pair.name for pair in pairs] + simulated
    return [pair.name for pair in pairs if pair.y is not None and judged.heads]


def _probe(unit, weights, n_random, device):
    judged = networks.load(weights, n_random, device)
    results = PROBES[unit["probe"]](judged, unit["name"])
    source = "a folder" if Path(weights).is_dir() else str(weights)
    return unit | {"source": source, "unseen": _is_unseen(judged, unit["name"]), "results": results}


def _is_unseen(judged, name):
    """Whether the training drew neither from this data set nor, for a pair of instruments, from any of its kind."""
    name = name.removeprefix(SIMULATED)
    known = [material.name for material in judged.corpus.materials]
    kind = next((start for start in HELD_OUT if name.startswith(start)), name)
    names = [name] if name in known else [other for other in known if other.startswith(kind)]
    return not any(judged.sees(other) for other in names)
