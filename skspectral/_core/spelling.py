"""Labels that differ in spelling only: they are different labels, and most often one thing."""

import difflib
import re
import unicodedata
import warnings
from functools import lru_cache

from ..exceptions import InstrumentSpellingWarning
from .labels import id_key, is_missing

__all__ = ["describe_pairing", "parts_of", "tidy", "warn_of_instruments_left_out"]

MOST_NAMED = 3
# names are compared one by one up to this number on a side
MOST_COMPARED = 500
_FILE_SUFFIX = re.compile(
    r"(?:\.(?:spc|csv|tsv|txt|asd|jdx|dx|jcm|jcamp|dpt|mat|xlsx|xls|ods|spa|spf|sam|nir|sed|sig|prn))+$"
)
# characters that nobody sees (zero width, soft hyphen, marks of direction), and hyphens and dashes
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
# a path from the root of a drive, a network or a folder on; 2023/17 is none
_ROOTED = re.compile(r"(?:[a-z]:)?[\\/]|\.{1,2}[\\/]|~/")
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_WHOLE_NUMBER = re.compile(r"0*(\d+)(?:\.0+)?", re.ASCII)


@lru_cache(maxsize=2**16)
def tidy(name):
    """Reduce the name of a sample to what tells samples apart.

    Case, blanks around and repeated blanks, characters without width, kinds of dashes, the folders and the suffix of a
    file, leading zeros of whole numbers and ``.0`` behind them are spelling.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
    """
    key = _DASHES.sub("-", _UNSEEN.sub("", unicodedata.normalize("NFKC", name)))
    key = " ".join(key.casefold().split())
    short = _FILE_SUFFIX.sub("", key).rstrip()
    if short != key or _ROOTED.match(key):
        short = re.split(r"[\\/]", short)[-1].strip() or short
    key = short
    number = _WHOLE_NUMBER.fullmatch(key)
    return number[1] if number else key


@lru_cache(maxsize=2**16)
def parts_of(name):
    """Words and numbers of a name, whatever separates them: P 010, P-10 and p10 have the same.

    That is no reason to take two names for one (1-1 and 1_1 may be two samples), but to ask.

    Parameters
    ----------
    name : str

    Returns
    -------
    tuple of str
        Numbers without leading zeros; the name itself where it holds neither word nor number.
    """
    key = tidy(name)
    parts = (part.lstrip("0") or "0" if part.isdecimal() else part for part in _PARTS.findall(key))
    return tuple(parts) or (key,)


def _tidy_key(key):
    return tidy(key) if isinstance(key, str) else key


def _loose_key(key):
    return parts_of(key) if isinstance(key, str) else key


def describe_pairing(source_ids, target_ids):
    """Say what is odd about the ids of two instruments.

    Parameters
    ----------
    source_ids, target_ids : iterable of object
        Ids of the rows; missing ones are passed over.

    Returns
    -------
    str
        Empty where nothing is odd: ids are shared, and no two of them differ in spelling alone.
    """
    source, target = (
        {id_key(label): label for label in ids if not is_missing(label)} for ids in (source_ids, target_ids)
    )
    if not source or not target or source.keys() == target.keys():
        return ""
    shared = source.keys() & target.keys()
    spelled = _spelled_differently(source, target)
    if not shared:
        close = spelled or _most_similar(list(source.values()), list(target.values()))
        text = (
            f"No sample_id is on both instruments: the source has {len(source)} ids and the target {len(target)}, none "
            "of them the same"
        )
        return text + (f"; the most similar are {_named(close)}." if close else ".")
    if not spelled:
        return ""
    return (
        f"{len(shared)} of {len(target)} target samples are paired, and {len(spelled)} ids differ from others in "
        f"spelling alone: {_named(spelled)}. They count as different samples; if they are not, write them in one way."
    )


def _by_key(labels):
    return {id_key(label): label for label in labels if not is_missing(label)}


def _spelled_differently(source, target):
    """Pairs of ids with the same words and numbers, where the two instruments do not have the same spellings."""
    groups = {}
    for side, labels in enumerate((source, target)):
        for key, label in labels.items():
            groups.setdefault(_loose_key(key), ({}, {}))[side][key] = label
    found = []
    for on_source, on_target in groups.values():
        # where the samples of one instrument differ in no more than a separator, those that pair are no question
        differing = [
            (one, other)
            for one in on_source
            for other in on_target
            if one != other and (_tidy_key(one) == _tidy_key(other) or (one not in target and other not in source))
        ]
        if differing and on_source.keys() != on_target.keys():
            one, other = differing[0]
            found.append((on_source[one], on_target[other]))
    return found


def _most_similar(source, target):
    """The pairs of ids that are most alike, letter by letter."""
    source, target = ({_tidy_key(id_key(label)): label for label in side[:MOST_COMPARED]} for side in (source, target))
    texts = [key for key in source if isinstance(key, str)]
    ratios = []
    for key in target:
        if isinstance(key, str) and len(ratios) < MOST_COMPARED:
            best = difflib.get_close_matches(key, texts, n=1)
            ratios += [(-difflib.SequenceMatcher(None, key, one).ratio(), len(ratios), one, key) for one in best]
    return [(source[one], target[key]) for *_, one, key in sorted(ratios)[:MOST_NAMED]]


def _named(pairs):
    shown = ", ".join(f"{one!r} / {other!r}" for one, other in pairs[:MOST_NAMED])
    return shown + (f" and {len(pairs) - MOST_NAMED} more" if len(pairs) > MOST_NAMED else "")


def warn_of_instruments_left_out(instrument, source, target, *, stacklevel):
    """Warn of rows that take no part, although their instrument is called almost like one that does.

    Parameters
    ----------
    instrument : iterable of object
        Instrument of each row.
    source, target : object or None
        The resolved roles.
    stacklevel : int
        As in ``warnings.warn``, counted from the caller.
    """
    if source is None or target is None:
        return
    roles = {_squeezed(name): (role, name) for role, name in (("source", source), ("target", target))}
    counts = {}
    for label in instrument:
        if label != source and label != target:
            counts[label] = counts.get(label, 0) + 1
    close = [(label, n, *roles[_squeezed(label)]) for label, n in counts.items() if _squeezed(label) in roles]
    if close:
        listed = ", ".join(f"{n} rows of {label!r} beside {role}={name!r}" for label, n, role, name in close)
        warnings.warn(
            f"Rows are left out because their instrument is neither source nor target, but called almost like one: "
            f"{listed}. If it is the same instrument, give its rows one spelling.",
            InstrumentSpellingWarning,
            stacklevel=stacklevel + 1,
        )


def _squeezed(label):
    """An instrument's name without case, blanks, dots, hyphens and underscores."""
    text = unicodedata.normalize("NFKC", str(id_key(label))).casefold()
    return re.sub(r"[\s._\-]+", "", text)
