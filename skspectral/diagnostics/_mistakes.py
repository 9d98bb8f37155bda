"""What may have gone wrong with a spectrum, each tested against the spectrum as it is.

A spectrum that was reversed is nothing unusual where samples are of many kinds. But it becomes more usual by being
reversed again, and that is a test of far more power than any distance from the calibration.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from ._spectra import coarse, curvatures, slopes
from ._target_model import SpectraModel, in_batches

__all__ = [
    *("MISTAKES", "NEARER", "NOISE", "OTHER_INSTRUMENT", "SHARE", "SHARE_OF_SLIGHT", "SLIGHT", "STEP"),
    *("MistakeModel", "left_out_of_mistakes", "ratios"),
]

LN_10 = np.log(10.0)


def _within(X):
    """Absorbances that are possible."""
    return np.minimum(np.maximum(X, -6.0), 6.0)


#: What an export may have done to a spectrum, and what undoes it.
MISTAKES = {
    "a reversed axis": lambda X: X[:, ::-1],
    # the natural functions are several times faster than those of base ten
    "reflectance or transmittance instead of absorbance": lambda X: np.log(np.maximum(X, 1e-6)) / -LN_10,
    "percent reflectance or transmittance instead of absorbance": lambda X: np.log(np.maximum(X / 100, 1e-6)) / -LN_10,
    "absorbance instead of reflectance or transmittance": lambda X: np.exp(-LN_10 * _within(X)),
    "absorbance instead of percent reflectance or transmittance": lambda X: 100.0 * np.exp(-LN_10 * _within(X)),
    "percent instead of a fraction": lambda X: X / 100.0,
    "a fraction instead of percent": lambda X: X * 100.0,
    "another sign": lambda X: -X,
}
AS_IT_IS = "nothing"
STEP, NOISE, OTHER_INSTRUMENT = "a step between two channels", "noise", "a spectrum of the source instrument"
#: How many times the share of good spectra that may lie beyond other limits is expected beyond those of a mistake. Far
#: fewer are there, since what is unusual fits badly with the mistake undone too. A step, and the way from the source,
#: improve a little on any spectrum.
SHARE, SHARE_OF_SLIGHT = 100.0, 5.0
#: And undoing any other mistake must bring a spectrum so many times nearer: good ones come a little nearer by chance.
#: These are chosen so that 2 % of good spectra of real pairs are flagged, all tests together.
NEARER = 2.0
SLIGHT = (STEP, OTHER_INSTRUMENT)
#: A scale shows in the level alone, which says itself that it is wrong; the undone spectrum says why.
SCALES = ("percent instead of a fraction", "a fraction instead of percent")
#: What may be undone after channels were averaged.
PROPORTIONAL = (*SCALES, "another sign")
#: What cannot have happened to spectra of a quantity.
_ABSORBANCE, _PERCENT_ABSORBANCE, _FRACTION, _PERCENT = list(MISTAKES)[1:5]
IMPOSSIBLE = {
    "absorbance": (_PERCENT, *SCALES),
    "fraction": (_PERCENT_ABSORBANCE, _PERCENT, SCALES[1]),
    "percent": (_ABSORBANCE, _FRACTION, SCALES[0]),
}
#: Either conversion turns bands over. Where the logarithm goes astray, at dark channels, the other shows the mistake.
SAME = {
    "absorbance": (_FRACTION, _ABSORBANCE),
    "fraction": (_ABSORBANCE, _FRACTION),
    "percent": (_PERCENT_ABSORBANCE, _PERCENT),
}
#: The spectrum as measured, and its shape without level and size.
VIEWS = {"level": np.asarray, "slope": slopes, "curvature": curvatures}
MOST_COMPONENTS, SAMPLES_PER_COMPONENT = 30, 3
#: Steps of each model, for as long as it is there: no file holds what can be computed anew.
_STEPS = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class MistakeModel:
    """How likely a target spectrum is, as it is and with each mistake undone.

    Attributes
    ----------
    quantity : str or None
        What the spectra are.
    models : dict of {str: SpectraModel}
        By view, of coarse spectra.
    shift : ndarray of shape (n_channels,)
        What moves source spectra to the target.
    """

    quantity: str | None
    models: dict
    shift: np.ndarray

    def statistics(self, X):
        """Compare spectra (n_spectra, n_channels) with themselves without each mistake.

        Returns
        -------
        distance : ndarray of shape (n_spectra,)
            Squared distance from the calibration, geometric mean of the views.
        undone : dict of {str: ndarray of shape (n_spectra,)}
            The same after undoing a mistake.
        """
        undone = in_batches(self._of_batch, X)
        return undone.pop(AS_IT_IS), undone

    def _of_batch(self, X):
        kind, low = _kind(self.quantity), coarse(X)
        found = {AS_IT_IS: low}
        for name, undo in MISTAKES.items():
            if name not in IMPOSSIBLE.get(kind, ()):
                found[name] = undo(low) if name in PROPORTIONAL else coarse(undo(X))
        found[OTHER_INSTRUMENT] = low + coarse(self.shift[None])
        found[STEP] = self._without_step(low)
        # a scale changes the level alone, so that what is said of shapes ends before the scales
        names = sorted(found, key=SCALES.__contains__)
        shaped = [name for name in names if name not in SCALES]
        # all at once: a single spectrum takes no longer than its numbers do
        stacked = np.concatenate([found[name] for name in names])
        shapes = stacked[: len(shaped) * len(low)]
        level, slope, curvature = (
            np.log(np.maximum(self.models[view].distances(look(some)), 1e-300)).reshape(-1, len(low))
            for (view, look), some in zip(VIEWS.items(), (stacked, shapes, shapes))
        )
        shape = slope + curvature
        shape = np.concatenate([shape, np.repeat(shape[:1], len(names) - len(shaped), axis=0)])
        undone = dict(zip(names, np.exp((level + shape) / len(VIEWS))))
        if kind in SAME:
            other, name = SAME[kind]
            undone[name] = np.minimum(undone[name], undone.pop(other))
        return undone

    def _without_step(self, low):
        """Coarse spectra without the step, wherever it is and however large, that leaves the least distance."""
        model = self.models["level"]
        if model not in _STEPS:
            _STEPS[model] = _weighted_steps(model)
        steps, weighted, size = _STEPS[model]
        along = (low - model.mean) @ weighted.T
        best = np.argmax(along**2 / size, axis=1)
        rows = np.arange(len(low))
        return low - (along[rows, best] / size[best])[:, None] * steps[best]


def _weighted_steps(model):
    """All steps of one (n_steps, n_channels), the same in the metric of the calibration, and their squared size."""
    n = len(model.mean)
    steps = (np.arange(n) >= np.arange(1, n)[:, None]).astype(float)
    weighted = _weighted(model, steps)
    return steps, weighted, (steps * weighted).sum(axis=1)


def ratios(X, distance, undone):
    """Statistics of spectra (n_spectra, n_channels): the distance as it is over that with a mistake undone, and noise.

    Noise is what has steps as large as its whole spread: the ratio of von Neumann.
    """
    found = {name: distance / values for name, values in undone.items() if name not in SCALES}
    return found | in_batches(_noise, X)


def _noise(X):
    centred, steps = X - X.mean(axis=1, keepdims=True), np.diff(X, axis=1)
    spread = np.einsum("np,np->n", centred, centred)
    return {NOISE: np.einsum("np,np->n", steps, steps) / np.where(spread > 0, spread, 1.0)}


def left_out_of_mistakes(folds, seen, target, shift, quantity):
    """Fit the model of mistakes.

    Parameters
    ----------
    folds : list of Fold
    seen : ndarray of shape (n_source, n_channels)
        Source spectra as the target sees them.
    target : ndarray of shape (n_target, n_channels)
    shift : ndarray of shape (n_channels,)
    quantity : str or None
        What the spectra are.

    Returns
    -------
    model : MistakeModel
    left_out : list of (distance, undone)
        Of each fold's left-out spectra, by a model that never saw them.
    """
    models, without = {}, [{} for _ in folds]
    for name, look in VIEWS.items():
        looked = [[look(coarse(part)) for part in (fold.seen, fold.target, fold.out)] for fold in folds]
        most = max(1, min(MOST_COMPONENTS, len(seen) // SAMPLES_PER_COMPONENT, looked[0][0].shape[1] - 2))
        made = [SpectraModel.of(*parts[:2], most) for parts in looked]
        k, noise = _likeliest([(m, parts[2]) for m, parts, f in zip(made, looked, folds) if not f.on_target], most)
        models[name] = SpectraModel.of(look(coarse(seen)), look(coarse(target)), k, noise)
        for kept, model in zip(without, made):
            kept[name] = SpectraModel(model.mean, model.axes[:k], model.variances[:k], noise)
    left_out = [MistakeModel(quantity, kept, fold.shift).statistics(fold.out) for kept, fold in zip(without, folds)]
    return MistakeModel(quantity, models, shift), left_out


def _kind(quantity):
    text = str(quantity).lower()
    if "reflectance" in text or "transmittance" in text:
        return "percent" if "%" in text else "fraction"
    return "absorbance" if "absorbance" in text else None


def _likeliest(made, most):
    """Choose the number of components under which left-out spectra are likeliest, and give their residuals' squares."""
    best = None
    for k in np.unique(np.geomspace(1, most, 10).round().astype(int)):
        fewer = [model.first(k) for model, _ in made]
        found = [model.residuals(out) for model, (_, out) in zip(fewer, made)]
        left = np.concatenate([left for _, left in found])
        # a channel that hardly varied would make every other spectrum an outlier
        noise = np.maximum((left**2).mean(axis=0) + 0.3 * (left**2).mean(), 1e-300)
        inside = sum((scores**2 / m.variances).sum() + len(scores) * np.log(m.variances).sum()
                     for m, (scores, _) in zip(fewer, found))  # fmt: skip
        surprise = inside + left.size + len(left) * (left.shape[1] - k) * np.log(max((left**2).mean(), 1e-300))
        if best is None or surprise < best[0]:
            best = surprise, int(k), noise
    return best[1:]


def _weighted(model, rows):
    """Rows times the inverse of the model's covariance (components and noise)."""
    scaled = model.axes / model.noise
    inner = scaled @ model.axes.T + np.diag(1.0 / model.variances)
    weighted = rows / model.noise
    return weighted - (rows @ scaled.T) @ np.linalg.solve(inner, scaled)
