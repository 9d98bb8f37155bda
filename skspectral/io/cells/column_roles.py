"""Which columns of a table name samples and instruments, and which are plausibly references."""

import re

from ...exceptions import TableError
from .numbers import is_blank
from .phrases import axis_word, names_axis

__all__ = ["find_instrument_column", "find_name_column", "no_property"]

_NAMES = (
    "sampleid", "samplename", "sample", "samplenumber", "sampleno", "samplenr", "samplecode", "specimen", "specimenid",
    "id", "name", "labid", "labno", "labnumber", "probe", "probenname", "probennummer", "probennr", "muestra",
    "echantillon", "échantillon", "campione", "code", "barcode", "identifier", "idnumber", "label", "filename", "file",
    "spectrum", "spectrumid", "spectrumname", "scanname",
)  # fmt: skip
_INSTRUMENTS = ("instrument", "instrumentid", "instrumentname", "spectrometer", "device", "deviceid", "sensor", "gerät")
# words in labels of columns that are numbers, but no reference values
_NO_PROPERTY = re.compile(
    r"(?<![a-z])(?:years?|jahr|seasons?|months?|dates?|datum|times?|hours?|temps?|temperatures?|scans?|numbers?|ids?|"
    r"lat|lon|latitude|longitude|gps|altitude|elevation|population|batch|replicates?|repeats?|serial|integration|"
    r"sd|std|stdev|rsd|uncertainty|lod|loq|operator|harvest|timestamp|mahalanobis|instrument|spectrometer|barcode|unnamed)(?![a-z])"
)
# the same, where they are all of the label
_WHOLE = re.compile(
    r"(?:no|nr|num|pop|lot|sets?|folds?|splits?|reps?|runs?|index|idx|gain|plots?|blocks?|rows?|columns?|position|pos|cup|"
    r"days?|rotation|file|code|class|cluster|group|subset|gh|nh|weeks?|order|sequence|seq|age|dilution|plate|well|vial|z|"
    r"humidity)[\s\d.]*(?:[\[(].*[\])])?|.*[\[(](?:s|sec|min|h)[\])]|.*\s(?:no|nr|num)[.]?"
)


def _squeezed(label):
    return re.sub(r"[\W_]+", "", str(label).lower())


def find_name_column(labels, cells, wanted, path):
    """Find the column that names the samples.

    Parameters
    ----------
    labels : dict of int to str
        Labels of the columns that are no spectrum.
    cells : dict of int to list
        Their cells.
    wanted : str, optional
        The label that the user gave.
    path : str
        The file, for messages.

    Returns
    -------
    int or None
        Position of the column; None where none is recognised.

    Raises
    ------
    TableError
        If the label that the user gave is not there, or stands over two columns.
    """
    if wanted is not None:
        return _wanted(labels, wanted, path)
    squeezed = {k: _squeezed(label) for k, label in labels.items()}
    for word in _NAMES:
        found = [k for k, label in squeezed.items() if label == word and not _empty(cells[k])]
        if len(found) > 1:
            raise TableError(f"{path} has {len(found)} columns called {labels[found[0]]!r}.")
        if found:
            return found[0]
    for k, label in labels.items():
        text = label.lower()
        if (text.startswith("id.") or text.endswith(("_id", " id"))) and _squeezed(text) not in _INSTRUMENTS:
            return k
    first = min(cells, default=None)
    if first == 0 and _is_corner(labels[0], cells[0]) and not _counted(cells[0]):
        return 0
    return None


def _wanted(labels, wanted, path):
    found = [k for k, label in labels.items() if label == wanted] or [
        k for k, label in labels.items() if label.strip().lower() == str(wanted).strip().lower()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise TableError(f"{path} has {len(found)} columns called {wanted!r}.")
    named = ", ".join(label for label in labels.values() if label)
    raise TableError(f"{path} has no column {wanted!r}; its columns with a name are: {named or 'none'}.")


def _is_corner(label, column):
    """Whether a label speaks of the axis beside it, so that what stands beneath names the rows."""
    named = any(isinstance(cell, str) and cell[:1].isalpha() for cell in column)
    return not label or axis_word(label) or (names_axis(label) and named)


def _empty(column):
    return all(map(is_blank, column))


def _counted(column):
    """Whether a column only numbers the rows, as pandas writes it."""
    texts = [str(cell).strip() for cell in column]
    return any(texts == [str(first + i) for i in range(len(texts))] for first in (0, 1)) or all(map(is_blank, column))


def find_instrument_column(columns, wanted, path):
    """Find the column that names the instrument, by label; None where there is none."""
    if wanted is not None:
        labels = dict(enumerate(columns))
        return labels[_wanted(labels, wanted, path)]
    for word in _INSTRUMENTS:
        found = [label for label in columns if _squeezed(label) == word]
        if found:
            return found[0]
    return None


def no_property(label):
    """Whether a label says that a column of numbers holds no reference values."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(label)).lower().replace("_", " ")
    return bool(_NO_PROPERTY.search(spaced) or _WHOLE.fullmatch(spaced.strip()) or _squeezed(label) in _NAMES)
