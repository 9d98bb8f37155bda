"""Real spectra of many data sets: read from a folder, split by sample, drawn by data set."""

import hashlib
import os
import warnings
from collections import OrderedDict
from fnmatch import fnmatch
from pathlib import Path
from threading import Lock

import numpy as np

from ...exceptions import DatasetUnavailableError
from .pairs import RealPair, find_pairs
from .random import numpy_generator
from .reading import FILE_ERRORS, read_header, read_spectra

__all__ = ["Corpus", "Material", "RealPair"]

FOLDER_VARIABLE = "SKSPECTRAL_CORPUS"
# decompressed spectra that stay in memory
CACHE_BYTES = 2**29
# a file whose samples cannot be told apart is cut into so many runs of neighbouring rows
N_RUNS = 20
# a data set with fewer spectra is drawn less often, in proportion
FULL_WEIGHT = 50


class Material:
    """One data set: spectra of one kind of material on one instrument.

    A material is made by `Corpus`, which holds its spectra for as long as there is room.

    Attributes
    ----------
    name : str
        Name of the file without its ending.
    domain : {"NIR", "IR", "RAMAN"}
        Kind of spectra; visible and near infrared together count as "NIR".
    axis : ndarray of shape (n_channels,)
        Ascending, in ``axis_unit``.
    axis_unit : {"nm", "cm-1"}
        Unit of the axis.
    quantity : {"absorbance", "scaled"}
        What ``X`` holds; "scaled" are counts from about 0 to about 1.
    labels : ndarray of shape (n_spectra, k) or None
        Reference values, NaN where missing; numbers of classes are left out.
    label_names : tuple of str
        Names of the references.
    texts : dict of str to ndarray of shape (n_spectra,)
        Labels that are text, ``"sample_id"`` among them where the file has it.
    groups : ndarray of shape (n_spectra,) or None
        Sample each spectrum belongs to, where the file tells: its sample ids, or its references, since spectra with
        the same references are mostly of one sample.
    source, licence, notes, materials : str
        Where the data come from and what they are.
    """

    def __init__(self, header, cache, validation=0.1, seed=0):
        self._header, self._cache = header, cache
        for name in ("name", "domain", "axis", "axis_unit", "quantity", "labels", "label_names"):
            setattr(self, name, getattr(header, name))
        for name in ("source", "licence", "notes", "materials", "texts"):
            setattr(self, name, getattr(header, name))
        self.groups = _groups(header)
        self._rows = _split(self, validation, seed)

    def __len__(self):
        return self._header.n_rows

    def __repr__(self):
        return f"<Material {self.name}: {len(self)} spectra of {len(self.axis)} channels, {self.domain}>"

    @property
    def X(self):
        """Spectra, ndarray of shape (n_spectra, n_channels), float32, read-only; read when first asked for."""
        return self._cache.get(self._header)

    def rows(self, split):
        """Give the rows of one side of the split by sample.

        Parameters
        ----------
        split : {"train", "validation", "all"}
            Side.

        Returns
        -------
        ndarray of int of shape (n_rows,)
            Ascending row numbers.

        Raises
        ------
        ValueError
            If there is no such side.
        """
        if split not in self._rows:
            raise ValueError(f"Unknown split {split!r}: choose one of {', '.join(self._rows)}.")
        return self._rows[split]


class Corpus:
    """A folder of real spectra, read as they are needed.

    Every file of the folder is a compressed NumPy archive (``.npz``, no pickled objects) with one data set:

    ========== ============================== ==================================================================
    key        shape                          content
    ========== ============================== ==================================================================
    X          (n_spectra, n_channels)        the spectra, no NaN
    axis       (n_channels,)                  strictly ascending
    axis_unit  ()                             "nm" or "cm-1"
    modality   ()                             "NIR", "VIS-NIR", "MIR" or "RAMAN"
    quantity   ()                             "absorbance", "reflectance", "transmittance" or "intensity"
    y          (n_spectra, k), optional       references (NaN where missing), or text
    y_names    (k,), with y                   their names; the text "sample_id" names samples
    sample_id  (n_spectra,), optional         sample of each spectrum, where y has references
    source     (), optional                   where the data come from; so are licence, notes and materials
    ========== ============================== ==================================================================

    Reflectance and transmittance, as fractions, percent or ten-thousandths, become absorbance. Counts have no such
    meaning and are scaled to about 0 to 1, one scale per file. Every file is opened once to check it; spectra are read
    again when they are used, and the latest 512 MiB stay in memory.

    Parameters
    ----------
    folder : path-like, optional
        Where the files are; the environment variable ``SKSPECTRAL_CORPUS`` where None.
    domains : iterable of {"NIR", "IR", "RAMAN"}, optional
        Kinds of spectra to use; all where None.
    leave_out : iterable of str
        Names of data sets not to draw from, or patterns such as ``"drugs_*"``. They still serve in `real_pairs`.
    strict : bool
        Whether a bad file is an error; else it is skipped with a warning.
    validation : float
        Share of the samples of every data set that is kept for validation.
    seed : int
        Choice of these samples. It depends on the sample's id, so that a sample measured on two instruments is on the
        same side in both files.

    Attributes
    ----------
    materials : list of Material
        The data sets, by name.
    skipped : dict of str to str
        Names of bad files, and why they are not used.

    Raises
    ------
    DatasetUnavailableError
        If there is no folder, or no usable file in it.
    ValueError
        If a domain is unknown or the share is not between 0 and 1; in strict mode, if a file is bad.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skspectral.pretraining import Corpus
    >>> folder, rng = tempfile.mkdtemp(), np.random.default_rng(0)
    >>> meta = {"axis": np.arange(1100.0, 1150.0), "axis_unit": "nm", "modality": "NIR", "quantity": "absorbance"}
    >>> np.savez(f"{folder}/flour.npz", X=rng.random((20, 50)), **meta)
    >>> Corpus(folder).draw(rng, 3)
    (<Material flour: 20 spectra of 50 channels, NIR>, array([15, 10, 16]))
    """

    def __init__(self, folder=None, *, domains=None, leave_out=(), strict=False, validation=0.1, seed=0):
        if not 0 <= validation < 1:
            raise ValueError(f"validation must be a share from 0 to below 1, got {validation!r}.")
        self.folder = _folder(folder)
        domains = _domains(domains)
        self.skipped = {}
        self._everything = {}
        cache = _Cache(CACHE_BYTES)
        for path in sorted(self.folder.glob("*.npz")):
            try:
                header = read_header(path)
            except FILE_ERRORS as error:
                if strict:
                    raise
                self.skipped[path.name] = str(error)
                continue
            self._everything[header.name] = Material(header, cache, validation, seed)
        if self.skipped:
            listed = "; ".join(self.skipped.values())
            warnings.warn(f"Skipped {len(self.skipped)} bad files of {self.folder}: {listed}", stacklevel=2)
        left_out = _left_out(self._everything, leave_out)
        self.materials = [m for m in self._everything.values() if m.domain in domains and m.name not in left_out]
        if not self.materials:
            raise DatasetUnavailableError(f"No data set of {', '.join(domains)} is left in {self.folder}.")

    def __len__(self):
        return len(self.materials)

    def __getitem__(self, name):
        """Give the data set of one name, left out or not."""
        return self._everything[name]

    def draw(self, generator, n_rows, split="train"):
        """Draw a data set, then spectra of it.

        Every data set is as likely as any other, whatever its size; only those with fewer than 50 spectra are drawn
        less often, in proportion.

        Parameters
        ----------
        generator : numpy.random.Generator or torch.Generator
            Source of all randomness.
        n_rows : int
            Number of spectra; drawn with repetition only where there are fewer.
        split : {"train", "validation", "all"}
            Side of the split by sample.

        Returns
        -------
        material : Material
            The data set.
        rows : ndarray of int of shape (n_rows,)
            Rows of ``material.X``.

        Raises
        ------
        ValueError
            If no data set has spectra on this side.
        """
        rng = numpy_generator(generator)
        rows = [material.rows(split) for material in self.materials]
        weights = np.array([min(len(of_one), FULL_WEIGHT) for of_one in rows], dtype=float)
        if not weights.any():
            raise ValueError(f"No data set has {split} rows: make validation larger than 0.")
        chosen = int(rng.choice(len(rows), p=weights / weights.sum()))
        available = rows[chosen]
        picked = rng.choice(available, n_rows, replace=n_rows > len(available))
        return self.materials[chosen], picked

    def real_pairs(self):
        """Give the samples that were measured on two instruments.

        Left-out data sets take part, so that they can serve for validation.

        Returns
        -------
        list of RealPair
            One for each pair of instruments that the folder holds.
        """
        return find_pairs(self._everything)


class _Cache:
    """Spectra of the files used last."""

    def __init__(self, n_bytes):
        self.n_bytes = n_bytes
        self._arrays = OrderedDict()
        # batches may be prepared in several threads
        self._lock = Lock()

    def __getstate__(self):
        # a copy in another process reads for itself
        return {"n_bytes": self.n_bytes}

    def __setstate__(self, state):
        self.__init__(**state)

    def get(self, header):
        with self._lock:
            if header.path not in self._arrays:
                self._arrays[header.path] = read_spectra(header)
            self._arrays.move_to_end(header.path)
            newest = self._arrays[header.path]
            while sum(array.nbytes for array in self._arrays.values()) > self.n_bytes and len(self._arrays) > 1:
                self._arrays.popitem(last=False)
        return newest


def _folder(folder):
    if folder is None:
        if FOLDER_VARIABLE not in os.environ:
            raise DatasetUnavailableError(
                f"No folder with spectra: give folder=, or set the environment variable {FOLDER_VARIABLE}."
            )
        folder = os.environ[FOLDER_VARIABLE]
    folder = Path(folder)
    if not folder.is_dir():
        raise DatasetUnavailableError(f"There is no folder {folder}.")
    return folder


def _domains(domains):
    known = ("NIR", "IR", "RAMAN")
    if domains is None:
        return known
    domains = (domains,) if isinstance(domains, str) else tuple(domains)
    if not domains or set(domains) - set(known):
        raise ValueError(f"domains must be some of {', '.join(known)}, got {domains!r}.")
    return domains


def _left_out(names, patterns):
    patterns = (patterns,) if isinstance(patterns, str) else tuple(patterns)
    unused = [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in names)]
    if unused:
        # a misspelt name would let the data set in that was meant to stay out
        warnings.warn(f"leave_out names no data set with {', '.join(map(repr, unused))}.", stacklevel=3)
    return {name for name in names if any(fnmatch(name, pattern) for pattern in patterns)}


def _groups(header):
    """Sample of each row as text, or None where the file does not tell."""
    if "sample_id" in header.texts:
        return header.texts["sample_id"]
    if header.labels is None or np.isnan(header.labels).all(1).any():
        return None
    return np.array([" ".join(f"{value:.9g}" for value in row) for row in header.labels])


def _split(material, validation, seed):
    """Rows of each side. Whole samples change sides, or whole runs of rows where replicates may stand together."""
    n = len(material)
    if material.groups is None:
        run = np.arange(n) * min(N_RUNS, n) // n
        groups = np.array([f"{material.name} {number}" for number in run])
    else:
        groups = material.groups
    names = np.unique(groups)
    n_held = min(max(round(validation * len(names)), 1), len(names) - 1) if validation else 0
    by_chance = sorted(names, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    held = np.isin(groups, by_chance[:n_held])
    return {"train": np.flatnonzero(~held), "validation": np.flatnonzero(held), "all": np.arange(n)}
