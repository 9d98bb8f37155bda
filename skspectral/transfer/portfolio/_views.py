"""How members see spectra: preprocessed, mapped to the source first, or in several preprocessings side by side."""

from dataclasses import dataclass

import numpy as np

from ..._core.axis import usual_step
from ..._core.roles import shared_with
from .._operators import UNKNOWN_STEP, Operator
from ..difference_ridge import augmented_rows
from ._fold import on_features
from ._window_map import fit_window_map

__all__ = ["View", "Views"]

FUSED = ("raw", "snv", "sg1", "sg2", "snvsg1")


@dataclass(frozen=True)
class View:
    """Name of a view: a preprocessing, or "fused", after a window map of some half width in nm and penalty, if any."""

    preprocessing: str
    half: float = 0.0
    penalty: float = 0.0

    @property
    def name(self):
        """The view as text."""
        mapped = f" after a map of {self.half:g} nm, penalty {self.penalty:g}" if self.half else ""
        return self.preprocessing + mapped


@dataclass(frozen=True, eq=False)
class Plain:
    """A preprocessing."""

    operator: object

    def __call__(self, X):
        return self.operator(X)

    def pull_back(self, coefs):
        pulled = self.operator.pull_back(coefs)
        return on_features(pulled, np.zeros(len(coefs)), self.operator.scatter)


@dataclass(frozen=True, eq=False)
class Fused:
    """Several preprocessings side by side, of equal size on the source."""

    operators: tuple
    scales: tuple

    @classmethod
    def of(cls, source, axis):
        operators = tuple(Operator(name, axis) for name in FUSED)
        parts = [operator(source) for operator in operators]
        scales = [np.sqrt(((Z - Z.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0 for Z in parts]
        return cls(operators, tuple(scale * np.sqrt(len(FUSED)) for scale in scales))

    def __call__(self, X):
        return np.hstack([operator(X) / scale for operator, scale in zip(self.operators, self.scales)])

    def pull_back(self, coefs):
        parts = np.split(coefs, len(self.operators), axis=1)
        shown = zip(self.operators, parts, self.scales, strict=True)
        return sum(Plain(operator).pull_back(part / scale) for operator, part, scale in shown)


@dataclass(frozen=True, eq=False)
class Mapped:
    """A window map, then a preprocessing; SNV comes before the map, which then knows one size of spectra."""

    window_map: object
    operator: object

    def __call__(self, X):
        return self.operator.from_scatter(self.window_map(self.operator.to_scatter(X)))

    def pull_back(self, coefs):
        pulled, constant = self.window_map.pull_back(self.operator.pull_back(coefs))
        return on_features(pulled, constant, self.operator.scatter)


class Views:
    """Views of one set of rows, each made once.

    Parameters
    ----------
    rows : TransferRows
    axis : ndarray of shape (n_channels,)
        Wavelengths in nm.
    known : sequence of (X, y, codes)
        Samples of further instruments, whose differences to the source say how the target may differ.
    """

    def __init__(self, rows, axis, known=()):
        self.rows, self.axis, self.known = rows, axis, known
        self._shown, self._systems, self._maps, self._changed = {}, {}, {}, (None, None)

    def show(self, view):
        """Return the callable that shows target spectra so, which also pulls coefficients back; see ``_fold``."""
        if view not in self._shown:
            if view.half:
                operator = self.show(View(view.preprocessing)).operator
                self._shown[view] = Mapped(self._map(view, operator)[0], operator)
            elif view.preprocessing == "fused":
                self._shown[view] = Fused.of(self.rows.source_samples[0], self.axis)
            else:
                self._shown[view] = Plain(Operator(view.preprocessing, self.axis))
        return self._shown[view]

    def system(self, view):
        """Return the rows to be solved; standards are mapped without themselves."""
        if view not in self._systems:
            if view.half:
                plain = View(view.preprocessing)
                operator = self.show(plain).operator
                standards = operator.from_scatter(self._map(view, operator)[1])
                self._systems[view] = self.system(plain).with_target(standards)
            else:
                self._systems[view] = augmented_rows(self.rows, self.show(view), known=self.known)
        return self._systems[view]

    def changed_by_map(self, view, plain):
        """What a map makes of the source's samples, as if measured on the target, less what they are without it: plain.

        A map of few pairs may blow up what none of them varies in, and no pair left out tells: it varies as little.
        """
        # members of one view stand together; what is as large as the source is kept for one view at a time
        if self._changed[0] != view:
            source, pairs = self.rows.source_samples[0], self.rows.pairs
            there = source + (pairs.target - pairs.source).mean(axis=0)
            self._changed = view, self.show(view)(there) - plain
        return self._changed[1]

    def _map(self, view, operator):
        """The fitted map, and all standards as it shows them."""
        key = view.half, view.penalty, operator.scatter
        if key not in self._maps:
            step = usual_step(self.axis) if len(self.axis) > 1 else UNKNOWN_STEP
            pairs, first = self.rows.pairs, operator.to_scatter
            half = max(1, round(view.half / step))
            fitted, left_out = fit_window_map(first(pairs.source), first(pairs.target), half, view.penalty)
            target, _, codes = self.rows.target_samples
            here, _ = shared_with(codes, self.rows.source_samples[2])
            mapped = fitted(first(target))
            mapped[here] = left_out
            self._maps[key] = fitted, mapped[self.rows.says_something]
        return self._maps[key]
