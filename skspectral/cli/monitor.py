"""``skspectral monitor``: control charts of a log of check samples."""

import datetime
import io
import re
import sys
from collections import Counter
from pathlib import Path

from .._core.whole_files import write_whole
from ..deployment import TransferredModel
from ..exceptions import OptionalDependencyError, TooFewCheckSamplesError, TooFewStandardsError
from ..monitoring import CheckLog, CheckSamples, ControlChart
from ._files import check_plot, free, shell, sources, target_of
from ._reading import add_options_of_new_files, given_options
from ._words import in_options

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Judge a log of check samples: a CSV file with the columns date, sample, property, reference and predicted, one "
    "line per reading. Exit codes: 0 in control, 2 error, 3 alarm."
)
ALARM_CODE = 3


def add_arguments(parser):
    """Describe the options."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help="the deployed model, which knows its SEP")
    parser.add_argument("log", metavar="LOG", help="the log of check samples (CSV)")
    parser.add_argument("--add", nargs="+", metavar="FILE",
                        help="first predict these spectra by MODEL and append what has references to LOG")  # fmt: skip
    parser.add_argument("--references", metavar="FILE",
                        help="table of reference values of --add, where its files hold none")  # fmt: skip
    parser.add_argument("--date", metavar="DATE", help="when the spectra of --add were measured (default: today)")
    parser.add_argument("--target", metavar="NAME", help="the instrument, where MODEL serves several")
    parser.add_argument(
        "--sep", action="append", default=[], metavar="[NAME=]SEP",
        help="standard error of prediction of the validation, for all properties or for one (repeatable); default: "
        "that of MODEL, else it is estimated from the first 20 readings",
    )  # fmt: skip
    parser.add_argument("--sep-df", type=float, metavar="N", help="degrees of freedom of --sep: its samples minus one")
    parser.add_argument("--repeatability", action="append", default=[], metavar="[NAME=]SD",
                        help="standard deviation of repeated readings of one sample; needed where samples are read "
                        "again")  # fmt: skip
    parser.add_argument("--property", action="append", metavar="NAME", help="property to judge (default: all)")
    parser.add_argument("--since", metavar="DATE", help="judge readings from this date on, such as that of an update")
    parser.add_argument("--shift", type=float, default=0.5, metavar="X",
                        help="drift to look for, in units of the SEP (default: 0.5)")  # fmt: skip
    parser.add_argument("--arl", type=float, default=370.0, metavar="N",
                        help="readings between false alarms of each chart (default: 370)")  # fmt: skip
    parser.add_argument("--plot", metavar="FILE", help="write the charts, one file per property (.png, .svg or .pdf)")
    parser.add_argument("--force", action="store_true", help="replace plots that exist")
    add_options_of_new_files(parser)


def run(args):
    """Judge the log; 3 where a chart alarms."""
    log = CheckLog(args.log)
    lone = [option for option in ("date", "references") if getattr(args, option) is not None]
    if lone and not args.add:
        raise ValueError(f"--{lone[0]} belongs to the spectra of --add, of which there are none.")
    model = None if args.model is None else TransferredModel.load(args.model)
    if args.add:
        _append(args, model, log)
    if not Path(args.log).exists():
        raise FileNotFoundError(f"There is no log {args.log} yet; --add FILE makes it from check samples.")
    samples = log.read()
    if args.since is not None:
        samples = samples.since(args.since)
    if not len(samples):
        raise ValueError(f"{args.log} holds no check sample" + (f" since {args.since}." if args.since else "."))
    names = args.property or samples.properties
    plots = _plots(args, names)
    seps, repeatabilities = (_by_name(args, option, samples.properties) for option in ("sep", "repeatability"))
    states = {}
    for name in names:
        settings = {"repeatability": repeatabilities.get(name), "shift": args.shift, "arl": args.arl}
        try:
            states[name] = _chart(args, model, name, seps.get(name), settings).check(samples.of(name))
        except TooFewCheckSamplesError as error:
            if not args.add:
                raise
            # what was added is in the log, and that is all there is to do
            print(f"{name}: not judged yet. {in_options(str(error), args)}\n")
            continue
        print(f"{states[name].table}\n")
    for name, path in plots.items():
        if name not in states:
            continue
        _draw(states[name], path, unit=None if model is None else model.units.get(name))
    alarmed = [name for name, state in states.items() if state.alarm]
    for name in alarmed or list(states)[:1]:
        prefix = f"{name}: " if alarmed and len(states) > 1 else ""
        print(f"{prefix}{states[name].advice}")
    if alarmed:
        print("When an alarm is answered: --since DATE judges readings from then on.")
    if alarmed and args.model is not None:
        command = f"skspectral update {shell(args.model)} FILE -o NEW.skspectral"
        print(f"With new standards: {command}, and --table or --correction.")
    return ALARM_CODE if alarmed else 0


def _chart(args, model, name, sep, settings):
    """The chart of a property: by the SEP that was given, that of the model, or else one that readings tell."""
    if sep is None and model is not None:
        try:
            return ControlChart.for_model(model, name, target=args.target, **settings)
        except TooFewStandardsError as error:
            print(f"{str(error).partition(' Give')[0]} It is estimated from the check samples.")
    return ControlChart(sep, sep_df=args.sep_df, **settings)


def _append(args, model, log):
    if model is None:
        raise ValueError("--add predicts spectra, and needs a model: skspectral monitor MODEL LOG --add FILE.")
    # refused before anything is written
    _plots(args, args.property or model.properties)
    date = datetime.date.today() if args.date is None else args.date
    target = target_of(model, args.target)
    table = model.read(sources(args.add), instrument=target, **given_options(args))
    added = CheckSamples.from_model(model, table, date=date, instrument=target)
    log.append(added)
    print(f"Added to {args.log}: {len(added)} readings of {', '.join(dict.fromkeys(added.sample))}.")


def _by_name(args, option, properties):
    """Values given as NAME=VALUE, or one VALUE for all properties."""
    values = {}
    for text in getattr(args, option):
        name, is_named, number = text.rpartition("=")
        if is_named and name not in properties:
            raise ValueError(f"--{option} names {name!r}; the log has {', '.join(properties)}.")
        try:
            value = float(number)
        except ValueError as error:
            raise ValueError(f"--{option} must be a number or NAME=NUMBER, got {text!r}.") from error
        values |= dict.fromkeys([name] if is_named else properties, value)
    return values


def _plots(args, names):
    """A file for the plot of each property, by name; none is there already."""
    if args.plot is None:
        return {}
    path = Path(args.plot)
    check_plot(path)
    if len(names) == 1:
        return {names[0]: free(path, args)}
    paths, alike = {}, Counter()
    for name in names:
        plain = re.sub(r"[^\w.-]+", "_", name)
        alike[plain] += 1
        paths[name] = path.with_stem(f"{path.stem}-{plain}" + (f"-{alike[plain]}" if alike[plain] > 1 else ""))
    return {name: free(path, args) for name, path in paths.items()}


def _draw(state, path, unit):
    """Write the charts of a property; without matplotlib, say so and go on, as the state is what matters."""
    try:
        from ..plotting import ControlChartDisplay

        figure = ControlChartDisplay.from_state(state, unit=unit).figure_
    except OptionalDependencyError as error:
        print(f"skspectral monitor: {path} is not written. {error}", file=sys.stderr)
        return
    content = io.BytesIO()
    figure.savefig(content, dpi=150, format=path.suffix[1:])
    write_whole(path, content.getvalue())
    print(f"Written: {path}")
