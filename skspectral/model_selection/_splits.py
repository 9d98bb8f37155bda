"""Cross-validation over samples and transfer standards instead of rows."""

import inspect
from numbers import Integral, Real

import numpy as np
from sklearn.model_selection import BaseCrossValidator

from .._core.labels import id_key, is_missing
from .._core.matrices import as_matrix
from .._core.random_streams import independent_streams
from ..exceptions import MissingReferenceError, TooFewStandardsError
from ._standards import METHODS, USING_REFERENCES, select_standards
from .metadata import SplitRows

__all__ = ["StandardsSplit", "TransferSplit"]


class _SampleSplit(BaseCrossValidator):
    """Base of both splitters: the labels they ask for, and how they print."""

    # class-level requests: the library never calls set_split_request and works with routing on and off
    __metadata_request__split = {"instrument": True, "sample_id": True}
    # searches that were stored before there was such a parameter know none
    others = ()

    def split(self, X, y=None, groups=None, *, instrument=None, sample_id=None):
        """Yield the rows to train on and the rows to test on.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of all instruments.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets), optional
            References; NaN where there is none. Without ``y`` every row counts as having one.
        groups : array-like of shape (n_spectra, 2), optional
            ``as_groups(instrument, sample_id)``, for use without metadata routing.
        instrument, sample_id : array-like of shape (n_spectra,), optional
            Instrument and sample of each row; None, NaN and pandas.NA stand for an unknown sample.

        Yields
        ------
        train, test : ndarray of int
            Row positions in ascending order.

        Raises
        ------
        AmbiguousInstrumentError
            If the labels were not given (the message lists the ways to give them), or the roles cannot be resolved.
        UnknownInstrumentError, NoSourceError, NoStandardsError
            If there are no rows of the instrument that plays a role, or of one in ``others``.
        TooFewStandardsError, MissingReferenceError
            If there are too few standards, or nothing to test on.
        """
        rows = SplitRows.read(self, X, y, groups, instrument, sample_id)
        for train, test in self._masks(X, rows):
            yield np.flatnonzero(train), np.flatnonzero(test)

    def _masks(self, X, rows):
        """Yield boolean masks of the rows to train and to test on."""
        raise NotImplementedError

    def __repr__(self):
        shown = []
        for position, (name, parameter) in enumerate(inspect.signature(type(self)).parameters.items()):
            value = getattr(self, name)
            if value is parameter.default or (isinstance(value, Real | str) and value == parameter.default):
                continue
            prefix = "" if position == 0 else f"{name}="
            shown.append(f"{prefix}{np.array2string(value, threshold=6) if isinstance(value, np.ndarray) else value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


class TransferSplit(_SampleSplit):
    """Hold out samples on every instrument, and train with N transfer standards of those that are left.

    Each repeat draws test samples; all their rows leave the training set, also those of the source, which would give
    away the reference. The other samples are the calibration samples: their source rows are trained on, and the target
    rows of ``n_standards`` of them. Which samples are tested, and in which order standards are taken, does not depend
    on ``n_standards``: the five standards of ``n_standards=5`` are the first five of ``n_standards=10``.

    Parameters
    ----------
    n_standards : int or "all", default=10
        Number of standards. It counts samples: all replicates of a standard travel. 0 is allowed (no transfer,
        or unlabelled target spectra alone).
    n_repeats : int, default=10
        Number of random repeats. With ``test_samples`` and a ``selection`` other than random all repeats are alike.
    test_size : float or int, default=0.3
        Share (rounded up) or number of the samples that have a labelled target row.
    test_samples : array-like, optional
        Ids of fixed test samples, instead of ``test_size``.
    source, target : object, optional
        Labels of the two instruments. One may be left out with rows of two instruments. Rows of further instruments
        are left out of both sets when both roles are given.
    others : sequence of object, default=()
        Labels of further known instruments, for methods that have such a parameter: their rows are trained on as those
        of the source are, without the samples that are tested.
    selection : {"random", "kennard-stone", "spxy", "y", "duplex", "leverage"}, default="random"
        Order in which calibration samples become standards, see :func:`select_standards`. Except for ``"random"`` it
        rests on the source spectra in the ``X`` that is given (inside a search, before any Pipeline step), replicates
        averaged; samples without a source row, and for ``"spxy"`` and ``"y"`` those that lack a reference, come last,
        at random.
    random_state : int, RandomState, numpy Generator or None, default=None
        Seed. With an int every call of ``split`` gives the same splits, in whatever order the rows stand.

    Notes
    -----
    A *standard* is a calibration sample with a target row and a reference, its own or its source twin's. Test rows are
    the target rows of held-out samples that have a finite reference of their own for at least one property.

    Source rows without ``sample_id`` stay in every training set. Target rows without ``sample_id`` are never standards
    and never tested; without a reference (see :func:`detach`) they stay in every training set as unlabelled spectra,
    with one they are left out, because they would be further standards. So are target rows of calibration samples that
    have no reference at all: they would be further pairs.

    ``GridSearchCV(refit=True)`` refits on all rows passed to it: every target row, not only N standards.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.model_selection import TransferSplit
    >>> data = make_instruments(n_samples=40)
    >>> splitter = TransferSplit(5, 2, source="A", target="B", random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> [(len(train), len(test)) for train, test in splitter.split(data.X, data.y, **labels)]
    [(33, 12), (33, 12)]
    """

    def __init__(
        self,
        n_standards=10,
        n_repeats=10,
        *,
        test_size=0.3,
        test_samples=None,
        source=None,
        target=None,
        others=(),
        selection="random",
        random_state=None,
    ):
        self.n_standards = n_standards
        self.n_repeats = n_repeats
        self.test_size = test_size
        self.test_samples = test_samples
        self.source = source
        self.target = target
        self.others = others
        self.selection = selection
        self.random_state = random_state

    def get_n_splits(self, X=None, y=None, groups=None, *, instrument=None, sample_id=None):
        """Return the number of repeats.

        Parameters
        ----------
        X, y, groups, instrument, sample_id : ignored

        Returns
        -------
        int
        """
        return self.n_repeats

    def _masks(self, X, rows):
        self._check_params()
        fixed = self._fixed_test_samples(rows)
        for stream in independent_streams(self.random_state, self.n_repeats):
            # one generator for each decision, so that none moves another
            draw, order = stream.spawn(2)
            held_out = self._draw_test_samples(draw, rows) if fixed is None else fixed
            out = rows.rows_of(held_out)
            standards = self._order_standards(order, X, rows, np.setdiff1d(rows.standards, held_out))
            test = out & rows.is_target & rows.has_reference
            unlabelled = rows.is_target & (rows.codes < 0) & ~rows.has_reference
            train = ((rows.is_source | rows.is_other) & ~out) | (rows.is_target & rows.rows_of(standards)) | unlabelled
            yield train, test

    def _check_params(self):
        n, repeats, size = self.n_standards, self.n_repeats, self.test_size
        if n != "all" and (isinstance(n, bool) or not isinstance(n, Integral) or n < 0):
            raise ValueError(f'n_standards must be an integer >= 0 or "all", got {n!r}.')
        if isinstance(repeats, bool) or not isinstance(repeats, Integral) or repeats < 1:
            raise ValueError(f"n_repeats must be an integer >= 1, got {repeats!r}.")
        share = isinstance(size, Real) and not isinstance(size, Integral) and 0 < size < 1
        number = isinstance(size, Integral) and not isinstance(size, bool) and size >= 1
        if not share and not number:
            raise ValueError(f"test_size must be a share between 0 and 1 or a number of samples, got {size!r}.")
        if self.selection not in METHODS:
            raise ValueError(f"selection must be one of {METHODS}, got {self.selection!r}.")

    def _fixed_test_samples(self, rows):
        if self.test_samples is None:
            return None
        number = {id_key(label): code for code, label in enumerate(rows.ids)}
        wanted = [label for label in np.asarray(self.test_samples, dtype=object).ravel() if not is_missing(label)]
        unknown = [label for label in wanted if id_key(label) not in number]
        if unknown or not wanted:
            raise ValueError(
                f"{len(unknown)} of the {len(wanted)} test_samples are not in sample_id"
                f"{f' (the first is {unknown[0]!r})' if unknown else ''}; give ids of samples in these rows."
            )
        fixed = np.array(sorted({number[id_key(label)] for label in wanted}))
        if not np.isin(fixed, rows.testable).any():
            raise MissingReferenceError(
                f"None of the {len(fixed)} test_samples has a row of the target with a reference of its own."
                f"{rows.remedy()}"
            )
        return fixed

    def _draw_test_samples(self, draw, rows):
        testable = rows.testable
        if not testable.size:
            raise MissingReferenceError(
                "TransferSplit found no target row with both a sample_id and a reference, so there is nothing to test "
                f"on. Rows without a sample_id are never tested.{rows.remedy()}"
            )
        size = self.test_size
        n_test = int(size) if isinstance(size, Integral) else int(np.ceil(size * testable.size))
        if n_test >= testable.size:
            raise TooFewStandardsError(
                f"test_size={size!r} takes {n_test} of the {testable.size} samples that have a labelled target row "
                f"and leaves none for calibration.{rows.remedy()}"
            )
        return testable[draw.permutation(testable.size)[:n_test]]

    def _order_standards(self, order, X, rows, candidates):
        """Take the first standards in an order that does not depend on how many are taken."""
        n = len(candidates) if self.n_standards == "all" else self.n_standards
        if n > len(candidates) or (self.n_standards == "all" and n == 0):
            raise TooFewStandardsError(
                f"n_standards={self.n_standards!r}, but only {len(candidates)} calibration samples have a target row "
                "and a reference. Ask for fewer standards or a smaller test set."
            )
        candidates = candidates[order.permutation(len(candidates))]
        if self.selection == "random" or n == 0:
            return candidates[:n]
        references = rows.references_of(candidates)
        usable = np.isin(candidates, rows.samples(rows.is_source))
        if self.selection in USING_REFERENCES:
            usable &= np.isfinite(references).all(axis=1)
        last = candidates[~usable]
        if usable.any():
            spectra = _mean_source_spectra(X, rows, candidates[usable])
            chosen = select_standards(spectra, len(spectra), method=self.selection, y=references[usable])
            candidates = np.concatenate([candidates[usable][chosen], last])
        return candidates[:n]


class StandardsSplit(_SampleSplit):
    """Hold out transfer standards in turn: what to tune with when ten standards are all there is.

    The training set is everything but the held-out standards on every instrument: the source rows, and the target rows
    of the remaining standards. Tested are the target rows of the held-out standards.

    Parameters
    ----------
    n_splits : int or "loo", default="loo"
        Number of folds; ``"loo"`` leaves one standard out at a time. Standards are dealt to the folds in the order of
        their first property, so that folds are balanced; the order of the rows does not matter.
    source, target : object, optional
        Labels of the two instruments, as in :class:`TransferSplit`.
    others : sequence of object, default=()
        Labels of further known instruments, as there.

    Notes
    -----
    R2 is not defined for the single test row that ``"loo"`` leaves: search with ``scoring=scorers["neg_rmsep"]`` of
    :mod:`skspectral.metrics`.

    A standard is tested if a target row has a reference of its own, or one that :func:`inherit_references` gave it. All
    other rows of the two instruments (source rows, target rows without ``sample_id`` or without a reference) stay in
    every training set, as they would in ``fit``.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.model_selection import StandardsSplit
    >>> data = make_instruments(n_samples=10)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> splitter = StandardsSplit(5, source="A", target="B")
    >>> [(len(train), len(test)) for train, test in splitter.split(data.X, data.y, **labels)]
    [(16, 2), (16, 2), (16, 2), (16, 2), (16, 2)]
    """

    def __init__(self, n_splits="loo", *, source=None, target=None, others=()):
        self.n_splits = n_splits
        self.source = source
        self.target = target
        self.others = others

    def get_n_splits(self, X=None, y=None, groups=None, *, instrument=None, sample_id=None):
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups, instrument, sample_id
            As in ``split``; needed for ``"loo"`` only.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If the number is not known without the rows, or ``n_splits`` is not valid.
        """
        if self.n_splits != "loo":
            return self._checked_folds()
        if X is None:
            raise ValueError('n_splits="loo" means one split per standard: give X, y and the labels of the rows.')
        rows = SplitRows.read(self, X, y, groups, instrument, sample_id)
        return len(self._standards(rows))

    def _checked_folds(self):
        n = self.n_splits
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 2:
            raise ValueError(f'n_splits must be an integer >= 2 or "loo", got {n!r}.')
        return int(n)

    def _standards(self, rows):
        n_folds = 2 if self.n_splits == "loo" else self._checked_folds()
        standards = rows.testable
        if len(standards) < n_folds:
            raise TooFewStandardsError(
                f"StandardsSplit(n_splits={self.n_splits!r}) needs at least {n_folds} standards (samples with a "
                f"labelled target row), and found {len(standards)}.{rows.remedy()}"
            )
        # NaN sorts last; ids break ties, because samples are numbered in the order of their ids
        return standards[np.argsort(rows.references_of(standards)[:, 0], kind="stable")]

    def _masks(self, X, rows):
        standards = self._standards(rows)
        n_folds = len(standards) if self.n_splits == "loo" else self._checked_folds()
        for fold in range(n_folds):
            out = rows.rows_of(standards[fold::n_folds])
            yield rows.takes_part & ~out, out & rows.is_target & rows.has_reference


def _mean_source_spectra(X, rows, samples):
    """Mean source spectrum (n_samples, n_channels) of each sample, whatever the order of its replicates."""
    positions = np.flatnonzero(rows.is_source & rows.rows_of(samples))
    taken = X.iloc[positions] if hasattr(X, "iloc") else np.asarray(X)[positions]
    spectra = as_matrix(taken)
    codes = rows.codes[positions]
    # sorting makes the rounding of the sum independent of the order of the rows
    return np.stack([np.sort(spectra[codes == sample], axis=0).mean(axis=0) for sample in samples])
