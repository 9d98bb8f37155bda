"""What may be wrong with the lines of a log: dates to come, codes, percent for fractions, a property spelled twice."""

import warnings
from datetime import datetime, timedelta

import numpy as np

from .._core.missing_codes import find_codes
from .._core.spelling import tidy
from ..exceptions import CheckLogWarning

__all__ = ["is_to_come", "warn_of_doubts"]

# a clock elsewhere may be ahead
AHEAD = timedelta(days=2)
# numbers of which one is a hundred times the other, but for an error of prediction
HUNDREDFOLD = (80.0, 125.0)


def warn_of_doubts(path, numbers):
    """Warn of lines whose reading is kept, but may be a slip.

    Parameters
    ----------
    path : path-like
        The log, for messages.
    numbers : dict of {(date, sample, property, reference, predicted): int}
        Number of the line of each reading.
    """
    said = [*_to_come(numbers), *_codes(numbers), *_hundredfold(numbers), *_spellings(numbers)]
    for text in said:
        warnings.warn(f"{path}, {text}", CheckLogWarning, stacklevel=3)


def _to_come(numbers):
    late = [(row[0], line) for row, line in numbers.items() if is_to_come(row[0])]
    if late:
        date, line = late[0]
        yield (
            f"line {line}: the date {date:%Y-%m-%d} is still to come{_more(len(late) - 1)}, and the reading stands "
            "behind all others until then. Correct the year or the day."
        )


def is_to_come(date):
    """Whether a datetime is of a day to come."""
    return date > datetime.now(date.tzinfo) + AHEAD


def _codes(numbers):
    """Numbers such as -9999, by property, among references and predictions together: both are of one size."""
    for name in dict.fromkeys(row[2] for row in numbers):
        rows = [row for row in numbers if row[2] == name]
        values = np.array([row[3:] for row in rows], dtype=np.float64)
        for row, own, codes in zip(rows, values, find_codes(values)):
            if codes.any():
                value = own[codes][0]
                yield (
                    f"line {numbers[row]}: {value:g} stands for 'no value' in many programs, and is taken as a reading "
                    f"of {name!r}. Leave out a line without a reading."
                )


def _hundredfold(numbers):
    """A reference in percent beside a prediction as a fraction, or the reverse."""
    found = [(row, line) for row, line in numbers.items() if _is_hundredfold(*map(abs, row[3:]))]
    if found:
        (_, sample, name, reference, predicted), line = found[0]
        yield (
            f"line {line}: the reference of {name!r} of sample {sample!r} is {reference:g}, and {predicted:.4g} was "
            f"predicted: is one of them in percent and the other a fraction{_more(len(found) - 1)}?"
        )


def _is_hundredfold(reference, predicted):
    low, high = sorted((reference, predicted))
    return low > 0 and HUNDREDFOLD[0] < high / low < HUNDREDFOLD[1]


def _more(n):
    return f", here and in {n} more line{'s' if n > 1 else ''}" if n else ""


def _spellings(numbers):
    seen = {}
    for (_, _, name, *_), line in numbers.items():
        other = seen.setdefault(tidy(name), name)
        if other != name:
            yield (
                f"line {line}: the properties {other!r} and {name!r} differ in spelling alone and get a chart each. "
                "Write them alike if they are one."
            )
            return
