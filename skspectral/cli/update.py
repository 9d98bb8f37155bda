"""``skspectral update``: new standards into a deployed model."""

from ._files import add_output, free, say, shell, sources, target_of
from ._reading import add_options_of_new_files, given_options

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Add standards to a deployed model: transfer anew from old and new ones, with the files that it was made from "
    "(--table), or correct its predictions by a straight line through the new ones (--correction). MODEL itself stays "
    "as it is. Exit codes: 0 done, 2 error."
)


def add_arguments(parser):
    """Describe the options."""
    parser.add_argument("model", metavar="MODEL", help="the deployed model")
    parser.add_argument("files", nargs="+", metavar="FILE",
                        help="new standards, measured on a target of MODEL, with references")  # fmt: skip
    parser.add_argument("--references", metavar="FILE", help="table of reference values, where the files hold none")
    parser.add_argument("--table", nargs="+", metavar="FILE",
                        help="files that MODEL was made from, as `transfer` read them")  # fmt: skip
    parser.add_argument("--correction", choices=("bias", "slope_bias", "tested"),
                        help="instead of --table: the line; tested: what tests of bias and slope ask for")  # fmt: skip
    parser.add_argument("--target", metavar="NAME", help="the instrument, where MODEL serves several")
    parser.add_argument("--no-validation", action="store_true", help="do not leave out each standard")
    add_output(parser, required=True, help="the new model")
    add_options_of_new_files(parser)


def run(args):
    """Read, update, write."""
    path = free(args.output, args)
    from ..deployment import TransferredModel
    from ..io import read_spectra
    from ..monitoring import update

    model = TransferredModel.load(args.model)
    target = target_of(model, args.target)
    given, progress = given_options(args), not args.quiet
    # what is learned from must be whole
    new = model.read(sources(args.files), instrument=target, on_error="raise", progress=progress, **given)
    table = None
    if args.table is not None:
        options = model.reading | ({} if args.references is None else {"references": args.references})
        table = read_spectra(sources(args.table), progress=progress, **options)
    updated = update(
        model,
        new,
        table=table,
        correction=args.correction,
        target=target,
        validate=not args.no_validation,
        progress=progress,
    )
    updated.save(path)
    say(args, updated)
    say(args, f"Written: {path}")
    say(
        args,
        f"Next: skspectral monitor {shell(path)} LOG --since {updated.created[:10]}, with check samples from now on.",
    )
