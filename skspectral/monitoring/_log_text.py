"""How the lines of a log are written: as we do, or as a spreadsheet that saved them."""

import csv
from datetime import time

__all__ = ["date_text", "decoded", "encoded", "encoding_of", "has_commas"]


def decoded(line):
    """Text of a line: UTF-8, else what spreadsheets write in Western Europe."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def encoding_of(content):
    """Encoding of the bytes of a log."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def encoded(text, encoding):
    """Bytes of lines to append."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        # lines are read one by one
        return text.encode()


def has_commas(lines, delimiter, at):
    """Whether numbers of these columns are written with a comma."""
    for line in lines:
        fields = next(csv.reader([decoded(line)], delimiter=delimiter), [])
        if any("," in fields[i] for i in at if i < len(fields)):
            return True
    return False


def date_text(value):
    """A date in ISO 8601, without a time where it has none."""
    return (value.date() if value.time() == time() and value.tzinfo is None else value).isoformat()
