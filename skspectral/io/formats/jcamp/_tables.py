"""The tables of JCAMP-DX: lines of numbers, plain or in the squeezed and difference forms.

Source: McDonald & Wilks (1988) Applied Spectroscopy 42:151, doi:10.1366/0003702884428734, sections 5.5 to 5.9.
"""

import re

import numpy as np

from ....exceptions import TableError

__all__ = ["abscissa", "read_pairs", "read_steps"]

_SQUEEZED = {**dict(zip("@ABCDEFGHI", range(10))), **dict(zip("abcdefghi", range(-1, -10, -1)))}
_DIFFERENCE = {**dict(zip("%JKLMNOPQR", range(10))), **dict(zip("jklmnopqr", range(-1, -10, -1)))}
_REPEAT = dict(zip("STUVWXYZs", range(1, 10)))
#: Letters that no plain number has: E and e are an exponent there, once in a number, and a digit here.
_COMPRESSED = re.compile(r"[@A-DF-Ia-df-i%J-Rj-rS-Zs]|[Ee][\d.]*[Ee]")
_TOKEN = re.compile(r"[@A-Ia-i%J-Rj-rS-Zs]\d*(?:\.\d*)?|[+-]?(?:\d+\.?\d*|\.\d+)|\?")
#: Plain numbers stand apart or begin with a sign, so that 1.2.3 is none.
_PLAIN = re.compile(r"(?:[+-]|(?<![\d.]))(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?|\?")
_BETWEEN = re.compile(r"[ \t,;]*")
#: Steps by which the abscissas of the lines may drift from the axis.
DRIFT = 0.25
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[+-]\d+(?:,\d+)?)*")


def read_steps(lines, where):
    """Values of a table ``(X++(Y..Y))``: the abscissa of each line, the index of its first value, and all values.

    Parameters
    ----------
    lines : list of (int, str)
        Number and text of each line.
    where : str
        The file, for messages.
    """
    text = [line for _, line in lines]
    compressed = any(_COMPRESSED.search(line) for line in text)
    comma = not compressed and _has_decimal_commas(text)
    xs, starts, numbers, y = [], [], [], []
    check = False
    for number, line in lines:
        tokens = _tokens(line.replace(",", ".") if comma else line, compressed, f"{where}, line {number}")
        if not tokens:
            continue
        try:
            x, values, difference = _decode(tokens, compressed)
        except ValueError as error:
            raise TableError(f"{where}, line {number}: {error}; the file is damaged.") from error
        if check:
            if not values or values[0] != y[-1]:
                raise TableError(
                    f"{where}, line {number}: the first value must repeat the last one before it ({y[-1]:g}) and is "
                    f"{values[0] if values else 'missing'}; the file is damaged."
                )
            values = values[1:]
        xs.append(x)
        starts.append(len(y) - 1 if check else len(y))
        numbers.append(number)
        y.extend(values)
        check = difference
    return np.array(xs), np.array(starts, dtype=int), numbers, np.array(y, dtype=np.float64)


def _has_decimal_commas(lines):
    """Whether commas are decimal signs: one within each word at most, with digits on both sides, and no point."""
    words = [word for line in lines for word in line.split() if "," in word]
    return bool(words) and not any("." in line for line in lines) and all(map(_DECIMAL_COMMA.fullmatch, words))


def read_pairs(lines, where):
    """Abscissas and values of a table ``(XY..XY)``."""
    pairs = []
    for number, line in lines:
        tokens = _tokens(line, False, f"{where}, line {number}")
        if len(tokens) % 2:
            raise TableError(f"{where}, line {number}: an odd count of numbers where pairs must stand; is it damaged?")
        pairs.extend(np.nan if token == "?" else float(token) for token in tokens)
    return np.array(pairs[0::2], dtype=np.float64), np.array(pairs[1::2], dtype=np.float64)


def abscissa(first, lasts, n, xs, factor, starts, numbers, where):
    """Equally spaced axis, held against the abscissa that each line of a table begins with.

    The abscissas in the table are rounded and serve as a check only: one that is off by more than a step shows that
    values are missing or doubled before it. Of several ends that the file states, the first that agrees with them is
    taken; programs forget to divide the abscissas by their factor, so they may agree with or without it.

    Parameters
    ----------
    first : float
        Abscissa of the first value.
    lasts : sequence of float
        Abscissas that the last value may have, in the order of trust.
    n : int
        Number of values.
    xs : ndarray of shape (n_lines,)
        Abscissas of the lines, as they are written.
    factor : float
        What they are to be multiplied by.
    starts : ndarray of int of shape (n_lines,)
        Index of the first value of each line.
    numbers : list of int
        Number of each line in the file.
    where : str
        The file, for messages.

    Returns
    -------
    ndarray of shape (n,)

    Raises
    ------
    TableError
        If there is no axis, or none that agrees with the lines.
    """
    if n < 2 or first in lasts:
        raise TableError(f"{where}: {n} points from {first:g} to {lasts[0]:g} are no axis.")
    at = np.minimum(starts, n - 1)
    for last in lasts:
        axis = np.linspace(first, last, n)
        for written in (xs * factor, xs):
            # An abscissa may be rounded to a few digits, so what the digits cannot say is allowed on top of the step.
            step, rounding = abs(axis[1] - axis[0]), 0.51 * _rounding(written)
            off = written - axis[at]
            if np.all(np.abs(off) <= 1.001 * step + rounding) and _drift(at, off) <= DRIFT * step + 2 * rounding:
                return axis
    expected = np.linspace(first, lasts[0], n)[at]
    k = int(np.argmax(np.abs(xs * factor - expected)))
    raise TableError(
        f"{where}, line {numbers[k]} begins at {xs[k] * factor:.6g}, but the values before it end so that it must "
        f"begin at {expected[k]:.6g}; values are missing, ##LASTX= or ##DELTAX= is wrong, or the file is damaged."
    )


def _drift(at, off):
    """How far the lines run away from the axis from the first to the last: then an end of the axis is wrong."""
    if len(at) < 2:
        return 0.0
    centred = at - at.mean()
    return abs(float(centred @ off / (centred @ centred))) * float(np.ptp(at))


def _rounding(xs):
    """The coarsest unit that all of ``xs`` are multiples of, from 10 downwards by tens (0 if they are finer)."""
    for digits in range(-1, 7):
        if np.allclose(xs, np.round(xs, digits), rtol=0, atol=1e-9):
            return 10.0**-digits
    return 0.0


def _tokens(line, compressed, where):
    """Split a line into the words of numbers; anything else in it is refused."""
    pattern = _TOKEN if compressed else _PLAIN
    tokens, position = [], _BETWEEN.match(line).end()
    while position < len(line):
        match = pattern.match(line, position)
        if match is None or match.end() == position:
            raise TableError(f"{where}: {line[position : position + 20]!r} is no number; the file is damaged.")
        tokens.append(match.group())
        position = _BETWEEN.match(line, match.end()).end()
    return tokens


def _decode(tokens, compressed):
    """Abscissa and values of one line, and whether its last value was written as a difference."""
    if not compressed:
        return float(tokens[0]), [np.nan if token == "?" else float(token) for token in tokens[1:]], False
    first = tokens[0]
    x = _number(_SQUEEZED, first) if first[0] in _SQUEEZED else float(first)
    values, last, difference = [], None, False
    for token in tokens[1:]:
        letter = token[0]
        if letter in _REPEAT:
            times = int(_number(_REPEAT, token)) - 1
            if last is None or times < 0 or times > 1_000_000:
                raise ValueError(f"{token!r} repeats nothing")
            step = last if difference else 0.0
            values.extend([values[-1] + step * k for k in range(1, times + 1)])
        elif letter in _DIFFERENCE:
            if not values:
                raise ValueError(f"{token!r} is a difference to no value")
            last, difference = _number(_DIFFERENCE, token), True
            values.append(values[-1] + last)
        else:
            value = np.nan if letter == "?" else _number(_SQUEEZED, token) if letter in _SQUEEZED else float(token)
            last, difference = value, False
            values.append(value)
    return x, values, difference


def _number(digits, token):
    """A number whose first digit and sign are one letter."""
    leading = digits[token[0]]
    sign = "-" if token[0].islower() and token[0] != "s" else ""
    return float(f"{sign}{abs(leading)}{token[1:]}")
