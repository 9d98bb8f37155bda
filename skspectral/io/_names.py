"""Names of samples: what is one name in two spellings, which numbers count replicates, what is similar."""

import datetime
import difflib
import re
from collections import defaultdict

import numpy as np

from .._core.labels import MISSING_WORDS
from .._core.spelling import tidy
from ..exceptions import ReadingOptionError

__all__ = [
    "MATCHES",
    "as_name",
    "changed_by_excel",
    "find_replicates",
    "one_spelling",
    "pairing",
    "parse_replicates",
    "similar",
    "tidy",
]

MATCHES = ("exact", "tidy")
_LAST = re.compile(r"(?P<sample>.*?\w)(?P<mark>[_\-. #(]+(?:rep|replicate|scan|r|no|n)?[_\-. #]?)(?P<n>\d{1,3})\)?")
# letters count replicates behind a number: corn_02a, corn_02-B
_LETTER = re.compile(r"(?P<sample>.*?\d)(?P<mark>[_\-. ]?)(?P<n>[a-hA-H])")
_SAID = re.compile(r"rep|scan|\(|#|[_\-. ]r")
_MONTH = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)"
_EXCEL = re.compile(
    rf"\d(?:[.,]\d+)?E\+\d+|#+|\d{{1,2}}[-.]{_MONTH}|{_MONTH}[-.]\d{{2}}|\d{{4}}-\d\d-\d\d 00:00:00", re.IGNORECASE
)
# names are compared one by one up to this number on a side
MOST_COMPARED = 3000
# share of equal characters of names that are alike
ALIKE = 0.85


def as_name(cell):
    """Read a cell as a name, None where blank; the number 7.0 of a column with blanks is 7."""
    if cell is None or (isinstance(cell, (float, np.floating)) and np.isnan(cell)):
        return None
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        cell = int(cell)
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        cell = cell.date()
    text = str(cell).strip()
    return None if text.lower() in MISSING_WORDS else text


def changed_by_excel(names):
    """List names that a spreadsheet has probably made of others: dates of 1-2, powers of ten of 1E5, and ####."""
    return [name for name in dict.fromkeys(names) if name is not None and _EXCEL.fullmatch(name)]


def one_spelling(names, match):
    """Give each name one spelling, that of its first row.

    Parameters
    ----------
    names : list of str or None
        Names.
    match : {"exact", "tidy"}

    Returns
    -------
    names : list of str or None
    spellings : dict of str to list of str
        Other spellings of a name, where there are any.
    """
    if match == "exact":
        return list(names), {}
    first, spellings = {}, defaultdict(dict)
    result = []
    for name in names:
        if name is None:
            result.append(None)
            continue
        chosen = first.setdefault(tidy(name), name)
        result.append(chosen)
        if chosen != name:
            spellings[chosen][name] = None
    return result, {name: list(others) for name, others in spellings.items()}


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


def similar(lone, others):
    """List names that differ little: other separators, or a letter or two.

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
    bare = {}
    for other in others:
        bare.setdefault(re.sub(r"[\W_]+", "", tidy(other)), other)
    found = []
    for name in lone:
        key = re.sub(r"[\W_]+", "", tidy(name))
        if key in bare:
            found.append((name, bare[key]))
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
