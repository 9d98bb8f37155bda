"""``skspectral predict``: values, intervals and flags of new spectra by a deployed model."""

import io
from pathlib import Path

from ._files import add_output, free, say, shell, sources, write_text
from ._reading import add_options_of_new_files, given_options
from ._words import in_options

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Predict new spectra by a model of `skspectral transfer`: for each property the value, an interval, a flag and its "
    "reason. Exit codes: 0 done, 2 error, 3 done, but spectra were rejected."
)
REJECTED_CODE = 3
SUFFIXES = (".csv", ".xlsx")
MOST_SHOWN = 10
WIDEST = 60


def add_arguments(parser):
    """Describe the options."""
    parser.add_argument("model", metavar="MODEL", help="the deployed model")
    parser.add_argument("files", nargs="+", metavar="FILE", help="new spectra: FILE, folder or glob, or NAME=FILE")
    parser.add_argument("--instrument", metavar="NAME",
                        help="the instrument that measured them; where files name it, only its spectra")  # fmt: skip
    parser.add_argument("--per-sample", action="store_true", help="one row per sample, its spectra averaged")
    parser.add_argument("--level", type=float, default=0.9, metavar="SHARE",
                        help="share of the intervals that hold the reference (default: 0.9)")  # fmt: skip
    add_output(parser, required=True, help="the predictions, .csv or .xlsx")
    add_options_of_new_files(parser)


def run(args):
    """Predict and write; 3 where a spectrum was rejected."""
    path = free(args.output, args)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"Predictions are written to {' or '.join(SUFFIXES)}, got {path.name}.")
    from ..deployment import TransferredModel

    model = TransferredModel.load(args.model)
    reading = {"progress": not args.quiet, **given_options(args)}
    table = model.read(sources(args.files), instrument=args.instrument, **reading)
    predicted = model.predict(table, instrument=args.instrument, per_sample=args.per_sample, level=args.level)
    _write(path, predicted)
    say(args, predicted)
    for note in predicted.notes:
        say(args, f"  {note}")
    flags = predicted.worst()
    flagged = [row for worst in ("reject", "warning") for row, flag in enumerate(flags) if flag == worst]
    for row in flagged[:MOST_SHOWN]:
        reason = in_options(_reason(predicted, row, flags[row]), args)
        say(args, f"  {flags[row]}: {_name(predicted, row)}: {reason}")
    if len(flagged) > MOST_SHOWN:
        say(args, f"  and {len(flagged) - MOST_SHOWN} more, with their reasons in {path.name}")
    say(args, f"Written: {path}")
    log, whose = f"{Path(args.model).stem}.log.csv", []
    if len(model.targets) > 1:
        # each instrument has a log of its own
        target = args.instrument or predicted.labels["instrument"][0]
        log, whose = f"{Path(args.model).stem}.{target}.log.csv", ["--target", target]
    command = shell(args.model, log, "--add", "FILE", *whose)
    say(args, f"Next, when references of some samples are known: skspectral monitor {command}")
    return REJECTED_CODE if (flags == "reject").any() else 0


def _write(path, predicted):
    if path.suffix.lower() == ".csv":
        write_text(path, predicted.to_csv())
        return
    from .._core.optional import import_optional
    from .._core.whole_files import write_whole

    openpyxl = import_optional("openpyxl", extra="io", feature="Writing .xlsx")
    frame = predicted.to_frame()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title, sheet.freeze_panes = "predictions", "A2"
    for row in [list(frame), *frame.itertuples(index=False)]:
        sheet.append([_cell(value) for value in row])
    for cells in sheet.iter_cols():
        for cell in cells:
            # a name that begins with = is no formula
            if cell.data_type == "f":
                cell.data_type = "s"
        longest = max(len(str(cell.value)) for cell in cells if cell.value is not None)
        sheet.column_dimensions[cells[0].column_letter].width = min(longest + 2, WIDEST)
    content = io.BytesIO()
    book.save(content)
    write_whole(path, content.getvalue())


def _cell(value):
    """A value as a cell takes it: blank for NaN, and no characters that a workbook cannot hold."""
    if isinstance(value, str):
        return "".join(sign if sign.isprintable() or sign in "\t\n" else "?" for sign in value)
    return None if value is None or value != value else value


def _name(predicted, row):
    parts = [str(values[row]) for key, values in predicted.labels.items() if key != "instrument" and values[row]]
    return ", ".join(dict.fromkeys(parts)) or f"row {row + 1}"


def _reason(predicted, row, flag):
    """The reason of the severest flag of a row."""
    at = list(predicted.flag[row]).index(flag)
    return predicted.reason[row, at]
