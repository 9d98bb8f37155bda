"""``skspectral transfer``: move a calibration to another instrument, validate it, and write the model to deploy."""

from ._files import add_output, add_reading, free, read, reading_options, say

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Fit the transfer of a calibration to one or several instruments, predict each standard without itself, and write "
    "one file with everything that predicting needs. Exit codes: 0 done, 2 error."
)


def add_arguments(parser):
    """Describe the options."""
    add_reading(parser)
    parser.add_argument("--source", required=True, metavar="NAME", help="the instrument that the calibration is on")
    parser.add_argument("--target", required=True, action="append", metavar="NAME",
                        help="the instrument that it moves to (repeatable)")  # fmt: skip
    parser.add_argument("--method", default="auto", metavar="NAME",
                        help="auto, or a method by its name: PDS, SBC, MeanShift, ... (default: auto)")  # fmt: skip
    parser.add_argument("--units", action="append", default=[], metavar="NAME=UNIT",
                        help="unit of a property (repeatable)")  # fmt: skip
    parser.add_argument("--no-validation", action="store_true", help="do not fit anew without each standard")
    parser.add_argument("--conformal", action="store_true",
                        help="intervals by the errors of left-out standards")  # fmt: skip
    add_output(parser, required=True, help="the model, by custom NAME.skspectral")


def run(args):
    """Fit, validate, write."""
    path = free(args.output, args)
    method, units = _method(args.method), _units(args.units)
    table = read(args)
    say(args, table)
    from ..deployment import TransferredModel

    model = TransferredModel.fit(
        table,
        source=args.source,
        target=args.target,
        method=method,
        units=units,
        reading=reading_options(args),
        validate=not args.no_validation,
        conformal=args.conformal,
        progress=not args.quiet,
    )
    model.save(path)
    say(args, model)
    say(args, f"Written: {path}")
    name = f"new_{args.target[0]}.csv"
    said = "" if len(args.target) == 1 else f" --instrument {args.target[0]}"
    say(args, f"Next: skspectral predict {path} {name}{said} -o predictions.csv")


def _method(name):
    if name == "auto":
        return name
    from .. import transfer

    known = [other for other in transfer.__all__ if hasattr(getattr(transfer, other), "__transfer_tags__")]
    if name == "SpectralFMTransfer":
        from ..foundation import SpectralFMTransfer

        return SpectralFMTransfer()
    if name not in known:
        raise ValueError(
            f"There is no method {name!r}; there are auto, SpectralFMTransfer, {', '.join(sorted(known))}."
        )
    return getattr(transfer, name)()


def _units(given):
    wrong = [text for text in given if "=" not in text]
    if wrong:
        raise ValueError(f"--units takes NAME=UNIT, such as protein=%, got {wrong[0]!r}.")
    return dict(text.split("=", 1) for text in given)
