"""What a check finds."""

from dataclasses import dataclass

__all__ = ["Finding", "Findings", "rows_named", "shown", "whose"]

SEVERITIES = ("error", "warning", "note")
# names that are listed before "and more"
FEW = 5


@dataclass(frozen=True)
class Finding:
    """One thing that cannot be right (error), may be wrong (warning), or should be known (note).

    Parameters
    ----------
    severity : {"error", "warning", "note"}
    what : str
        What was found.
    where : str
        Instrument, samples, files or wavelengths.
    remedy : str
        What to do about it.
    """

    severity: str
    what: str
    where: str
    remedy: str

    def __str__(self):
        return f"{self.severity}: {self.what} ({self.where}). {self.remedy}"


class Findings(list):
    """List of `Finding`, the gravest first; prints itself."""

    def __init__(self, findings=()):
        super().__init__(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))

    @property
    def errors(self):
        """Those that cannot be right."""
        return [finding for finding in self if finding.severity == "error"]

    def __repr__(self):
        return "\n".join(map(str, self)) if self else "Nothing found."


def whose(name):
    """Name the instrument whose spectra are meant."""
    return "all spectra" if name is None else f"instrument {name}"


def shown(labels):
    """List the first few of some labels, each once."""
    labels = list(dict.fromkeys(str(label) for label in labels))
    return ", ".join(labels[:FEW]) + (f" and {len(labels) - FEW} more" if len(labels) > FEW else "")


def rows_named(table, rows):
    """List the first few of some rows by their samples, or by where they came from."""
    return shown(table.where(row) if table.sample_id[row] is None else table.sample_id[row] for row in rows)
