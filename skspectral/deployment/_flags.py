"""When a prediction should not be believed, and why."""

import numpy as np

from .._core.plausible import is_off_scale, sizes_of
from .predictions import SEVERITIES

__all__ = ["BEYOND_WARNING", "Flags", "is_uninformative"]

#: A spectrum that is this many times beyond a limit (of squared distances) is no spectrum of these samples.
REJECT_SCORE = 10.0
#: Shares of the calibrated span beyond which a value is a warning, and a rejection.
BEYOND_WARNING, BEYOND_REJECT = 0.1, 1.0
#: The usual limit of a method's standard deviation comes from spectra that it was fitted to, for which it is small.
DISAGREEMENT_WARNING = 3.0
#: References of the calibration spread less than so many standard deviations of a prediction (RPD): no more than their
#: mean says, and what the field calls unreliable: Chang et al. (2001), https://doi.org/10.2136/sssaj2001.652480x
LEAST_RPD, RELIABLE_RPD = 1.0, 1.4
#: In the names of mistaken quantities.
INSTEAD = " instead of "
#: What undoes a mistake of scale, which any other scale comes nearer by too.
HUNDREDFOLD = {"percent instead of a fraction": 0.01, "a fraction instead of percent": 100.0}
WHAT = {
    "q": "something that the calibration never showed",
    "t2": "far from its centre",
    "peak": "a step, spike or band",
    "distance": "another level, slope or curvature",
}


class Flags:
    """Collects the severest finding per row and property, and all reasons.

    Parameters
    ----------
    n_rows, n_properties : int
    """

    def __init__(self, n_rows, n_properties):
        self._rank = np.zeros((n_rows, n_properties), dtype=int)
        # most rows have none
        self._reasons = {}

    def add(self, row, severity, reason, properties=None):
        """Note a finding of one row, for all properties or some."""
        rank = SEVERITIES.index(severity)
        for j in range(self._rank.shape[1]) if properties is None else properties:
            self._rank[row, j] = max(self._rank[row, j], rank)
            self._reasons.setdefault((row, j), []).append((rank, reason))

    def put(self, rows, found):
        """Take over the findings of other flags for some rows (n_found,)."""
        self._rank[rows] = np.maximum(self._rank[rows], found._rank)
        for (row, j), reasons in found._reasons.items():
            self._reasons.setdefault((rows[row], j), []).extend(reasons)

    def flag(self):
        """Severity (n_rows, n_properties)."""
        return np.array(SEVERITIES, dtype=object)[self._rank]

    def reason(self):
        """Reasons in words, the severest first, (n_rows, n_properties)."""
        reasons = np.full(self._rank.shape, "", dtype=object)
        for at, found in self._reasons.items():
            reasons[at] = "; ".join(text for _, text in sorted(found, key=lambda one: -one[0]))
        return reasons

    def add_spectra(self, X, limits, target, clues=None):
        """Judge spectra (n_rows, n_channels) by the limits of the target; clues may tell why they are unlike."""
        found = limits.check(X)
        causes = {} if clues is None else clues.explain(X, found, limits)
        self._add_scale(X, limits, causes)
        worsts, mistakes = found.worst, found.mistakes
        for row in np.flatnonzero(found.outside):
            score, worst, mistake = found.score[row], worsts[row], mistakes[row]
            if mistake in HUNDREDFOLD and not self._is_of_scale(X[row] * HUNDREDFOLD[mistake], limits):
                mistake = None
            view, _, statistic = worst.rpartition(" ")
            seen = f"{view}, " if view else ""
            what = f"{WHAT[statistic]} ({seen}" if statistic in WHAT else f"nearer to them without {worst} ("
            unlike = f"unlike the calibration's spectra as {target} sees them: {what}{score:.3g} times the limit)"
            reason = f"looks like {mistake}{_remedy(mistake, limits.quantity)}" if mistake else unlike
            if row in causes:
                # what explains it without another quantity leaves nothing to that one
                reason = causes[row] if mistake and INSTEAD in mistake else f"{causes[row]}; {reason}"
            self.add(row, "reject" if score > REJECT_SCORE else "warning", reason)
        if found.file_mistake:
            for row in range(len(X)):
                if not (found.outside[row] and mistakes[row] == found.file_mistake):
                    self.add(row, "warning", f"the {len(X)} spectra together look like {found.file_mistake}")

    @staticmethod
    def _is_of_scale(spectrum, limits):
        """Whether a spectrum (n_channels,) is about as large as those of the calibration."""
        return limits.sizes_ is None or not is_off_scale(sizes_of(spectrum[None]), *limits.sizes_)[0]

    def _add_scale(self, X, limits, causes):
        """Reject spectra (n_rows, n_channels) of another scale than those of the calibration."""
        if limits.sizes_ is None:
            return
        found, (smallest, largest) = sizes_of(X), limits.sizes_
        for row in np.flatnonzero(is_off_scale(found, smallest, largest)):
            if found[row] > largest:
                how = f"{found[row] / largest:.3g} times larger than"
            else:
                how = f"{smallest / found[row]:.3g} times smaller than"
            what = "of another unit or quantity (percent, fraction, counts), a fill value, or an empty beam"
            self.add(row, "reject", f"{how} any spectrum of the calibration{'' if row in causes else f': {what}'}")

    def add_copies(self, copies):
        """Warn of rows whose spectrum another sample has too, whose name is given by row."""
        for row, other in copies.items():
            self.add(row, "warning", f"the spectrum is that of {other!r} to the last digit, as no two measurements are")

    def add_range(self, values, low, high):
        """Judge values (n_rows, n_properties) by the calibrated range."""
        known = high > low
        span = np.where(known, high - low, 1.0)
        beyond = np.where(known, np.maximum(low - values, values - high) / span, 0.0)
        for row, j in np.argwhere(beyond > 0):
            share = beyond[row, j]
            severity = "reject" if share > BEYOND_REJECT else "warning" if share > BEYOND_WARNING else "note"
            self.add(row, severity, f"outside the calibrated range {low[j]:.4g} to {high[j]:.4g}", [j])

    def warned(self):
        """Mask of rows (n_rows,) with a warning or worse for every property."""
        return (self._rank >= SEVERITIES.index("warning")).all(axis=1)

    def add_content(self, missing, found, usual):
        """Warn where samples together are of other content: what is missing, mean predictions (n_properties,)."""
        for j in np.flatnonzero(missing):
            side = "higher" if missing[j] > 0 else "lower"
            reason = (
                f"these samples together are of other content than the calibration's (predictions average "
                f"{found[j]:.4g}, of its own samples {usual[j]:.4g}), which draws them toward its middle: on average "
                f"they may be {abs(missing[j]):.2g} {side}"
            )
            for row in range(len(self._rank)):
                self.add(row, "warning", reason, [j])

    def add_uninformative(self, std, spread):
        """Judge standard deviations of predictions (n_rows, n_properties) by that of the references (n_properties,)."""
        surely = is_uninformative(std, spread)
        for row, j in np.argwhere(RELIABLE_RPD * std > spread):
            reason = (
                f"says {'no' if surely[row, j] else 'hardly'} more than the mean of the calibration's references: "
                f"their standard deviation is {spread[j]:.3g}, that of the prediction {std[row, j]:.3g}"
            )
            self.add(row, "warning" if surely[row, j] else "note", reason, [j])

    def add_disagreement(self, std, limit):
        """Judge the method's own standard deviations (n_rows, n_properties) by what is usual (n_properties,)."""
        for row, j in np.argwhere(std > limit):
            times = std[row, j] / limit[j]
            severity = "warning" if times > DISAGREEMENT_WARNING else "note"
            self.add(row, severity, f"the models inside disagree ({times:.3g} times the usual limit)", [j])


def _remedy(mistake, quantity):
    """What to do about a quantity that was mistaken for that of the model."""
    taken, instead, _ = mistake.partition(INSTEAD)
    if not instead or taken == "a fraction":
        return ""
    if quantity in (None, "unknown"):
        return " (convert it: the model does not know what it was made from)"
    return f" (say with quantity= what it is, and it is converted to {quantity})"


def is_uninformative(std, spread):
    """Whether standard deviations of predictions are as large as that of the references, of their shape."""
    return LEAST_RPD * std > spread
