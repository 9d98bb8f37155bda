"""Dates as laboratories and their spreadsheets write them; one that can be read in two ways is refused."""

import re
from datetime import date, datetime, time

import numpy as np

from ..exceptions import CheckLogError

__all__ = ["as_datetime", "day_comes_first"]

_TIME = r"(?:[ T,]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
#: Year first, with points or slashes, has no other meaning; nor have points with the year behind them.
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[./-](?P<month>\d{1,2})[./-](?P<day>\d{1,2})" + _TIME)
_POINTS = re.compile(r"(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\. ?(?P<year>\d{4})" + _TIME)
#: Slashes and hyphens with the year behind them: the day first, or the month, as the country has it.
_EITHER = re.compile(r"(?P<one>\d{1,2})(?P<sign>[/-])(?P<two>\d{1,2})(?P=sign)(?P<year>\d{4})" + _TIME)
#: Days since 1900, which is what a spreadsheet keeps of a date: 1980 to 2100.
_COUNTED = re.compile(r"[2-7]\d{4}([.,]\d+)?")
MONTHS = 12


def as_datetime(value, *, day_first=None):
    """Read a date.

    Parameters
    ----------
    value : date, datetime, numpy.datetime64 or str
        Text as in ISO 8601, as ``2026/3/9``, ``9.3.2026`` or ``9/3/2026``, with or without a time.
    day_first : bool, optional
        Whether in the last of these the day comes first; without it only dates that leave no choice are read.

    Returns
    -------
    datetime

    Raises
    ------
    CheckLogError
        If it is no date, or can be read in two ways.
    """
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    text = str(value).strip()
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _written(text, day_first)


def day_comes_first(texts):
    """Whether dates with slashes that stand together, as in one file, have the day first; None where none tells.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    bool or None
        None also where some prove the one and some the other.
    """
    proved = set()
    for text in texts:
        match = _EITHER.fullmatch(text.strip())
        if match:
            one, two = int(match["one"]), int(match["two"])
            proved |= {True} if one > MONTHS else {False} if two > MONTHS else set()
    return proved.pop() if len(proved) == 1 else None


def _written(text, day_first):
    """A date that is not in the form of ISO 8601."""
    match = _YEAR_FIRST.fullmatch(text) or _POINTS.fullmatch(text)
    if match:
        day, month = int(match["day"]), int(match["month"])
    elif match := _EITHER.fullmatch(text):
        one, two = int(match["one"]), int(match["two"])
        if one > MONTHS or two > MONTHS or one == two:
            day_first = one > MONTHS
        elif day_first is None:
            raise CheckLogError(
                f"{text!r} can be read in two ways, as the {one}. of month {two} and as the {two}. of month {one}; "
                "write year-month-day, such as 2026-03-09."
            )
        day, month = (one, two) if day_first else (two, one)
    else:
        counted = " It looks like the number of a day, as spreadsheets keep dates: format its column as a date."
        raise CheckLogError(
            f"{text!r} is no date; write year-month-day, such as 2026-03-09."
            + (counted if _COUNTED.fullmatch(text) else "")
        )
    try:
        return datetime.combine(date(int(match["year"]), month, day), _clock(match))
    except ValueError as error:
        raise CheckLogError(f"{text!r} is no date ({error}); write year-month-day, such as 2026-03-09.") from error


def _clock(match):
    if match["hour"] is None:
        return time()
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= MONTHS:
            raise ValueError("hours before and after noon go from 1 to 12")
        hour = hour % MONTHS + (MONTHS if match["half"] in "Pp" else 0)
    return time(hour, int(match["minute"]), int(match["second"] or 0))
