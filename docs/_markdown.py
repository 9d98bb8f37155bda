"""Turn the project's Markdown files into reStructuredText.

They are Markdown because code hosts show it. They keep to headings, lists, fenced code, inline code, links and pipe
tables, so that a few substitutions do and no parser package is needed.
"""

import re

__all__ = ["to_rst"]

UNDERLINES = "=-~^"


def to_rst(text, *, level=0):
    """Convert a document.

    Parameters
    ----------
    text : str
        Markdown with ATX headings, ``-`` and ``1.`` lists, fenced code blocks, inline code, links and pipe tables.
    level : int, default=0
        How many levels the headings are lowered, for text that goes into a page with a title of its own.

    Returns
    -------
    str
        The same as reStructuredText.
    """
    out, in_code, in_table = [], False, False
    for line in text.splitlines():
        fence = re.match(r"```(\w*)$", line)
        heading = re.match(r"(#{1,3}) (.*)$", line)
        in_row = line.startswith("|") and not in_code
        if fence:
            out += [""] if in_code else [f".. code-block:: {fence[1] or 'text'}", ""]
            in_code = not in_code
        elif in_code:
            out.append(f"    {line}".rstrip())
        elif heading:
            title = _inline(heading[2])
            out += [title, UNDERLINES[len(heading[1]) - 1 + level] * len(title)]
        elif in_row:
            out += _row(line, first=not in_table)
        else:
            out += ["", _inline(line)] if in_table else [_inline(line)]
        in_table = in_row
    return "\n".join(out) + "\n"


def _row(line, *, first):
    """One row of a list-table; the line of dashes below the head gives nothing."""
    if re.fullmatch(r"[|:\- ]+", line):
        return []
    head = [".. list-table::", "   :header-rows: 1", "   :class: table-sm", ""] if first else []
    cells = [_inline(cell.strip()) for cell in line.strip().strip("|").split("|")]
    return head + [f"   {'* -' if i == 0 else '  -'} {cell}".rstrip() for i, cell in enumerate(cells)]


def _inline(text):
    """Convert inline code and links, outside of inline code only."""
    pieces = re.split(r"(`[^`]+`)", text)
    for i, piece in enumerate(pieces):
        is_code = i % 2 == 1
        pieces[i] = f"`{piece}`" if is_code else re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r"`\1 <\2>`__", piece)
    return "".join(pieces)
