"""Which names two sides share, and which are similar."""

import difflib
import re

from ..._core.spelling import parts_of, tidy

__all__ = ["pairing", "similar"]

# names are compared one by one up to this number on a side
MOST_COMPARED = 3000
# share of equal characters of names that are alike
ALIKE = 0.85


def similar(lone, others):
    """List names that differ little: other separators, leading zeros, or a letter or two.

    Parameters
    ----------
    lone, others : sequence of str
        Names without a partner, of two sides.

    Returns
    -------
    list of (str, str)
    """
    if len(lone) > MOST_COMPARED or len(others) > MOST_COMPARED:
        return []
    bare, parts = {}, {}
    for other in others:
        bare.setdefault(re.sub(r"[\W_]+", "", tidy(other)), other)
        parts.setdefault(parts_of(other), other)
    found = []
    for name in lone:
        key = re.sub(r"[\W_]+", "", tidy(name))
        alike = parts.get(parts_of(name), bare.get(key))
        if alike is not None:
            found.append((name, alike))
        elif not key.isdigit() and len(key) > 3:
            close = [c for c in difflib.get_close_matches(key, bare, n=1, cutoff=ALIKE) if _digits(c) == _digits(key)]
            found.extend((name, bare[c]) for c in close)
    return found


def _digits(key):
    """Numbers in a name: corn12 and corn13 are alike, and not one sample."""
    return [int(digits) for digits in re.findall(r"\d+", key)]


def pairing(first, second):
    """Say how many names two sides share.

    Parameters
    ----------
    first, second : sequence of str
        Distinct names of two sides.

    Returns
    -------
    text : str
        Such as "30 of 36 samples paired; not paired, similar: corn_02 / Corn-02".
    n_pairs : int
    close : list of (str, str)
        Similar names among those without a partner.
    """
    a, b = dict.fromkeys(first), dict.fromkeys(second)
    both = [name for name in a if name in b]
    close = similar([name for name in a if name not in b], [name for name in b if name not in a])
    text = f"{len(both)} of {len({**a, **b})} samples paired"
    if close:
        shown = ", ".join(f"{one} / {other}" for one, other in close[:5])
        text += f"; not paired, similar: {shown}" + (f" and {len(close) - 5} more" if len(close) > 5 else "")
    return text, len(both), close
