"""Find the samples that two instruments measured."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np
from scipy.interpolate import CubicSpline

__all__ = ["RealPair", "find_pairs"]

# name: files that share sample ids, and how an id of the first is written in the second. That the SCiO's numbers are
# those of the second handheld campaign was checked: kernel dependence (HSIC) between their spectra is 12 standard
# deviations above that of shuffled ids, and at most 2.4 for neighbouring numbers.
SHARED_IDS = {
    "drugs_K": ("drugs_micronir_K", "drugs_neospectra_K", str),
    "drugs_T": ("drugs_micronir_T", "drugs_nirone_T", str),
    "drugs_P": ("drugs_micronir_T", "drugs_scio_P", lambda sample: "P" + sample[1:]),
}
# name: files with the same samples in the same order, several scans each, told apart by a change of the reference
SHARED_ORDER = {"feedgrain": ("feedgrain_micronir_nirs4all", "feedgrain_flamenir_nirs4all", 5)}
# name: one file whose titles end with the spectrometer
SHARED_TITLES = {
    "usgs_asdfr": ("usgs_splib07_06_aviris", "BECK", "ASDFR"),
    "usgs_asdng": ("usgs_splib07_06_aviris", "BECK", "ASDNG"),
}
TITLE = re.compile(r"^(?P<sample>.*?)\s+(?P<instrument>BECK|ASDFR|ASDNG)\w?\s+\w+\s*$")
# detectors of mineral libraries change near this wavelength, and what is below belongs to the visible
NIR_BEGINS = 1000.0


@dataclass(frozen=True)
class RealPair:
    """The same samples as two instruments measured them.

    Attributes
    ----------
    name : str
        Name of the pair.
    X_a, X_b : ndarray of shape (n_samples, n_channels)
        Absorbance on either instrument, one row per sample, the mean of its scans.
    axis_a, axis_b : ndarray of shape (n_channels,)
        Wavelengths in nm, ascending.
    y : ndarray of shape (n_samples, k) or None
        References.
    sample_id : ndarray of shape (n_samples,)
        Names of the samples.
    scans_a, scans_b : ndarray of shape (n_samples, n_scans, n_channels) or None
        Single scans, where they are known.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.pretraining.data.corpus import RealPair
    >>> a, b = np.arange(1000.0, 1010), np.arange(1005.0, 1020, 3)
    >>> pair = RealPair("mill", np.zeros((4, 10)), a, np.ones((4, 5)), b, None, np.arange(4))
    >>> pair.overlap
    (1005.0, 1009.0)
    >>> pair.aligned()[0]
    array([1005., 1006., 1007., 1008., 1009.])
    """

    name: str
    X_a: np.ndarray
    axis_a: np.ndarray
    X_b: np.ndarray
    axis_b: np.ndarray
    y: np.ndarray | None
    sample_id: np.ndarray
    scans_a: np.ndarray | None = field(default=None, repr=False)
    scans_b: np.ndarray | None = field(default=None, repr=False)

    def __len__(self):
        return len(self.X_a)

    @property
    def overlap(self):
        """Lowest and highest wavelength that both instruments measure, tuple of two floats, nm."""
        return float(max(self.axis_a[0], self.axis_b[0])), float(min(self.axis_a[-1], self.axis_b[-1]))

    def aligned(self):
        """Bring the second instrument to the channels of the first.

        Returns
        -------
        axis : ndarray of shape (n_common,)
            Channels of the first instrument inside the overlap, nm.
        A, B : ndarray of shape (n_samples, n_common)
            Absorbance; that of the second instrument by a cubic spline between its channels.
        """
        low, high = self.overlap
        inside = (self.axis_a >= low) & (self.axis_a <= high)
        axis = self.axis_a[inside]
        return axis, self.X_a[:, inside].astype(float), CubicSpline(self.axis_b, self.X_b, axis=1)(axis)


def find_pairs(materials):
    """Find the pairs of instruments among data sets.

    Parameters
    ----------
    materials : dict of str to Material
        Data sets by name.

    Returns
    -------
    list of RealPair
        Known pairs whose files are all there and have samples in common.
    """
    pairs = []
    for name, (first, second, rename) in SHARED_IDS.items():
        if _has(materials, lambda m: "sample_id" in m.texts, first, second):
            pairs.append(_by_id(name, materials[first], materials[second], rename))
    for name, (first, second, n_scans) in SHARED_ORDER.items():
        if _has(materials, lambda m: m.labels is not None, first, second):
            pairs.append(_by_order(name, materials[first], materials[second], n_scans))
    for name, (only, first, second) in SHARED_TITLES.items():
        if _has(materials, lambda m: "title" in m.texts, only):
            pairs.append(_by_title(name, materials[only], first, second))
    return [pair for pair in pairs if len(pair)]


def _has(materials, condition, *names):
    return all(name in materials and condition(materials[name]) for name in names)


def _by_id(name, a, b, rename):
    at = {sample: row for row, sample in enumerate(b.groups)}
    rows = [(row, at[rename(sample)]) for row, sample in enumerate(a.groups) if rename(sample) in at]
    of_a, of_b = np.array(rows, dtype=int).reshape(-1, 2).T
    return RealPair(name, a.X[of_a], a.axis, b.X[of_b], b.axis, None, a.groups[of_a])


def _by_order(name, a, b, n_scans):
    """Samples follow each other in both files; one that only one instrument measured is found as an insertion."""
    blocks_a, blocks_b = _blocks(a.labels[:, 0], n_scans), _blocks(b.labels[:, 0], n_scans)
    references = [[value for value, _ in blocks] for blocks in (blocks_a, blocks_b)]
    matches = SequenceMatcher(None, *references, autojunk=False).get_matching_blocks()
    steps = [(match.a + step, match.b + step) for match in matches for step in range(match.size)]
    if not steps:
        return RealPair(name, a.X[:0], a.axis, b.X[:0], b.axis, None, np.array([]))
    scans_a = np.stack([a.X[blocks_a[i][1]] for i, _ in steps])
    scans_b = np.stack([b.X[blocks_b[j][1]] for _, j in steps])
    y = np.array([[references[0][i]] for i, _ in steps])
    names = np.array([f"{name} {i}" for i, _ in steps])
    return RealPair(name, scans_a.mean(1), a.axis, scans_b.mean(1), b.axis, y, names, scans_a, scans_b)


def _blocks(reference, n_scans):
    """Reference and rows of each sample; a run of equal references may hold several samples, all with all scans."""
    starts = np.flatnonzero(np.r_[True, reference[1:] != reference[:-1]])
    runs = np.split(np.arange(len(reference)), starts[1:])
    firsts = [first for run in runs for first in run[: len(run) // n_scans * n_scans : n_scans]]
    return [(reference[first], slice(first, first + n_scans)) for first in firsts]


def _by_title(name, material, first, second):
    rows = defaultdict(dict)
    for row, title in enumerate(material.texts["title"]):
        match = TITLE.match(title)
        if match:
            rows[match["sample"]].setdefault(match["instrument"], row)
    both = {sample: at for sample, at in rows.items() if first in at and second in at}
    of_a, of_b = ([at[instrument] for at in both.values()] for instrument in (first, second))
    nir = material.axis >= NIR_BEGINS
    axis = material.axis[nir]
    X = material.X[:, nir]
    return RealPair(name, X[of_a], axis, X[of_b], axis, None, np.array(list(both)))
