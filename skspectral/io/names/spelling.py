"""Names of samples: what a cell names, and what is one name in two spellings."""

import datetime
import re
from collections import defaultdict

import numpy as np

from ..._core.labels import MISSING_WORDS
from ..._core.spelling import tidy

__all__ = ["MATCHES", "as_name", "changed_by_excel", "key_of", "one_spelling", "tidy"]

MATCHES = ("exact", "tidy", "loose")
_MONTH = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)"
_EXCEL = re.compile(
    rf"\d(?:[.,]\d+)?E\+\d+|#+|\d{{1,2}}[-.]{_MONTH}|{_MONTH}[-.]\d{{2}}|\d{{4}}-\d\d-\d\d 00:00:00", re.IGNORECASE
)


def as_name(cell):
    """Read a cell as a name, None where blank; the number 7.0 of a column with blanks is 7."""
    if cell is None or (isinstance(cell, (float, np.floating)) and np.isnan(cell)):
        return None
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        cell = int(cell)
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        cell = cell.date()
    text = str(cell).strip()
    if text.startswith("'") and not text.endswith("'"):
        # a spreadsheet is told so that 001 is a text
        text = text[1:]
    return None if text.lower() in MISSING_WORDS else text


def changed_by_excel(names):
    """List names that a spreadsheet has probably made of others: dates of 1-2, powers of ten of 1E5, and ####."""
    return [name for name in dict.fromkeys(names) if name is not None and _EXCEL.fullmatch(name)]


def key_of(match):
    """The function that gives two spellings of a name one key, by a value of `MATCHES`."""
    return {"exact": str, "tidy": tidy, "loose": _without_signs}[match]


def _without_signs(name):
    """A tidied name, in which any separator stands for any other."""
    return re.sub(r"[\W_]+", " ", tidy(name)).strip() or tidy(name)


def one_spelling(names, match):
    """Give each name one spelling, that of its first row.

    Parameters
    ----------
    names : list of str or None
        Names.
    match : {"exact", "tidy", "loose"}

    Returns
    -------
    names : list of str or None
    spellings : dict of str to list of str
        Other spellings of a name, where there are any.
    """
    if match == "exact":
        return list(names), {}
    first, spellings, key = {}, defaultdict(dict), key_of(match)
    result = []
    for name in names:
        if name is None:
            result.append(None)
            continue
        chosen = first.setdefault(key(name), name)
        result.append(chosen)
        if chosen != name:
            spellings[chosen][name] = None
    return result, {name: list(others) for name, others in spellings.items()}
