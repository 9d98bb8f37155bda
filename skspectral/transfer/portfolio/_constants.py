"""The learned constants: a file beside this one, made by ``python -m benchmarks.prior``."""

import hashlib
import json
from functools import lru_cache
from importlib.resources import files

import numpy as np

from ._members import all_members

__all__ = ["constants", "constants_hash", "prior_members"]

FILE = "constants.json"


def _read():
    return files(__package__).joinpath(FILE).read_bytes()


@lru_cache(maxsize=1)
def constants():
    """Powers of the errors, gate and predictive variance; see the file for how they were made."""
    return json.loads(_read())


def constants_hash():
    """First digits of the file's SHA-256, for results files."""
    return hashlib.sha256(_read()).hexdigest()[:12]


@lru_cache(maxsize=8)
def prior_members(n_members=None, scatter="auto"):
    """Members with the largest prior weight, and the logarithm of their weights.

    Parameters
    ----------
    n_members : int, optional
        How many to keep; all by default.
    scatter : {"auto", True, False}
        Keep members of either kind, only those that begin with SNV, or only those that do not.
    """
    table = constants()["log_prior"]
    members = [m for m in all_members() if scatter == "auto" or m.preprocessing.startswith("snv") == scatter]
    log_prior = np.array([table[m.name] for m in members])
    kept = np.sort(np.argsort(-log_prior, kind="stable")[:n_members])
    return [members[i] for i in kept], log_prior[kept]
