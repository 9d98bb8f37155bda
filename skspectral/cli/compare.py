"""``skspectral compare``: the methods on a user's own spectra."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch

from .._core.channels import LabelledSpectra
from .._core.validation import LARGEST_VALUE, constant_rows
from ..deployment import deploy, stack_instruments
from ..exceptions import NoStandardsError, TableError, UnknownInstrumentError
from ..io import check, describe_axis
from ..model_selection import StandardsSplit, TransferSplit, inherit_references
from ._files import shell
from ._reading import add_reading_options, given_options, read_table_of
from ._results import add_options, check_options, chosen_methods, keep, run_comparison, say, write
from ._words import in_options

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Compare the methods by samples of the target that they never saw, write figures and a report, and keep the best "
    "one, fitted on all rows. Exit codes: 0 done, 2 error. Spectra come as CSV, Excel, parquet, MATLAB, JCAMP-DX, "
    "Bruker OPUS, SPC or ASD: a table with a column that names the instrument, or NAME=FILE for each instrument, where "
    "FILE may be a folder or a pattern. References stand beside the spectra or in a file of their own (--references). "
    "'skspectral inspect' says what is read."
)
LEAST_TEST_SAMPLES = 5


def add_arguments(parser):
    """Describe the options."""
    add_reading_options(parser)
    parser.add_argument("--source", required=True, help="the instrument that the calibration comes from")
    parser.add_argument("--target", required=True, help="the instrument that it moves to")
    parser.add_argument("--grid", choices=["same", "overlap"], default="same",
                        help="overlap: resample instruments with different axes to their common range")  # fmt: skip
    parser.add_argument(
        "--test-size", type=float, default=0.3, metavar="SHARE", help="share of the samples held out (default: 0.3)"
    )
    add_options(parser, "skspectral-compare")


def run(args):
    """Compare the methods on a user's own tables."""
    check_options(args)
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
    spectra = LabelledSpectra(data.X, data.wavelengths, data.axis_unit)
    model.fit(spectra, data.y, instrument=data.instrument, sample_id=data.sample_id)
    deployed = deploy(model, resamplers[args.target]) if resamplers else model
    loaded, path = keep(args, deployed)
    spectra = data.native[args.target][:1] if resamplers else data.X[data.instrument == args.target][:1]
    loaded.predict(spectra)
    say(args, f"{path}: {best}, fitted on all rows; it predicts spectra of {args.target} as they are measured.")
    write(args, comparison, data, model, best, notes)
    command = shell(*args.files, "--source", args.source, "--target", args.target, "-o", "model.skspectral")
    more = " and the options of reading that were given here" if given_options(args) else ""
    say(args, f"Next, for predictions with intervals and flags: skspectral transfer {command}{more}")


def _read(args):
    """Read and check the spectra; with ``--grid overlap`` also the Resample step of each instrument."""
    table = read_table_of(args)
    say(args, f"{table}\n{in_options(repr(check(table)), args)}")
    if None in table.instruments:
        raise TableError(
            "The instruments are not named: give each file as NAME=FILE, or name the column with --instrument-column."
        )
    if not table.properties:
        raise TableError(
            "There is no property: name a column with --property, or the laboratory's file with --references."
        )
    table = _in_one_quantity(args, table)
    _refuse_failed(table)
    data = Bunch(
        X=table.X,
        y=table.y,
        instrument=table.instrument,
        sample_id=table.sample_id,
        wavelengths=table.wavelengths,
        target_names=table.properties,
        axis_unit=table.unit,
        quantity=table.quantity,
    )
    if not isinstance(table.wavelengths, dict):
        return data, None
    if args.grid == "same":
        axes = "; ".join(f"{name}: {describe_axis(table.axis_of(name), table.unit)}" for name in table.instruments)
        raise TableError(f"The wavelengths differ ({axes}). Bring them to one grid with --grid overlap.")
    stacked = stack_instruments(
        {name: table.spectra_of(name) for name in table.instruments},
        wavelengths=table.wavelengths,
        y={name: table.y[table.rows_of(name)] for name in table.instruments},
        sample_id={name: table.sample_id[table.rows_of(name)] for name in table.instruments},
    )
    stacked.target_names, stacked.axis_unit, stacked.quantity = table.properties, table.unit, table.quantity
    stacked.native = {name: table.spectra_of(name) for name in table.instruments}
    return stacked, stacked.resamplers


def _in_one_quantity(args, table):
    """Bring the source into the quantity of the target, so far as the files say what they hold."""
    if not {args.source, args.target} <= set(table.instruments):
        return table
    source, target = (table.quantity_of(name) for name in (args.source, args.target))
    if "unknown" in (source, target) or source == target:
        return table
    say(args, f"{args.source} is converted from {source} to {target}, as {args.target} is measured.")
    return table.in_quantity(target, instruments=[args.source])


def _refuse_failed(table):
    for name in table.instruments:
        spectra, rows = table.spectra_of(name), table.rows_of(name)
        unusable = constant_rows(spectra) | (np.abs(spectra).max(axis=1) >= LARGEST_VALUE)
        if unusable.any():
            row = rows[np.flatnonzero(unusable)[0]]
            raise TableError(
                f"{int(unusable.sum())} spectra are constant over all channels or hold values of {LARGEST_VALUE:g} and "
                f"more, first sample {table.sample_id[row]!r} on {name!r} ({table.where(row)}). Remove failed scans."
            )


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
