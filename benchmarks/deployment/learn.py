"""Learn the constants of the intervals from what their variance is made of, and say how often they hold."""

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import minimize

from skspectral.deployment._content import pull
from skspectral.deployment._flags import BEYOND_WARNING, is_uninformative
from skspectral.diagnostics._intervals import side_variances

__all__ = ["coverage", "learn", "set_of"]

FREEDOM = 3.0
LEVEL = 0.9
#: Squared errors beyond this share of the variance of the references are as good as none.
FLOOR = 1e-6
#: Half widths of the interval beyond which an error is one that a flag should have told.
FAR = 2.0
START = {"rho": 0.9, "y_prior": 0.9, "prior_standards": 2.0} | dict(a=1.0, b=0.1, c=0.1, g=0.05, k=1.0, m=0.2)
#: What a variance is proportional to.
SCALED = "abcgkm"
MOST_SCORES = 8


class Terms:
    """What the variances of all predictions of some tasks are made of, in arrays over the predictions.

    Parameters
    ----------
    parts : list of dict
        From `interval_parts`.
    """

    def __init__(self, parts):
        self.sizes = np.array([len(part["error"]) for part in parts])
        self.error = np.concatenate([part["error"] for part in parts])
        self.part = np.repeat(np.arange(len(parts)), self.sizes)
        predicted = np.concatenate([part["predicted"] for part in parts])
        self.away = predicted - self._of_parts([part["y_source"].mean() for part in parts])
        self.from_standards = predicted - self._of_parts([part["y_standards"].mean() for part in parts])
        self.squares = self._of_parts([np.sum((p["y_standards"] - p["y_standards"].mean()) ** 2) for p in parts])
        self.spread = self._of_parts([part["y_spread"] for part in parts])
        self.difference = self._of_parts([part["difference"] for part in parts])
        self.freedom = self._of_parts([part["n"] + FREEDOM for part in parts])
        self.shares, self.known = np.zeros((2, len(self.error), MOST_SCORES))
        for rows, part in zip(np.split(np.arange(len(self.error)), np.cumsum(self.sizes)[:-1]), parts):
            centred = part["standards"] - part["standards"].mean(axis=0)
            known, axes = np.linalg.eigh(centred.T @ centred)
            along = (part["scores"] - part["standards"].mean(axis=0)) @ axes
            self.shares[rows, : len(known)], self.known[rows, : len(known)] = along**2 / len(known), known
        if parts[0]["own"] is not None:
            self.own = np.concatenate([part["own"] ** 2 for part in parts])
        else:
            self.own = None
            self.left_out = self._of_parts([np.sum(part["residuals"] ** 2) for part in parts])
            self.n_left_out = self._of_parts([len(part["residuals"]) for part in parts])
            self.source_error = self._of_parts([part["source_error"] for part in parts])

    def _of_parts(self, values):
        return np.repeat(np.asarray(values, dtype=float), self.sizes)

    def own_variance(self, constants):
        """The method's own, or by left-out standards with the source's error as prior."""
        if self.own is not None:
            return self.own
        prior = constants["prior_standards"]
        return (self.left_out + prior * self.source_error) / (self.n_left_out + prior)

    def sides(self, constants):
        """Standard deviations below and above the predictions, as `TransferIntervals` has them."""
        h_z = np.sum(self.shares / (1.0 + self.known / constants["rho"]), axis=1)
        h_y = self.from_standards**2 / (self.squares + constants["y_prior"] * self.spread)
        both = side_variances(
            constants, self.own_variance(constants), h_y, h_z, self.difference, self.spread, self.away
        )
        return [np.sqrt(variance + FLOOR * self.spread) for variance in both]

    def half_widths(self, constants):
        """Half width of the interval on the side of the reference, and the mean of both."""
        below, above = self.sides(constants)
        times = stats.t.isf((1 - LEVEL) / 2, self.freedom)
        return times * np.where(self.error < 0, above, below), times * (below + above) / 2

    def mean(self, values):
        """Means over the predictions of each task."""
        return np.bincount(self.part, values, minlength=len(self.sizes)) / self.sizes


def learn(parts, fixed=None):
    """Find the constants: smallest mean negative log likelihood of Student's distribution, every task alike.

    Either side of a prediction has a scale of its own. Splits at random count as much as those into blocks together,
    and kinds of blocks alike, however many tasks there are of each; at the end the variances are scaled so that
    intervals hold as often as they should on that average.

    Parameters
    ----------
    parts : list of dict
        From `interval_parts`, of methods that all have a standard deviation of their own, or all have none.
    fixed : dict, optional
        Constants that are known already.

    Returns
    -------
    dict
    """
    fixed, terms = fixed or {}, Terms(parts)
    free = [name for name in START if name not in fixed]
    kinds = pd.Series([part["kind"] for part in parts])
    of_kind = {kind: 0.5 if kind == "random" else 0.5 / (kinds.nunique() - 1) for kind in kinds.unique()}
    weights = kinds.map(of_kind) / kinds.map(kinds.value_counts())
    weights = (weights.to_numpy() / terms.sizes)[terms.part]
    shrunk = np.sqrt((terms.freedom - 2) / terms.freedom)

    def constants(logs):
        return fixed | dict(zip(free, np.exp(logs)))

    def loss(logs):
        below, above = (shrunk * side for side in terms.sides(constants(logs)))
        z = terms.error / np.where(terms.error < 0, above, below)
        log = stats.t.logpdf(z, terms.freedom) - np.log((below + above) / 2)
        # what the tasks say nothing about stays where it was
        return -np.sum(weights * log) + 1e-3 * np.sum((logs - start) ** 2)

    start = np.log([START[name] for name in free])
    values = constants(minimize(loss, start, method="L-BFGS-B").x)
    z = np.abs(terms.error) / terms.half_widths(values)[0]
    order = np.argsort(z)
    scale = z[order][np.searchsorted(np.cumsum(weights[order]), LEVEL)] ** 2
    return {k: round(float(v * scale if k in SCALED and k not in fixed else v), 4) for k, v in values.items()}


def set_of(pair):
    """The published set that a pair comes from; pairs of the corpus are one."""
    first = pair.split(" ")[0]
    return first if first in ("corn", "tablets", "sugarcane", "simulated") else "corpus"


def coverage(parts, constants, before=None):
    """Share of references inside their interval, and width beside that of the method's own, one row for each part.

    Parameters
    ----------
    parts : list of dict
    constants : dict of {method: dict}
    before : dict of {method: dict}, optional
        Constants whose coverage is put beside it, with the width in units of theirs.
    """
    return pd.concat(
        [
            _coverage([part for part in parts if part["method"] == method], values, before and before[method])
            for method, values in constants.items()
        ],
        ignore_index=True,
    )


def _coverage(parts, constants, before):
    terms, compared = Terms(parts), {}
    half, width = terms.half_widths(constants)
    z, error = np.abs(terms.error) / half, np.abs(terms.error)
    if before:
        half_before, width_before = terms.half_widths(before)
        compared = {"covered_before": terms.mean(error <= half_before)}
        compared["width_to_before"] = terms.mean(width / width_before)
    far = z > FAR
    own = 1.645 * np.sqrt(terms.mean(terms.own_variance(constants)))
    warned = _warned(terms, parts, constants)
    told = [part.get("conformal") for part in parts]
    by_rank = [
        (np.nan, np.nan) if half is None else (np.mean(np.abs(part["error"]) <= half), np.median(half) / deviation)
        for part, half, deviation in zip(parts, told, own)
    ]
    return pd.DataFrame(
        {name: [part[name] for part in parts] for name in ("pair", "method", "kind", "n")}
        | {
            "set": [set_of(part["pair"]) for part in parts],
            "covered": terms.mean(z <= 1),
            "own_covered": terms.mean(error <= own[terms.part]),
            "width": terms.mean(width) / own,
            "far": np.bincount(terms.part, far, minlength=len(parts)).astype(int),
            "far_flagged": np.bincount(terms.part, far & warned, minlength=len(parts)).astype(int),
            "warned": terms.mean(warned),
            "conformal": [share for share, _ in by_rank],
            "conformal_width": [width for _, width in by_rank],
        }
        | compared
    )


def _warned(terms, parts, constants):
    """Whether a deployed model flags a prediction: its spectrum, its value, its interval, or all spectra together."""
    std = np.mean(terms.sides(constants), axis=0)
    half = stats.t.isf((1 - LEVEL) / 2, terms.freedom) * std
    own = np.broadcast_to(terms.own_variance(constants), half.shape)
    warned = is_uninformative(std, np.sqrt(terms.spread))
    ends = np.cumsum(terms.sizes)
    for part, first, end in zip(parts, ends - terms.sizes, ends):
        known = np.concatenate([part["y_source"], part["y_standards"]])
        low, high = known.min(), known.max()
        beyond = np.maximum(low - part["predicted"], part["predicted"] - high)
        warned[first:end] |= part["flagged"] | (beyond > BEYOND_WARNING * (high - low))
        fit = ~part["flagged"]
        if fit.any():
            columns = (values[fit, None] for values in (part["predicted"], own[first:end], half[first:end]))
            of_task = np.array([fit.sum()]), part["usual"][:, None], np.array([part["y_spread"]]), np.array([part["n"]])
            warned[first:end] |= bool(pull(*columns, *of_task)[0])
    return warned
