"""One setting to collect, in this process or in another one, and kept once it is there."""

import pickle
from functools import cache

from threadpoolctl import threadpool_limits

from benchmarks.prior.collect import collect_settings
from benchmarks.prior.settings import load_all_materials, simulated_setting

__all__ = ["collect_job"]

_materials = cache(load_all_materials)


def collect_job(name, job, folder=None, ridges=None):
    """Collect the tasks of a setting.

    Parameters
    ----------
    name : str
        "sim" and a number, or "real" and a number; a file in ``folder`` is called so.
    job : int or (str, Setting, list)
        Seed of a simulated setting, or a real one as `real_settings` lists them.
    folder : Path, optional
        Keeps what was computed.
    ridges : collection of str, optional
        Members of the family "ridges" to be fitted, by default all.

    Returns
    -------
    list of dict
        As `collect_settings` gives them.
    """
    kept = None if folder is None else folder / f"{name}.pkl"
    if kept is not None and kept.exists():
        return pickle.loads(kept.read_bytes())
    kind, setting, plan = simulated_setting(_materials(), job) if name.startswith("sim") else job
    with threadpool_limits(1):
        tasks = collect_settings(setting, plan, kind, ridges)
    if kept is not None:
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(tasks))
    return tasks
