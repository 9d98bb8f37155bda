"""Tables of spectra in text files: found out how they are written by the first lines, then read by pandas."""

import warnings
from pathlib import Path

from ...exceptions import NoSpectraError, ReadingOptionError, TableWarning
from ..grids.blocks import blocks_from_cells, build_block
from ..grids.layout import find_layout
from ..grids.preamble import read_preamble
from ._body import read_body
from ._encoding import find_encoding, open_text
from ._lines import is_comment, numbered, read_head
from .dialect import check_separators, split

__all__ = ["read_text", "text_rows"]


def read_text(
    path, *, encoding=None, decimal=None, delimiter=None, unit=None, quantity=None, id_column=None, keep_flawed=False,
    **_options,
):  # fmt: skip
    """Read the spectra of a text file.

    Columns are separated by ``;``, a tab, ``,``, ``|`` or blanks; numbers have a point or a comma; the text is UTF-8,
    UTF-16 or Windows-1252, with or without a byte order mark; lines above the table and comments (``#``, ``//``, ``!``)
    are kept as what the file says of its spectra. A table has one spectrum per row or, beside an axis in the first
    column, one per column.

    Parameters
    ----------
    path : str or path-like
        The file.
    encoding, decimal, delimiter, unit, quantity, id_column
        What the user says, which wins over what the file says; see `skspectral.io.read_spectra`.
    keep_flawed : bool
        Whether spectra with cells that are no numbers are kept, with NaN there, as long as others are whole.

    Returns
    -------
    list of SpectraBlock
        One block.

    Raises
    ------
    NoSpectraError
        If the table holds no spectral columns.
    TableError
        If the file is no table; the message names file, line and column.

    Warns
    -----
    TableWarning
        If the file may be cut off, or ends in a line that is no row.
    """
    path = Path(path).expanduser()
    check_separators(delimiter, decimal)
    encoding, note = find_encoding(path, encoding)
    with open_text(path, encoding) as stream:
        head = read_head(stream, path, delimiter, decimal)
    if delimiter is not None and all(len(row) == 1 for row in head.rows):
        raise ReadingOptionError(f"{path}: no line holds the delimiter {delimiter!r}. Leave delimiter= out to find it.")
    layout = _layout(head, path, decimal)
    comments = [text for _, text in head.comments]
    options = {"unit": unit, "quantity": quantity, "id_column": id_column}
    if layout.turned:
        rows, lines = text_rows(path, encoding=encoding, head=head)
        options |= {"decimal": decimal, "keep_flawed": keep_flawed}
        (block,) = blocks_from_cells(rows, path, "line {}", lines=lines, comments=comments, **options)
    else:
        meta = read_preamble(layout, head.rows[: max(layout.head, 0)], comments, path.suffix.lower())
        body, notes = read_body(path, encoding, head, layout, decimal, {} if keep_flawed else None)
        block = build_block(body, layout, str(path), meta, notes, **options)
    block.notes[:0] = [note] if note else []
    for text in block.notes:
        if "may be cut off" in text or "is no row of the table" in text:
            warnings.warn(f"{path}: {text}.", TableWarning, stacklevel=2)
    return [block]


def _layout(head, path, decimal):
    try:
        return find_layout(head.rows, path, decimal=decimal)
    except NoSpectraError:
        if not head.comments:
            raise
        # the labels may stand in the last comment, as numpy.savetxt writes them
        line, text = head.comments.pop()
        head.rows.insert(0, split(text, head.delimiter, f"{path}, line {line}"))
        head.lines.insert(0, line)
        return find_layout(head.rows, path, decimal=decimal)


def text_rows(path, *, encoding=None, decimal=None, delimiter=None, head=None, **_options):
    """Split a text file into rows of cells, without its comments.

    Parameters
    ----------
    path : str or path-like
        The file.
    encoding, decimal, delimiter : str, optional
        See `read_text`.
    head : Head, optional
        First rows, where they are known.

    Returns
    -------
    rows : list of list of str
        Cells.
    lines : list of int
        Line of each row.
    """
    path = Path(path).expanduser()
    if head is None:
        check_separators(delimiter, decimal)
        encoding, _ = find_encoding(path, encoding)
        with open_text(path, encoding) as stream:
            head = read_head(stream, path, delimiter, decimal)
    rows, lines = list(head.rows), list(head.lines)
    if not head.whole:
        width = max(map(len, rows))
        with open_text(path, encoding) as stream:
            for line, text in numbered(stream, path):
                if line > lines[-1] and not is_comment(text, head.delimiter, width):
                    rows.append(split(text, head.delimiter, f"{path}, line {line}"))
                    lines.append(line)
    return rows, lines
