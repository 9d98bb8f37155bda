"""Errors as they were measured, one JSON line each, so that a run that was stopped goes on."""

import json
from pathlib import Path

import numpy as np

from skspectral.transfer.portfolio import portfolio_hash

__all__ = ["Records"]


class Records:
    """A file of errors, all made with one version of the learned constants.

    Parameters
    ----------
    path : path-like
        Created with the first record; lines of other constants are left out of it then.
    """

    def __init__(self, path):
        self.path = Path(path)
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        every = [json.loads(line) for line in lines]
        self.rows = [row for row in every if row["constants"] == portfolio_hash()]
        self._is_changed = len(self.rows) < len(every)
        self._known = {self._key(row["of"]) for row in self.rows}

    def __contains__(self, of):
        return self._key(of) in self._known

    def add(self, of, errors):
        """Write down the errors of one case.

        Parameters
        ----------
        of : dict of {str: str or int}
            What the case is.
        errors : dict of {str: array-like}
            Mean squared error of each property on the test samples, by way of transfer.
        """
        if self._is_changed:
            self.path.write_text("".join(f"{json.dumps(row)}\n" for row in self.rows), encoding="utf-8")
            self._is_changed = False
        shown = {name: [float(f"{value:.5g}") for value in np.ravel(values)] for name, values in errors.items()}
        row = {"of": of, "errors": shown, "constants": portfolio_hash()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.rows.append(row)
        self._known.add(self._key(of))

    @staticmethod
    def _key(of):
        return json.dumps(of, sort_keys=True)
