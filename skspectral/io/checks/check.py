"""Is a table of spectra plausible? What is checked in the spectra of each instrument, and between two."""

import numpy as np

from ..._core.axis import gaps
from ..._core.cut_off import cut_off
from ..._core.plausible import OTHER_SCALE, sizes_of
from ..._core.quantities import ABSORBANCES
from ..._core.units import LEAST_LIKELY_NM, remedy_for
from ..._core.validation import constant_rows
from ..units import is_even
from ._pairs import check_pair
from ._references import check_references
from .findings import Finding, Findings, rows_named, shown, whose

__all__ = ["check"]

# an axis in nm that reaches beyond this is more likely one of wavenumbers, and one that ends below it, of micrometres
LONGEST_NIR, SHORTEST_NM = 2700.0, 100.0
# a jump is so many times the steps on both sides of it
JUMP = 12.0
# channels on each side by which a jump is judged
BESIDE = 8
# a value stands out from its neighbours so many times farther than is usual there, and by this share of the spectrum
SPIKE, SPIKE_SHARE = 50.0, 0.5
# what a spectrum of these quantities cannot exceed
LARGEST = {"absorbance": 8.0, "log 1/R": 8.0, "reflectance": 2.0, "transmittance": 2.0}
FEW = 5
ROWS_AT_ONCE = 2000


def check(table):
    """Look for what cannot be right in a table of spectra, or may be wrong.

    Axes that do not look like their unit or share no range; reflectance beside absorbance and percent beside fractions;
    spectra of one instrument that are mirror images of another's; equal rows; dead and saturated channels; jumps where
    detectors meet; single values and spectra that stand out; constant scans; paired spectra that resemble another
    sample's; samples that do not pair; references that contradict each other or lie far from all others.

    Parameters
    ----------
    table : SpectraTable

    Returns
    -------
    Findings
        A list of findings with ``severity``, ``what``, ``where`` and ``remedy``, the gravest first. It prints itself.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.io import SpectraTable, check
    >>> X = np.sin(np.arange(40.0) / 7) * np.arange(1, 5)[:, None]
    >>> X[2] = X[1]
    >>> check(SpectraTable(X, np.arange(1100, 1140), sample_id=list("abcd")))
    error: 1 spectrum is the copy of another sample's (b and c). Find out whose it is, and remove the other.
    """
    findings = []
    for name in table.instruments:
        findings.extend(_check_axis(table, name))
        findings.extend(_check_spectra(table, name))
        findings.extend(_check_copies(table, name))
        findings.extend(_check_channels(table, name))
        findings.extend(_check_jumps(table, name))
        findings.extend(_check_spikes(table, name))
    findings.extend(check_references(table))
    names = table.instruments
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            findings.extend(check_pair(table, first, second))
    return Findings(findings)


def _check_axis(table, name):
    axis = table.axis_of(name)
    where = f"{whose(name)}, {axis[0]:.6g} to {axis[-1]:.6g} {table.unit}"
    if table.unit == "nm" and axis[-1] > LONGEST_NIR and is_even(axis):
        yield Finding(
            "warning", "the axis looks like one of wavenumbers, not nm", where, "Give its unit, such as unit='cm-1'."
        )
    if table.unit == "nm" and axis[-1] < SHORTEST_NM:
        yield Finding("error", "the axis cannot be in nm", where, "Give its unit, such as unit='um'.")
    elif table.unit == "nm" and axis[0] < LEAST_LIKELY_NM:
        remedy = remedy_for(axis, "nm", "unit")
        yield Finding("warning", "the axis begins where air lets no light pass", where, remedy)
    for start, end in gaps(axis):
        if start == axis[0] or end == axis[-1]:
            lone = start if start == axis[0] else end
            yield Finding(
                "warning", f"the channel {lone:.6g} {table.unit} lies far from all others", whose(name),
                "Is its label a typing error?",
            )  # fmt: skip
            continue
        yield Finding(
            "note",
            f"nothing was measured between {start:.6g} and {end:.6g} {table.unit}",
            whose(name),
            "Derivatives and smoothing across it mean nothing.",
        )


def _check_spectra(table, name):
    rows, X = table.rows_of(name), table.spectra_of(name)
    bad = ~np.isfinite(X).all(axis=1)
    if bad.any():
        yield Finding(
            "error",
            f"{bad.sum()} spectra have missing values",
            f"{whose(name)}: {rows_named(table, rows[bad])}",
            "Remove them.",
        )
    constant = constant_rows(np.where(np.isfinite(X), X, 0.0))
    if constant.any() and X.shape[1] > 1:
        where = f"{whose(name)}: {rows_named(table, rows[constant])}"
        yield Finding("error", f"{constant.sum()} spectra are constant, as failed scans are", where, "Remove them.")
    sizes = sizes_of(X[~bad])
    large = sizes > OTHER_SCALE * np.median(sizes) if len(sizes) else np.zeros(0, dtype=bool)
    if large.any():
        times = sizes[large].max() / np.median(sizes)
        yield Finding(
            "warning", f"{large.sum()} spectra are much larger than the others, up to {times:.3g} times",
            f"{whose(name)}: {rows_named(table, rows[~bad][large])}",
            "Are they of another unit or quantity (percent, counts)? Convert them, or leave them out.",
        )  # fmt: skip
    quantity = table.quantity_of(name)
    largest, limit = float(np.nanmax(X, initial=-np.inf)), LARGEST.get(quantity, np.inf)
    if largest > limit:
        # what lies beneath a detector's last value is of the quantity that was named
        stuck = np.nanmax(X, initial=-np.inf, where=largest > X) <= limit
        yield Finding(
            "warning",
            f"values up to {largest:.4g} are more than {quantity} can be",
            whose(name),
            f"All of these are {largest:.4g}, as of a saturated detector: leave out these channels or spectra."
            if stuck
            else "Say what the spectra are with quantity=, such as '% reflectance'.",
        )


def _check_copies(table, name):
    """Rows that are equal to the last digit: nothing that was measured twice is."""
    rows, X = table.rows_of(name), table.spectra_of(name)
    if X.shape[1] < FEW:
        return
    first, copies, twins = {}, [], []
    for row, spectrum in zip(rows, np.ascontiguousarray(X)):
        other = first.setdefault(spectrum.tobytes(), row)
        if other == row:
            continue
        same = table.sample_id[row] is not None and table.sample_id[row] == table.sample_id[other]
        (twins if same else copies).append((other, row))
    if copies:
        count = f"{len(copies)} spectrum is the copy" if len(copies) == 1 else f"{len(copies)} spectra are copies"
        listed = shown(f"{rows_named(table, [a])} and {rows_named(table, [b])}" for a, b in copies)
        yield Finding(
            "error",
            f"{count} of another sample's",
            listed if name is None else f"{whose(name)}: {listed}",
            "Find out whose it is, and remove the other.",
        )
    if twins:
        where = f"{whose(name)}: {rows_named(table, [b for _, b in twins])}"
        yield Finding("warning", f"{len(twins)} spectra stand twice for one sample", where, "Keep one of each.")


def _check_channels(table, name):
    """Channels that say nothing: the same in all spectra, or cut off at the top."""
    X, axis = table.spectra_of(name), table.axis_of(name)
    if len(X) < FEW or X.shape[1] < FEW:
        return
    dead = np.ptp(X, axis=0) == 0
    if dead.any() and not dead.all():
        where = f"{whose(name)}, {_ranges(axis, dead)} {table.unit}"
        yield Finding("warning", f"{dead.sum()} channels have one value in all spectra", where, "Leave them out.")
    flat = {row: found for row, found in cut_off(X).items() if found.side == "top"}
    if len(flat) > 0.05 * len(X):
        usual = np.median([found.first + found.n_channels / 2 for found in flat.values()])
        where = f"{whose(name)}, around {axis[min(int(usual), len(axis) - 1)]:.6g} {table.unit}"
        dark = table.quantity_of(name) in ABSORBANCES
        yield Finding(
            "warning",
            f"{len(flat)} spectra are cut off at the top, as "
            + ("where no light came through" if dark else "of a saturated detector"),
            where,
            f"Leave out the channels, or measure {'a thinner sample' if dark else 'with less light'}.",
        )


def _ranges(axis, mask):
    """Write the channels of a mask as ranges."""
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    parts = [
        f"{axis[a]:.6g}" if b - a == 1 else f"{axis[a]:.6g} to {axis[b - 1]:.6g}"
        for a, b in zip(edges[::2], edges[1::2])
    ]
    return ", ".join(parts[:FEW]) + (" and others" if len(parts) > FEW else "")


def _check_jumps(table, name):
    """Steps from one channel to the next that are out of proportion to those around them, in most spectra."""
    X, axis = table.spectra_of(name), table.axis_of(name)
    if X.shape[1] < 4 * BESIDE or not np.isfinite(X).all():
        return
    steps = np.abs(np.diff(X[:: max(1, len(X) // 500)], axis=1)) / np.diff(axis)
    windows = np.lib.stride_tricks.sliding_window_view(steps, BESIDE, axis=1)
    usual = np.median(windows, axis=2)
    # the steps before and behind each step: at a band's flank both are as large as the step itself
    inner = steps[:, BESIDE:-BESIDE]
    beside = np.maximum(usual[:, : inner.shape[1]], usual[:, BESIDE + 1 : BESIDE + 1 + inner.shape[1]])
    ratio = np.median(inner / (beside + 1e-12 + 1e-6 * np.ptp(X)), axis=0)
    wide = np.isin(np.arange(inner.shape[1]) + BESIDE, [np.searchsorted(axis, start) for start, _ in gaps(axis)])
    jumps = np.flatnonzero((ratio > JUMP) & ~wide) + BESIDE
    if 0 < jumps.size <= FEW:
        listed = ", ".join(f"{axis[k]:.6g}/{axis[k + 1]:.6g}" for k in jumps)
        yield Finding(
            "warning", f"the spectra jump at {listed} {table.unit}, as where two detectors meet", whose(name),
            "Correct the splice, or leave out one side; derivatives turn it into a band.",
        )  # fmt: skip


def _check_spikes(table, name):
    """Single values far from those beside them, as a lost decimal sign or a cosmic ray leaves them."""
    rows, X, axis = table.rows_of(name), table.spectra_of(name), table.axis_of(name)
    if len(X) < FEW or X.shape[1] < 4 * BESIDE:
        return
    some = _off_its_neighbours(X[:: max(1, len(X) // 500)])
    usual = np.maximum(np.median(some, axis=0), np.median(some)) + 1e-12 * np.nanmax(np.abs(X))
    found = []
    for start in range(0, len(X), ROWS_AT_ONCE):
        part = X[start : start + ROWS_AT_ONCE]
        off = _off_its_neighbours(part)
        low, high = np.quantile(part, [0.05, 0.95], axis=1)
        spikes = (off > SPIKE * usual) & (off > SPIKE_SHARE * (high - low)[:, None])
        # the neighbours of a spike are off, too, by half as much
        peaks = spikes & (off >= np.maximum(np.roll(off, 1, axis=1), np.roll(off, -1, axis=1)))
        found += [(rows[start + r], axis[k + 1]) for r, k in np.argwhere(peaks)]
    if found and len({row for row, _ in found}) <= len(X) / 10 + 1:
        places = (f"{rows_named(table, [row])} at {wavelength:.6g} {table.unit}" for row, wavelength in found)
        yield Finding(
            "warning", f"{len(found)} values stand out from those beside them as no band does", shown(places),
            "Is it a lost decimal sign or a cosmic ray? Correct it, or leave out the spectrum.",
        )  # fmt: skip


def _off_its_neighbours(X):
    """Distance of each inner channel from the mean of its two neighbours, (n_spectra, n_channels - 2)."""
    return np.abs(X[:, 1:-1] - (X[:, :-2] + X[:, 2:]) / 2)
