"""Train the variants at equal length, and judge each by transfer between real instruments that it has not seen."""

import shutil
from functools import lru_cache

import torch
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from benchmarks.deep.log import Log
from benchmarks.pretraining.real_pairs import PairTasks, held_out_pairs
from benchmarks.pretraining.variants import UNTRAINED, settings
from skspectral.exceptions import DatasetUnavailableError
from skspectral.pretraining import Corpus, pretrain
from skspectral.pretraining.training.checkpoint import latest_checkpoint, load_checkpoint
from skspectral.pretraining.training.distributed import start_workers
from skspectral.pretraining.training.trainer import Trainer

__all__ = ["run_all", "train_and_judge"]

KEY = ("variant", "seed", "preset", "steps")
RESULTS, RUNS = "ablation.jsonl", "runs"


def run_all(out, *, preset, steps, seeds, names, n_jobs, device, quiet):
    """Do the runs that have no result yet; each result is written as soon as it is known.

    Parameters
    ----------
    out : path
        Folder of the results.
    preset : str
        Packaged settings of pretraining, or a file.
    steps, seeds : int
        Length of each run, and runs of each variant.
    names : list of str
        Variants.
    n_jobs : int
        Processes, with one thread each for the network.
    device : str
        "cpu" or "cuda".
    quiet : bool
        No progress bar.

    Returns
    -------
    records : list of dict
        Results of all runs.
    failures : list of str
        What went wrong in runs that have none.
    """
    log = Log(out / RESULTS, KEY)
    wanted = [
        {"variant": name, "seed": seed, "preset": preset, "steps": steps} for seed in range(seeds) for name in names
    ]
    missing = [run for run in wanted if run not in log]
    results = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(_attempt)(run, out / RUNS, device) for run in missing
    )
    failures = []
    with tqdm(total=len(wanted), initial=len(wanted) - len(missing), unit="run", disable=quiet) as bar:
        for record in results:
            if "error" in record:
                failures.append(f"{record['variant']}, seed {record['seed']}: {record['error']}")
            else:
                log.add(record)
                _clear(_folder(out / RUNS, record))
            bar.update()
    return log.of([run for run in wanted if run in log]), failures


def train_and_judge(run, folder, device):
    """Train one variant, or continue where an interruption left it, and judge the averaged weights of the last step.

    Parameters
    ----------
    run : dict
        Variant, seed, preset and steps.
    folder : path
        Where runs keep their checkpoints.
    device : str
        Where to compute.

    Returns
    -------
    dict
        The run, the number of parameters, and the records of all tasks.
    """
    torch.set_num_threads(1)
    config, priors = settings(run["variant"], run["preset"], run["steps"], run["seed"])
    corpus = _corpus(config.leave_out)
    workers = start_workers(device)
    trainer = Trainer(config, workers)
    if run["variant"] != UNTRAINED:
        out = _folder(folder, run)
        # Every core has a run of its own already, and processes of joblib cannot start the loader's.
        pretrain(config, corpus, out, priors=priors, resume=True, quiet=True, device=device, n_workers=0)
        trainer.load_state(load_checkpoint(latest_checkpoint(out / "checkpoints"), workers.device)[1])
    model, head = trainer.ema["model"], trainer.ema["head"]
    tasks = []
    for pair in held_out_pairs(corpus):
        tasks += PairTasks(pair, max(config.n_channels), config.n_regions)(model, head, workers.device)
    return run | {"parameters": model.n_parameters()["total"], "tasks": tasks}


def _attempt(run, folder, device):
    try:
        return train_and_judge(run, folder, device)
    except DatasetUnavailableError:
        raise
    except Exception as error:
        # One variant that fails must not take the others with it.
        return run | {"error": f"{type(error).__name__}: {error}"}


@lru_cache(1)
def _corpus(leave_out):
    return Corpus(leave_out=leave_out)


def _folder(folder, run):
    return folder / f"{run['variant']}-{run['preset'].replace('/', '_')}-{run['steps']}-{run['seed']}"


def _clear(folder):
    """Remove what a finished run would continue from, and keep its curves."""
    for name in ("checkpoints", "weights"):
        shutil.rmtree(folder / name, ignore_errors=True)
