"""What the commands do: read spectra, compare the methods, write the results, keep and try the model."""

import csv
from pathlib import Path

import joblib
import numpy as np
from sklearn.base import clone

from ._validation import LARGEST_VALUE, constant_rows
from .comparison import compare_methods, default_methods
from .datasets import fetch_corn, make_instruments
from .exceptions import DatasetUnavailableError, NoStandardsError, TableError, UnknownInstrumentError
from .metrics import rmsep
from .model_selection import StandardsSplit, TransferSplit
from .report import summary_table, write_report
from .stacking import deploy, stack_instruments
from .tables import read_instrument_files, read_table

__all__ = ["compare", "demo", "pretrain"]

LEAST_TEST_SAMPLES = 5


def demo(args):
    """Compare the methods on corn, or on simulated instruments."""
    data, name = _demo_data(args)
    cv = TransferSplit(
        args.n_standards,
        args.repeats,
        test_size=0.25,
        source=args.source,
        target=args.target,
        random_state=args.seed,
    )
    notes = [
        f"Data: {name}.",
        f"Source {args.source}, target {args.target}; {args.n_standards} transfer standards drawn at random from the "
        f"calibration samples, {args.repeats} repeats, a quarter of the samples held out on every instrument.",
    ]
    comparison, best = _compare(args, data, cv, notes, native=True)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    train, test = next(cv.split(data.X, data.y, **labels))
    model = clone(_methods(args, data)[best])
    model.fit(data.X[train], data.y[train], **{name: value[train] for name, value in labels.items()})
    loaded, path = _keep(args, model)
    predicted = loaded.predict(data.X[test]).reshape(len(test), -1)
    if not np.array_equal(predicted, model.predict(data.X[test]).reshape(len(test), -1)):
        raise ValueError(f"{path} does not predict what the model in memory predicts.")
    errors = rmsep(data.y[test], predicted, multioutput="raw_values")
    shown = ", ".join(f"{name} {error:.3g}" for name, error in zip(data.target_names, np.atleast_1d(errors)))
    _say(args, f"{path}: {best}, loaded again; RMSEP on the {len(test)} held-out samples of the first split: {shown}")
    _write(args, comparison, data, model, best, notes)


def compare(args):
    """Compare the methods on a user's own tables."""
    data, resamplers = _read(args)
    for role in (args.source, args.target):
        if role not in set(data.instrument):
            raise UnknownInstrumentError(
                f"{role!r} is not among the instruments of these files: {', '.join(sorted(set(data.instrument)))}."
            )
    cv, how = _splitter(args, data)
    notes = [f"Data: {', '.join(args.files)}.", f"Source {args.source}, target {args.target}; {how}"]
    comparison, best = _compare(args, data, cv, notes, native=isinstance(cv, TransferSplit))
    model = clone(_methods(args, data)[best])
    model.fit(data.X, data.y, instrument=data.instrument, sample_id=data.sample_id)
    deployed = deploy(model, resamplers[args.target]) if resamplers else model
    loaded, path = _keep(args, deployed)
    spectra = data.native[args.target][:1] if resamplers else data.X[data.instrument == args.target][:1]
    loaded.predict(spectra)
    _say(args, f"{path}: {best}, fitted on all rows; it predicts spectra of {args.target} as they are measured.")
    _write(args, comparison, data, model, best, notes)


def pretrain(args):
    """Pretrain the network."""
    # torch takes seconds to import, and the other commands do without it
    from .pretraining import Corpus
    from .pretraining.config import PretrainingConfig
    from .pretraining.engine import pretrain as train

    config = PretrainingConfig.load(args.config, **({} if args.seed is None else {"seed": args.seed}))
    corpus = Corpus(
        args.corpus,
        domains=config.domains or None,
        leave_out=config.leave_out,
        validation=config.validation,
        seed=config.seed,
    )
    weights = train(
        config,
        corpus,
        args.out,
        steps=args.steps,
        seconds=args.seconds,
        resume=args.resume,
        quiet=args.quiet,
        device=args.device,
    )
    _say(args, f"{weights}: averaged weights and model card; skspectral.pretraining.weights.load_weights reads them.")


def _demo_data(args):
    """Corn, or simulated instruments under the same names; and a sentence that says which."""
    if not args.simulated:
        try:
            data = fetch_corn(instruments=[args.source, args.target])
            return data, "corn, 80 samples on two NIR instruments (1100-2498 nm)"
        except DatasetUnavailableError as error:
            _say(args, f"Corn cannot be had ({error}).\nUsing simulated instruments instead.")
    data = make_instruments(n_samples=80, n_targets=2, random_state=args.seed)
    names = {"A": args.source, "B": args.target}
    data.instrument = np.array([names[label] for label in data.instrument], dtype=object)
    return data, "SIMULATED instruments, 80 samples (not a measurement)"


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


def _methods(args, data):
    methods = default_methods(args.source, args.target, data.wavelengths)
    if args.methods is None:
        return methods
    wanted = [name.strip() for name in args.methods.split(",")]
    unknown = [name for name in wanted if name not in methods]
    if unknown:
        raise ValueError(f"Unknown methods {', '.join(unknown)}; choose from {', '.join(methods)}.")
    return {name: methods[name] for name in wanted}


def _compare(args, data, cv, notes, native):
    """Run the comparison; predictions are written as they come, and a second run continues."""
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    for note in notes:
        _say(args, note)
    comparison = compare_methods(
        data.X,
        data.y,
        instrument=data.instrument,
        sample_id=data.sample_id,
        methods=_methods(args, data),
        cv=cv,
        target_names=data.target_names,
        native=native,
        path=folder / "predictions.csv",
        progress=not args.quiet,
    )
    best = comparison.best()
    notes.append(
        "Errors are of held-out target spectra, pooled over the repeats (± standard deviation over the repeats); every "
        f"setting was chosen inside the training rows. {best} is smallest on average; since it was picked on these "
        "splits, its own figure is slightly optimistic."
    )
    if native:
        notes.append("native: the target's own calibration on all calibration samples, which transfer is to spare you.")
    return comparison, best


def _keep(args, model):
    """Write the model and read it back."""
    path = Path(args.output) / "model.joblib"
    joblib.dump(model, path)
    return joblib.load(path), path


def _write(args, comparison, data, model, best, notes):
    """Write results.csv and report.html, and print the table."""
    folder = Path(args.output)
    results = comparison.results()
    with (folder / "results.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, results[0])
        writer.writeheader()
        writer.writerows(results)
    title = f"Calibration transfer from {args.source} to {args.target}"
    write_report(
        folder / "report.html", comparison, title=title, notes=notes, best=best, spectra=_paired(args, data, model)
    )
    header, rows = summary_table(comparison)
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        _say(args, "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    for text in comparison.skipped.values():
        _say(args, f"Left out: {text}")
    _say(args, f"Written: {', '.join(str(folder / name) for name in ('results.csv', 'report.html', 'model.joblib'))}")


def _paired(args, data, model):
    """Spectra of the samples seen on both instruments, for methods that map spectra."""
    if not hasattr(model, "transform"):
        return None
    first = {}
    for row, (label, sample) in enumerate(zip(data.instrument, data.sample_id)):
        if sample is not None:
            first.setdefault((label, sample), row)
    both = [s for label, s in first if label == args.target and (args.source, s) in first]
    if len(both) < 2:
        return None
    target = data.X[[first[args.target, s] for s in both]]
    return {
        "source": data.X[[first[args.source, s] for s in both]],
        "target": target,
        "transferred": model.transform(target),
        "wavelengths": data.wavelengths,
    }


def _say(args, text):
    if not args.quiet:
        print(text)
