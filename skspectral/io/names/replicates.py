"""Which numbers behind names count replicates."""

import re
from collections import defaultdict

from ..._core.spelling import tidy
from ...exceptions import ReadingOptionError

__all__ = ["find_replicates", "parse_replicates"]

_LAST = re.compile(r"(?P<sample>.*?\w)(?P<mark>[_\-. #(]+(?:rep|replicate|scan|r|no|n)?[_\-. #]?)(?P<n>\d{1,3})\)?")
# letters count replicates behind a number: corn_02a, corn_02-B
_LETTER = re.compile(r"(?P<sample>.*?\d)(?P<mark>[_\-. ]?)(?P<n>[a-hA-H])")
_SAID = re.compile(r"rep|scan|\(|#|[_\-. ]r")


def parse_replicates(names, pattern):
    """Take names apart into sample and number of the replicate.

    Parameters
    ----------
    names : list of str or None
        Names.
    pattern : str
        Such as ``"{sample}_{n}"``; n is a number, or where no name has one, a letter from a to h.

    Returns
    -------
    samples : list of str or None
    numbers : list of int or None
        None where a name is not of the pattern.

    Raises
    ------
    ReadingOptionError
        If the pattern lacks one of the two parts, or no name is of it.
    """
    if pattern.count("{sample}") != 1 or pattern.count("{n}") != 1:
        raise ReadingOptionError(
            f"replicates must hold {{sample}} and {{n}} once, as in '{{sample}}_{{n}}'; got {pattern!r}."
        )
    regex = re.escape(pattern).replace(r"\{sample\}", "(?P<sample>.+?)")
    for count in (r"\d+", "[a-hA-H]"):
        whole = re.compile(regex.replace(r"\{n\}", f"(?P<n>{count})"))
        matches = [None if name is None else whole.fullmatch(name) for name in names]
        if any(matches):
            break
    else:
        shown = ", ".join(repr(name) for name in list(dict.fromkeys(names))[:3])
        raise ReadingOptionError(f"No name is of the pattern replicates={pattern!r}; names are {shown}.")
    samples = [match["sample"].strip() if match else name for name, match in zip(names, matches)]
    return samples, [_count(match["n"]) if match else None for match in matches]


def _count(text):
    """Number of a replicate: 2 of "2" and of "b"."""
    return int(text) if text.isdigit() else ord(text.lower()) - ord("a") + 1


def find_replicates(names, known):
    """Find out whether the number behind names counts replicates.

    That sample_1 to sample_9 are nine samples or nine scans of one is nothing that names alone can say: the stem must
    be the name of a sample elsewhere (``known``), or a word such as "rep" or "scan" must stand before the number.

    Parameters
    ----------
    names : list of str or None
        Names of the rows of one instrument.
    known : set of str
        Names of samples elsewhere, `tidy`.

    Returns
    -------
    pattern : str or None
        The pattern, as `parse_replicates` takes it.
    doubtful : str or None
        A pattern that the names are of, without proof.
    """
    distinct = [name for name in dict.fromkeys(names) if name is not None]
    for regex in (_LAST, _LETTER):
        matches = [regex.fullmatch(name) for name in distinct]
        if distinct and all(matches):
            return _pattern(distinct, matches, known, letters=regex is _LETTER)
    return None, None


def _pattern(distinct, matches, known, *, letters):
    groups = defaultdict(set)
    for match in matches:
        groups[match["sample"]].add(_count(match["n"]))
    marks = {(match["mark"], name.endswith(")")) for match, name in zip(matches, distinct)}
    if len(marks) != 1 or any(tidy(name) in known for name in distinct):
        return None, None
    (mark, bracket) = marks.pop()
    pattern = f"{{sample}}{mark}{{n}}{')' if bracket else ''}"
    if sum(tidy(stem) in known for stem in groups) > len(groups) / 2:
        return pattern, None
    in_order = all(
        numbers == set(range(min(numbers), min(numbers) + len(numbers))) and min(numbers) <= 1
        for numbers in groups.values()
    )
    if letters or not in_order or len(groups) < 2 or len(groups) == len(distinct):
        return None, None
    return (pattern, None) if _SAID.search(mark.lower()) else (None, pattern)
