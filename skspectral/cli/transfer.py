"""``skspectral transfer``: move a calibration to another instrument, validate it, and write the model to deploy."""

from ._files import add_output, add_reading, free, read, reading_options, say, shell
from ._words import in_options

__all__ = ["add_arguments", "run"]

MOST_NAMED = 3
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
    from ..io import check

    path = free(args.output, args)
    method, units = _method(args.method), _units(args.units)
    table = read(args)
    say(args, table)
    # what is wrong with the spectra is wrong with the model
    say(args, in_options(repr(check(table)), args))
    idle = [str(name) for name in table.instruments if name not in (args.source, *args.target, None)]
    if idle:
        named = "names it" if len(idle) == 1 else "names them"
        say(args, f"  {', '.join(idle)}: no part in this, as neither --source nor --target {named}")
    _refuse_other_spellings(args, table)
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
    said = [] if len(args.target) == 1 else ["--instrument", args.target[0]]
    command = shell(path, f"new_{args.target[0]}.csv", *said, "-o", "predictions.csv")
    say(args, f"Next: skspectral predict {command}")


def _refuse_other_spellings(args, table):
    """Refuse to go on without any standard where names are only written in two ways."""
    import numpy as np

    from ..exceptions import NoStandardsError
    from ..io.names.pairing import pairing

    if args.match == "exact" or args.source not in table.instruments:
        return
    for target in args.target:
        if target not in table.instruments or np.isfinite(table.y[table.rows_of(target)]).any():
            continue
        on_source, on_target = (
            [str(name) for name in table.sample_id[table.rows_of(place)] if name is not None]
            for place in (args.source, target)
        )
        _, n_pairs, close = pairing(on_source, on_target)
        if close and not n_pairs:
            named = ", ".join(f"{one!r} / {other!r}" for one, other in close[:MOST_NAMED])
            raise NoStandardsError(
                f"No sample of {target} is called as one of {args.source}, but {len(close)} almost: {named}. Read with "
                "match='loose' if they differ in what separates their parts, or write them in one way; match='exact' "
                "goes on without standards."
            )


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
    return dict(text.rpartition("=")[::2] for text in given)
