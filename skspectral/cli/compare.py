"""``skspectral compare``: the methods on a user's own spectra."""

from pathlib import Path

import numpy as np
from sklearn.base import clone

from .._core.channels import LabelledSpectra
from .._core.validation import LARGEST_VALUE, constant_rows
from ..deployment import deploy, stack_instruments
from ..exceptions import NoStandardsError, TableError, UnknownInstrumentError
from ..io import read_instrument_files, read_table
from ..model_selection import StandardsSplit, TransferSplit, inherit_references
from ._results import add_options, chosen_methods, keep, run_comparison, say, write

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Spectra come as CSV or parquet: one table in long form with the columns instrument and sample_id, one column per "
    "property, and one per wavelength whose label is a number (nm or cm-1); or one such table per instrument as "
    "NAME=FILE, without the column instrument."
)
LEAST_TEST_SAMPLES = 5


def add_arguments(parser):
    """Describe the options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="FILE, or NAME=FILE for each instrument")
    parser.add_argument("--source", required=True, help="the instrument that the calibration comes from")
    parser.add_argument("--target", required=True, help="the instrument that it moves to")
    parser.add_argument("--property", action="append", metavar="NAME", help="property to predict (repeatable)")
    parser.add_argument("--grid", choices=["same", "overlap"], default="same",
                        help="overlap: resample instruments with different axes to their common range")  # fmt: skip
    parser.add_argument(
        "--test-size", type=float, default=0.3, metavar="SHARE", help="share of the samples held out (default: 0.3)"
    )
    add_options(parser, "skspectral-compare")


def run(args):
    """Compare the methods on a user's own tables."""
    data, resamplers = _read(args)
    for role in (args.source, args.target):
        if role not in set(data.instrument):
            raise UnknownInstrumentError(
                f"{role!r} is not among the instruments of these files: {', '.join(sorted(set(data.instrument)))}."
            )
    _inherit(args, data)
    cv, how = _splitter(args, data)
    notes = [
        f"Data: {', '.join(args.files)}.",
        _counts(args, data),
        f"Source {args.source}, target {args.target}; {how}",
    ]
    comparison, best = run_comparison(args, data, cv, notes, native=isinstance(cv, TransferSplit))
    model = clone(chosen_methods(args, data)[best])
    # the stored model knows its axis, and finds it in files whose columns stand in another order
    spectra = LabelledSpectra(data.X, data.wavelengths, getattr(data, "axis_unit", None))
    model.fit(spectra, data.y, instrument=data.instrument, sample_id=data.sample_id)
    deployed = deploy(model, resamplers[args.target]) if resamplers else model
    loaded, path = keep(args, deployed)
    spectra = data.native[args.target][:1] if resamplers else data.X[data.instrument == args.target][:1]
    loaded.predict(spectra)
    say(args, f"{path}: {best}, fitted on all rows; it predicts spectra of {args.target} as they are measured.")
    write(args, comparison, data, model, best, notes)


def _read(args):
    """Read the tables; with ``--grid overlap`` also the Resample step of each instrument."""
    named = dict(item.split("=", 1) for item in args.files if "=" in item and not Path(item).exists())
    if not named:
        if len(args.files) > 1:
            raise TableError("Give one table in long form, or NAME=FILE for each of several files.")
        data = read_table(args.files[0], targets=args.property)
        return _checked(data), None
    if len(named) < len(args.files):
        raise TableError("Some files have a name and some have none; write NAME=FILE for each.")
    if args.grid == "same":
        return _checked(read_instrument_files(named, targets=args.property)), None
    data = _checked(read_instrument_files(named, targets=args.property, common_axis=False))
    rows = {name: np.flatnonzero(data.instrument == name) for name in named}
    stacked = stack_instruments(
        data.spectra,
        wavelengths=data.wavelengths,
        y={name: data.y[index] for name, index in rows.items()},
        sample_id={name: data.sample_id[index] for name, index in rows.items()},
    )
    stacked.target_names, stacked.native = data.target_names, data.spectra
    return stacked, stacked.resamplers


def _checked(data):
    if not data.target_names:
        raise TableError("There is no property: add a column of reference values with a name that is not a number.")
    data.instrument = np.asarray(data.instrument, dtype=object)
    for name, spectra in getattr(data, "spectra", {"": data.X}).items():
        rows = np.flatnonzero((data.instrument == name) if name else np.ones(len(data.X), dtype=bool))
        unusable = constant_rows(spectra) | (np.abs(spectra).max(axis=1) >= LARGEST_VALUE)
        if unusable.any():
            row = rows[np.flatnonzero(unusable)[0]]
            raise TableError(
                f"{int(unusable.sum())} spectra are constant over all channels or hold values of {LARGEST_VALUE:g} and "
                f"more, first sample {data.sample_id[row]!r} on {data.instrument[row]!r}. Remove failed scans."
            )
    return data


def _inherit(args, data):
    """Give target rows the references of their twins on the source, so that they can be tested."""
    ours = np.isin(data.instrument, [args.source, args.target])
    ids = [label if here else None for label, here in zip(data.sample_id, ours)]
    inherited = inherit_references(data.y, data.instrument, ids)
    data.y = np.where((data.instrument == args.target)[:, None], inherited, data.y)


def _counts(args, data):
    """Say how many spectra and samples there are on either side, and how many are pairs."""
    samples = {}
    for label, sample in zip(data.instrument, data.sample_id):
        if sample is not None:
            samples.setdefault(label, set()).add(sample)
    sides = [
        f"{name}: {int((data.instrument == name).sum())} spectra of {len(samples.get(name, ()))} samples"
        for name in (args.source, args.target)
    ]
    pairs = len(samples.get(args.source, set()) & samples.get(args.target, set()))
    return f"{'; '.join(sides)}; {pairs} samples are measured on both (pairs)."


def _splitter(args, data):
    """Hold out samples where there are enough, else leave one standard out at a time."""
    if not 0 < args.test_size < 1:
        raise ValueError(f"--test-size is a share between 0 and 1, got {args.test_size:g}.")
    on_target = (data.instrument == args.target) & np.isfinite(data.y).any(axis=1)
    samples = {label for label in data.sample_id[on_target] if label is not None}
    n_test = int(np.ceil(args.test_size * len(samples)))
    if n_test >= LEAST_TEST_SAMPLES and len(samples) - n_test >= args.n_standards:
        cv = TransferSplit(
            args.n_standards,
            args.repeats,
            test_size=args.test_size,
            source=args.source,
            target=args.target,
            random_state=args.seed,
        )
        how = (
            f"{args.n_standards} transfer standards drawn at random, {args.repeats} repeats, {n_test} of "
            f"{len(samples)} samples held out on every instrument."
        )
        return cv, how
    if len(samples) < 2:
        raise NoStandardsError(
            f"{len(samples)} samples have a target spectrum, a reference and a sample_id; at least 2 are needed."
        )
    how = (
        f"only {len(samples)} samples of {args.target} have a reference, too few to hold {LEAST_TEST_SAMPLES} out "
        f"beside {args.n_standards} standards: each is left out in turn and predicted with the others as standards."
    )
    return StandardsSplit("loo", source=args.source, target=args.target), how
