"""Methods side by side on the same splits: predictions, figures of merit, a report."""

from ._compare import Comparison, compare_methods, default_methods
from ._judged import judge_held_out
from ._report import summary_table, write_report

__all__ = [
    "Comparison",
    "compare_methods",
    "default_methods",
    "judge_held_out",
    "summary_table",
    "write_report",
]
