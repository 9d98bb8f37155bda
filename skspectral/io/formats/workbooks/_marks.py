"""What cells of a workbook say that their values do not."""

import re
from collections import defaultdict
from dataclasses import dataclass, field

__all__ = ["ERROR_WORDS", "Marks", "is_percent_format"]

#: What spreadsheets show where a formula went wrong.
ERROR_WORDS = re.compile(
    r"#(?:N/A|NV|DIV/0!|REF!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|[\w/]+[!?])|Err:\d+", re.IGNORECASE
)
# quoted, escaped and bracketed parts of a format are text
_TEXT_IN_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')


@dataclass
class Marks:
    """Positions (row, column), from 0, of cells by name of the sheet.

    Attributes
    ----------
    percent : dict of {str: set}
        Numbers that are shown as percentages: 0.125 as 12.5 %.
    errors, formulas : dict of {str: set}
        Errors such as #DIV/0!; formulas whose results are not stored.
    merged : dict of {str: set}
        First and last position of cells that are merged, where python-calamine does not say.
    """

    percent: dict = field(default_factory=lambda: defaultdict(set))
    errors: dict = field(default_factory=lambda: defaultdict(set))
    formulas: dict = field(default_factory=lambda: defaultdict(set))
    merged: dict = field(default_factory=lambda: defaultdict(set))


def is_percent_format(text):
    """Whether a format of numbers shows them times 100, with a percent sign."""
    return "%" in _TEXT_IN_FORMAT.sub("", text)
