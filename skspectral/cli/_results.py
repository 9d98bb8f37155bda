"""What `demo` and `compare` share: options, the comparison itself, and what is written at its end."""

import csv
from pathlib import Path

import joblib

from .._core.files import set_aside
from ..comparison import compare_methods, default_methods, judge_held_out, summary_table, write_report
from ..exceptions import AmbiguousInstrumentError

__all__ = ["add_options", "check_options", "chosen_methods", "keep", "run_comparison", "say", "write"]


PREDICTIONS = "predictions.csv"
#: What is written at the end, beside the predictions.
WRITTEN = ("results.csv", "report.html", "model.joblib")


def add_options(parser, folder):
    """Add the options of a comparison; ``folder`` is where it writes by default."""
    parser.add_argument("--n-standards", type=int, default=10, metavar="N", help="transfer standards (default: 10)")
    parser.add_argument("--repeats", type=int, default=10, metavar="N", help="random splits (default: 10)")
    parser.add_argument("--methods", metavar="A,B", help="comma-separated names; default: all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the splits (default: 0)")
    parser.add_argument("--output", default=folder, metavar="FOLDER", help=f"where to write (default: {folder})")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no table")


def check_options(args):
    """Refuse what no comparison can be made of, before anything is read or computed."""
    for option, value in (("--n-standards", args.n_standards), ("--repeats", args.repeats)):
        if value < 1:
            raise ValueError(f"{option} must be at least 1, got {value}.")
    if args.source == args.target:
        raise AmbiguousInstrumentError(f"--source and --target are both {args.source!r}; name two instruments.")
    if Path(args.output).exists() and not Path(args.output).is_dir():
        raise NotADirectoryError(f"--output names a folder, and {args.output} is a file. Give another name.")


def chosen_methods(args, data):
    methods = default_methods(args.source, args.target, data.wavelengths, data.get("axis_unit", "nm"))
    if args.methods is None:
        return methods
    wanted = [name.strip() for name in args.methods.split(",")]
    unknown = [name for name in wanted if name not in methods]
    if unknown:
        raise ValueError(f"Unknown methods {', '.join(unknown)}; choose from {', '.join(methods)}.")
    return {name: methods[name] for name in wanted}


def run_comparison(args, data, cv, notes, native):
    """Run the comparison; predictions are written as they come, and a second run continues."""
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    for note in notes:
        say(args, note)
    begun = not (folder / PREDICTIONS).exists()
    comparison = compare_methods(
        data.X,
        data.y,
        instrument=data.instrument,
        sample_id=data.sample_id,
        methods=chosen_methods(args, data),
        cv=cv,
        target_names=data.target_names,
        quantity=data.get("quantity"),
        native=native,
        path=folder / PREDICTIONS,
        progress=not args.quiet,
    )
    if begun or comparison.set_aside:
        for path in (folder / name for name in WRITTEN):
            if path.exists():
                say(args, f"{path} comes from another run; it is now {set_aside(path).name}.")
    best = comparison.best()
    notes.append(
        "Errors are of held-out target spectra, pooled over the repeats (± standard deviation over the repeats); every "
        f"setting was chosen inside the training rows. {best} is smallest on average; since it was picked on these "
        "splits, its own figure is slightly optimistic."
    )
    if native:
        comparison = judge_held_out(
            comparison,
            data.X,
            data.y,
            instrument=data.instrument,
            sample_id=data.sample_id,
            name=best,
            method=chosen_methods(args, data)[best],
            cv=cv,
            target_names=data.target_names,
            quantity=data.get("quantity"),
            wavelengths=data.wavelengths,
            unit=getattr(data, "unit", "nm"),
            progress=not args.quiet,
        )
        notes.append("native: the target's own calibration on all calibration samples, which transfer is to spare you.")
    return comparison, best


def keep(args, model):
    """Write the model and read it back."""
    path = Path(args.output) / "model.joblib"
    joblib.dump(model, path)
    return joblib.load(path), path


def write(args, comparison, data, model, best, notes):
    """Write results.csv and the report, and print the table."""
    folder = Path(args.output)
    results = comparison.results()
    with (folder / "results.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, results[0])
        writer.writeheader()
        writer.writerows(results)
    title = f"Calibration transfer from {args.source} to {args.target}"
    written = write_report(
        folder / "report.html", comparison, title=title, notes=notes, best=best, spectra=_paired(args, data, model)
    )
    header, rows = summary_table(comparison)
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        say(args, "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    for text in comparison.skipped.values():
        say(args, f"Left out: {text}")
    paths = [folder / "results.csv", folder / "model.joblib", *written]
    say(args, f"Written: {', '.join(map(str, paths))}")


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


def say(args, text):
    if not args.quiet:
        print(text)
