"""The learned constants: a file beside this one, made by ``python -m benchmarks.prior``."""

import hashlib
import json
from functools import lru_cache
from importlib.resources import files

import numpy as np

from ._members import FAMILIES, family_members
from ._mixture import LEAST_FOR_EVIDENCE

__all__ = ["available_members", "constants", "portfolio_hash", "holds"]

# with fewer standards there are only the families "few", "source" and "bias", and without a pair nothing says how far
# the source's models are off
EARLY_FAMILIES = ("source", "bias")
# on fewer channels than these, which are far apart as a rule, derivatives lose more than they tell, and the families
# that stand on them are worse than none, unless as many standards show which of them is not
LEAST_CHANNELS, SHOWN_BY = 100, 20
FINE_FAMILIES = ("mapped", "fused", "standardised", "pooled")
FEW_MEMBERS = 24

FILE = "constants.json"
# one more with every change of code that changes predictions: what was computed before is then known to be older
RULES = 3


def _read():
    return files(__package__).joinpath(FILE).read_bytes()


@lru_cache(maxsize=1)
def constants():
    """Powers of the errors, gate and predictive variance; see the file for how they were made."""
    return json.loads(_read())


def portfolio_hash():
    """First digits of a SHA-256 of the file and the number of the rules, for results files."""
    return hashlib.sha256(_read() + str(RULES).encode()).hexdigest()[:12]


def available_members(n_seen, n_pairs, n_channels, scatter="auto", many_rows=False):
    """Members that a number of standards allows, and the logarithm of their prior weights within their family.

    Parameters
    ----------
    n_seen, n_pairs : int
        Standards or pairs, whichever are more, and pairs.
    n_channels : int
    scatter : {"auto", True, False}
        Keep members of either kind, only those that begin with SNV, or only those that do not.
    many_rows : bool
        Keep only those that matter most, and none whose cost grows with the cube of several times the channels.

    Returns
    -------
    members : list of Member
        Those of one family stand together.
    log_prior : ndarray of shape (n_members,)
    """
    found, priors = [], []
    for family in FAMILIES:
        # "few" is what a property has that no standard speaks of
        if family != "few" and not holds(family, n_seen, n_pairs, n_channels):
            continue
        members = [m for m in family_members(family, n_seen) if scatter == "auto" or _is_scatter(m) == scatter]
        if many_rows or scatter != "auto":
            members = [m for m in members if m.preprocessing != "fused"]
        prior = np.zeros(len(members))
        if family == "ridges":
            table = constants()["log_prior"]
            members = [m for m in members if m.name in table]
            prior = np.array([table[m.name] for m in members])
        if many_rows:
            kept = np.sort(np.argsort(-prior, kind="stable")[:FEW_MEMBERS]) if family == "ridges" else _coarse(members)
            members, prior = [members[i] for i in kept], prior[kept]
        found += members
        priors.append(prior)
    return found, np.concatenate(priors)


def holds(family, n_seen, n_pairs, n_channels):
    """Whether there is enough for a family."""
    coarse = n_channels < LEAST_CHANNELS and n_seen < SHOWN_BY
    if family == "few":
        return n_seen < LEAST_FOR_EVIDENCE or not coarse
    if family in EARLY_FAMILIES:
        return n_seen >= 1
    if family in FINE_FAMILIES and coarse:
        return False
    return (n_pairs if family in ("mapped", "standardised") else n_seen) >= LEAST_FOR_EVIDENCE


def _is_scatter(member):
    return member.preprocessing.startswith("snv")


def _coarse(members):
    """Every third member: neighbours differ by half a decade of a penalty."""
    return np.arange(0, len(members), 3)
