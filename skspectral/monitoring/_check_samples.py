"""Check samples: when they were measured, what they hold, and what was predicted."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from ..exceptions import CheckLogError
from ._dates import as_datetime
from ._log_doubts import is_to_come
from ._model_checks import predict_checks

__all__ = ["CheckSamples"]


@dataclass(frozen=True, eq=False)
class CheckSamples:
    """Readings of samples whose references are known, in the order of their dates.

    Parameters
    ----------
    date : sequence of date, datetime, numpy.datetime64 or str of shape (n,)
        When the spectrum was measured; text as in ISO 8601 (``2026-03-09`` or ``2026-03-09T14:30``), or ``9.3.2026``.
    reference : array-like of shape (n,)
        Reference value, in the unit of the property.
    predicted : array-like of shape (n,)
        What the model predicted.
    sample : sequence of str of shape (n,), optional
        Name of each sample; a name that comes again is the same sample read again. By default each is a sample of its
        own.
    target_name : str or sequence of str of shape (n,), default="y"
        Name of the property.

    Attributes
    ----------
    date : ndarray of datetime of shape (n,)
    sample, target_name : ndarray of str of shape (n,)
    reference, predicted : ndarray of float of shape (n,)

    Raises
    ------
    CheckLogError
        If the lengths differ, a value is not finite, a name is empty, or a date cannot be read.

    Examples
    --------
    >>> from skspectral.monitoring import CheckSamples
    >>> samples = CheckSamples(["2026-03-16", "2026-03-09"], [10.0, 12.0], [10.1, 11.8])
    >>> samples.error.round(2).tolist()
    [-0.2, 0.1]
    """

    date: np.ndarray
    reference: np.ndarray
    predicted: np.ndarray
    sample: np.ndarray = None
    target_name: np.ndarray = "y"

    def __post_init__(self):
        dates = [as_datetime(value) for value in _each(self.date)]
        n = len(dates)
        # the names of unnamed samples must not meet those of others when logs are joined
        named = [f"#{i + 1}" for i in range(n)] if self.sample is None else _each(self.sample)
        of = [self.target_name] * n if isinstance(self.target_name, str) else _each(self.target_name)
        columns = {
            "sample": np.array([str(name) for name in named], dtype=object),
            "target_name": np.array([str(name) for name in of], dtype=object),
            "reference": np.asarray(self.reference, dtype=np.float64),
            "predicted": np.asarray(self.predicted, dtype=np.float64),
        }
        for name, column in columns.items():
            if column.shape != (n,):
                raise CheckLogError(f"There are {n} dates, but {name} has the shape {column.shape}; give one for each.")
            bad = ~np.isfinite(column) if column.dtype != object else np.array([not text.strip() for text in column])
            if bad.any():
                row = int(np.flatnonzero(bad)[0])
                what = "no name" if column.dtype == object else f"{column[row]}"
                raise CheckLogError(f"The {name} of check sample {row + 1} ({dates[row]:%Y-%m-%d}) is {what}.")
        if len({value.tzinfo is None for value in dates}) > 1:
            raise CheckLogError(
                "Some dates have a time zone and some have none, so that they cannot be put in order. Write all with "
                "one or all without."
            )
        order = sorted(range(n), key=dates.__getitem__)
        object.__setattr__(self, "date", np.array([dates[i] for i in order], dtype=object))
        for name, column in columns.items():
            object.__setattr__(self, name, column[order])

    @classmethod
    def from_model(cls, model, new, *, date, instrument=None):
        """Predict spectra of samples whose references are known.

        Parameters
        ----------
        model : skspectral.TransferredModel
        new : SpectraTable, path-like or sequence of path-like
            Spectra with sample names and references; replicates are averaged.
        date : date, datetime, numpy.datetime64 or str
            When they were measured.
        instrument : object, optional
            The target that measured them, where rows do not say or several did.

        Returns
        -------
        CheckSamples
            Of every property of the model that has references.

        Raises
        ------
        CheckLogError
            If there is no reference, a sample has no name, the spectra come from several instruments, or the date is
            still to come.

        Warns
        -----
        CheckLogWarning
            If spectra are left out because the model rejects them.
        """
        if is_to_come(as_datetime(date)):
            raise CheckLogError(f"The date {as_datetime(date):%Y-%m-%d} is still to come: nothing was measured yet.")
        return cls(*predict_checks(model, new, date, instrument))

    def __len__(self):
        return len(self.date)

    @property
    def error(self):
        """Predicted minus reference, ndarray of shape (n,)."""
        return self.predicted - self.reference

    @property
    def properties(self):
        """Names of the properties, in the order in which they appear."""
        return list(dict.fromkeys(self.target_name.tolist()))

    def of(self, target_name):
        """Readings of one property.

        Raises
        ------
        CheckLogError
            If there is none.
        """
        rows = self.target_name == target_name
        if not rows.any():
            raise CheckLogError(f"There is no check sample of {target_name!r}, only of {', '.join(self.properties)}.")
        return self._take(rows)

    def since(self, date):
        """Readings from a date on, such as that of a repair or an update."""
        first = as_datetime(date)
        if len(self) and self.date[0].tzinfo is not None and first.tzinfo is None:
            first = first.replace(tzinfo=self.date[0].tzinfo)
        return self._take(np.array([value >= first for value in self.date], dtype=bool))

    def _columns(self):
        return {name: getattr(self, name) for name in ("date", "sample", "target_name", "reference", "predicted")}

    def _take(self, rows):
        return CheckSamples(**{name: column[rows] for name, column in self._columns().items()})


def _each(values):
    return [values] if isinstance(values, (str, date)) else list(values)
