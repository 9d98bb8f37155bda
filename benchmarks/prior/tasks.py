"""Transfer tasks made of real spectra of many materials seen through two simulated instruments.

Most have the references that a laboratory measured: made-up ones, linear in the spectra as they are, favour models
without preprocessing more than real chemistry does.

Nothing here reads corn, tablets or any other set that methods are evaluated on.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from benchmarks.prior.instruments import STEP, laboratory, measure, raman, smooth, unit, unlike
from benchmarks.prior.materials import SHORTEST
from skspectral.datasets import make_instruments

__all__ = [
    *("N_TEST", "Measured", "Setting", "Task"),
    *("by_blocks", "draw_measured", "draw_mixtures", "draw_population", "draw_setting", "draw_task"),
]

LONGEST = 1400.0
N_TEST = 30
MEASURED = 0.6


@dataclass(frozen=True, eq=False)
class Task:
    """Source samples, standards and test samples of one simulated transfer.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_channels)
        Source rows, then the target rows of the standards.
    y : ndarray of shape (n_rows, 1)
    instrument, sample_id : ndarray of shape (n_rows,)
    X_test : ndarray of shape (n_test, n_channels)
    y_test : ndarray of shape (n_test, 1)
    axis : ndarray of shape (n_channels,)
        In nm.
    material : str
        Name of the set the spectra come from.
    measured : bool
        Whether the references are those of the laboratory, or made up from the spectra.
    """

    X: np.ndarray
    y: np.ndarray
    instrument: np.ndarray
    sample_id: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    axis: np.ndarray
    material: str
    measured: bool


@dataclass(frozen=True, eq=False)
class Setting:
    """Everything about one simulated transfer but the number of standards.

    Attributes
    ----------
    source, target : ndarray of shape (n_samples, n_channels)
        The samples of the calibration on both instruments; the first are the standards.
    y : ndarray of shape (n_samples,)
    others : ndarray of shape (n_others, n_channels)
        Target spectra of further samples.
    X_test, y_test, axis, material, measured
        As in ``Task``.
    """

    source: np.ndarray
    target: np.ndarray
    y: np.ndarray
    others: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    axis: np.ndarray
    material: str
    measured: bool

    def task(self, n_standards, unlabelled=None):
        """Make the task with some standards, and unlabelled target spectra, by default none."""
        n = len(self.source)
        n_standards = min(n_standards, n)
        further = np.empty((0, self.source.shape[1])) if unlabelled is None else unlabelled
        ids = np.array([f"s{i}" for i in range(n)], dtype=object)
        y = self.y.reshape(n, -1)
        return Task(
            X=np.vstack([self.source, self.target[:n_standards], further]),
            y=np.concatenate([y, y[:n_standards], np.full((len(further), y.shape[1]), np.nan)]),
            instrument=np.array(["A"] * n + ["B"] * (n_standards + len(further)), dtype=object),
            sample_id=np.concatenate([ids, ids[:n_standards], np.full(len(further), None)]),
            X_test=self.X_test,
            y_test=self.y_test.reshape(len(self.X_test), -1),
            axis=self.axis,
            material=self.material,
            measured=self.measured,
        )


@dataclass(frozen=True, eq=False)
class Measured:
    """Samples of one material on two simulated instruments.

    Attributes
    ----------
    source, target : ndarray of shape (n_samples, n_channels)
    y : ndarray of shape (n_samples,)
    axis : ndarray of shape (n_channels,)
        In nm.
    material : str
    measured : bool
        Whether the references are those of the laboratory.
    n_source, n_standards : int
        How many samples a task calibrates with, and how many standards it has.
    """

    source: np.ndarray
    target: np.ndarray
    y: np.ndarray
    axis: np.ndarray
    material: str
    measured: bool
    n_source: int
    n_standards: int


def draw_measured(materials, rng, *, source_rows="calibration"):
    """Draw a material, a calibration problem on it, two instruments and a number of standards.

    The source measures the samples to calibrate with, or with ``source_rows="all"`` every sample.
    """
    return _draw(materials, rng, (3, 5, 5, 7, 10, 10, 10, 15, 20, 30, 50), source_rows, unlike, 0)


def draw_task(materials, rng):
    """Draw a task: the first samples calibrate, the first of these are the standards, the last are tested."""
    drawn = draw_measured(materials, rng)
    source, target, y, n_source, n_standards = drawn.source, drawn.target, drawn.y, drawn.n_source, drawn.n_standards
    ids = np.array([f"s{i}" for i in range(n_source)], dtype=object)
    return Task(
        X=np.vstack([source, target[:n_standards]]),
        y=np.concatenate([y[:n_source], y[:n_standards]])[:, None],
        instrument=np.array(["A"] * n_source + ["B"] * n_standards, dtype=object),
        sample_id=np.concatenate([ids, ids[:n_standards]]),
        X_test=target[n_source:],
        y_test=y[n_source:, None],
        axis=drawn.axis,
        material=drawn.material,
        measured=drawn.measured,
    )


def draw_setting(materials, rng, kind="unlike", n_others=0):
    """Draw a material, a calibration problem on it and two instruments.

    Parameters
    ----------
    materials : list
        What ``load_materials`` gives.
    rng : numpy.random.Generator
    kind : {"unlike", "laboratory", "like", "Raman"}
        Spectrometers that differ in everything; the same with little that varies between samples; two units of one
        model with little noise; Raman spectrometers.
    n_others : int
        Target spectra of other samples of the population, without references.

    Returns
    -------
    Setting
    """
    instrument = {"unlike": unlike, "laboratory": laboratory, "like": unit, "Raman": raman}[kind]
    drawn = _draw(materials, rng, (), "calibration", instrument, n_others)
    target, y, n = drawn.target, drawn.y, drawn.n_source
    end = len(y) - N_TEST
    return Setting(
        drawn.source,
        target[:n],
        y[:n],
        target[n:end],
        target[end:],
        y[end:],
        drawn.axis,
        drawn.material,
        drawn.measured,
    )


def _draw(materials, rng, numbers, source_rows, draw_instrument, n_others):
    """Draw samples on two instruments; a number of standards is drawn where there are any to draw from."""
    measured = rng.random() < MEASURED and any(m[3] is not None for m in materials)
    eligible = [m for m in materials if m[3] is not None or not measured]
    material, spectra, axis, references = eligible[rng.integers(len(eligible))]
    n_standards = int(rng.choice(numbers)) if numbers else 0
    n_source = int(rng.integers(40, 121))
    reference = None
    if measured:
        reference = references[:, rng.integers(references.shape[1])]
        known = np.isfinite(reference)
        spectra, reference = spectra[known], reference[known]
    clean, y, grid = draw_population(spectra, axis, reference, n_source + N_TEST + n_others, rng)
    n_others = min(n_others, (len(clean) - N_TEST) // 3)
    n_source = len(clean) - N_TEST - n_others
    scale = clean.std(axis=0).mean()
    nuisances = smooth(rng, int(rng.integers(0, 6)), grid, 30.0, 300.0) * scale * 10 ** rng.uniform(-1.5, 0.0)
    seen = []
    for rows in (slice(0, n_source if source_rows == "calibration" else len(clean)), slice(0, len(clean))):
        instrument = draw_instrument(rng, grid, scale)
        seen.append(measure(clean[rows], grid, instrument, nuisances, scale, rng))
    return Measured(*seen, y, grid, material, measured, n_source, min(n_standards, n_source))


def draw_mixtures(rng, n_others):
    """Draw mixtures as `skspectral.datasets.make_instruments` simulates them, on instruments that differ exactly alike.

    Parameters
    ----------
    rng : numpy.random.Generator
    n_others : int

    Returns
    -------
    Setting
    """
    n = int(rng.integers(40, 101))
    data = make_instruments(
        n_samples=n + n_others + N_TEST,
        n_channels=int(rng.choice([100, 200, 400])),
        n_components=int(rng.integers(3, 9)),
        noise=10 ** rng.uniform(-4.0, -3.0),
        difference=float(rng.choice([0.5, 1.0, 2.0])),
        scatter=10 ** rng.uniform(-2.0, -1.0),
        random_state=int(rng.integers(2**31)),
    )
    source, target = (data.X[data.instrument == name] for name in "AB")
    y = data.y[data.instrument == "A"][:, 0]
    y = (y - y.mean()) / y.std()
    y = y + rng.standard_normal(len(y)) * 10 ** rng.uniform(-2.0, -0.5)
    end = n + n_others
    return Setting(
        source[:n], target[:n], y[:n], target[n:end], target[end:], y[end:], data.wavelengths, "mixtures", True
    )


def by_blocks(setting, rng):
    """Order a setting by its reference, so that the standards are one end of the range and tests the other.

    The samples in between are on the source alone.
    """
    y = np.concatenate([setting.y, setting.y_test])
    target = np.concatenate([setting.target, setting.X_test])
    n, n_test = len(setting.y), len(setting.y_test)
    # test samples need no source spectrum: those that have none stay what they are tested on
    order = np.argsort(setting.y)
    if rng.random() < 0.5:
        order = order[::-1]
    far = np.argsort(-np.abs(y[n:] - setting.y[order[: max(n // 4, 1)]].mean()))[: max(n_test // 2, 8)]
    first = order[: n // 2][rng.permutation(n // 2)]
    order = np.concatenate([first, order[n // 2 :]])
    return replace(
        setting,
        source=setting.source[order],
        target=target[order],
        y=setting.y[order],
        X_test=setting.X_test[far],
        y_test=setting.y_test[far],
    )


def draw_population(spectra, axis, reference, n_wanted, rng):
    """Noise-free spectra of a neighbourhood of samples on a 2 nm grid, in random order, with references."""
    width = rng.uniform(SHORTEST, min(LONGEST, np.ptp(axis)))
    start = rng.uniform(axis[0], axis[-1] - width)
    grid = np.arange(start, start + width, STEP)
    n_wanted = min(n_wanted, len(spectra))
    pool = rng.permutation(len(spectra))
    if rng.random() < 0.6:
        # a laboratory calibrates on one kind of sample: take the neighbours of one spectrum
        inside = (axis >= start) & (axis <= start + width)
        part = spectra[:, inside]
        distance = ((part - part[pool[0]]) ** 2).sum(axis=1)
        pool = rng.permutation(np.argsort(distance)[: max(n_wanted, int(rng.uniform(1, 3) * n_wanted))])
    pool = pool[:n_wanted]
    X = np.stack([np.interp(grid, axis, row) for row in spectra[pool]])
    X = gaussian_filter1d(X, rng.uniform(1.0, 4.0), axis=1)
    mean = X.mean(axis=0)
    left, singular, axes = np.linalg.svd(X - mean, full_matrices=False)
    n_components = min(int(rng.integers(8, 31)), len(singular) - 1)
    scores = left[:, :n_components] * np.sqrt(len(X))
    clean = mean + (left[:, :n_components] * singular[:n_components]) @ axes[:n_components]
    if reference is not None:
        y = reference[pool]
    else:
        decay = rng.uniform(0.0, 1.0)
        y = scores @ (rng.standard_normal(n_components) * np.arange(1, n_components + 1) ** -decay)
        if rng.random() < 0.5:
            # an analyte with bands of its own
            amount = rng.standard_normal(len(X))
            bands = np.abs(smooth(rng, 1, grid, 20.0, 60.0)[0])
            clean = clean + np.outer(amount, bands) * clean.std(axis=0).mean() * 10 ** rng.uniform(-1.5, 0.0)
            y = 0.3 * y / y.std() + amount
    y = (y - y.mean()) / (y.std() or 1.0)
    return clean, y + rng.standard_normal(len(y)) * 10 ** rng.uniform(-2.0, -0.5), grid
