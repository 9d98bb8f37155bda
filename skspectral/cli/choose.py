"""``skspectral choose``: which samples to measure on the other instrument."""

import csv
import io

from ._files import add_output, add_reading, free, free_plot, read, say, shell, write_text

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Choose transfer standards among the samples of an instrument, and name them, most useful first: the first five of "
    "ten are the five. Exit codes: 0 done, 2 error."
)
METHODS = ("spxy", "kennard-stone", "duplex", "leverage", "y", "random")
WHY = {
    "spxy": "far from those before it in spectrum and reference",
    "kennard-stone": "far from those before it in its spectrum",
    "duplex": "far from those before it in its spectrum",
    "leverage": "of large leverage beside those before it",
    "y": "far from those before it in its reference",
    "random": "drawn at random",
}


#: Of the first standards, before which there is none: how many, and why.
FIRST = {
    "spxy": (2, "with the other of the first two, the pair farthest apart in spectrum and reference"),
    "kennard-stone": (2, "with the other of the first two, the pair farthest apart in its spectrum"),
    "duplex": (2, "with the other of the first two, the pair farthest apart in its spectrum"),
    "y": (2, "with the other of the first two, the pair farthest apart in its reference"),
    "leverage": (1, "of the largest leverage"),
}


def add_arguments(parser):
    """Describe the options."""
    add_reading(parser)
    parser.add_argument("-n", type=int, default=10, metavar="N", help="number of standards (default: 10)")
    parser.add_argument("--method", choices=METHODS,
                        help="default: spxy where every sample has a reference, else kennard-stone")  # fmt: skip
    parser.add_argument("--instrument", metavar="NAME", help="whose samples, where the files hold several instruments")
    parser.add_argument("--seed", type=int, default=0, help="seed of --method random (default: 0)")
    parser.add_argument("--plot", metavar="FILE", help="draw where they lie among all samples (.png, .svg or .pdf)")
    add_output(parser, required=False, help="also write the list (.csv)")


def run(args):
    """Choose and name."""
    if args.n < 1:
        raise ValueError(f"-n must be at least 1, got {args.n}.")
    output = None if args.output is None else free(args.output, args)
    if output is not None and output.suffix.lower() != ".csv":
        raise ValueError(f"The list is written to .csv, got {output.name}.")
    plot = None if args.plot is None else free_plot(args.plot, args)
    import numpy as np

    from ..exceptions import AmbiguousInstrumentError, MissingReferenceError, TableError
    from ..model_selection import select_standards

    table = read(args)
    instruments = table.instruments
    if args.instrument is None and len(instruments) > 1:
        raise AmbiguousInstrumentError(
            f"The files hold {', '.join(map(str, instruments))}; say with --instrument whose samples to choose from."
        )
    name = instruments[0] if args.instrument is None else args.instrument
    table = table.select(instruments=[name])
    ids = [sample for sample in dict.fromkeys(table.sample_id) if sample is not None]
    if not ids:
        raise TableError("No spectrum has the name of a sample; say with --id-column which column names them.")
    rows = [np.flatnonzero([label == sample for label in table.sample_id]) for sample in ids]
    X = np.stack([table.spectra_of(name)[at].mean(axis=0) for at in rows])
    y = np.stack([_mean(table.y[at]) for at in rows])
    complete = y.shape[1] > 0 and np.isfinite(y).all()
    if args.method in ("spxy", "y") and not y.shape[1]:
        raise MissingReferenceError(
            f"--method {args.method} looks at references, and the files hold none: give --references FILE, or choose "
            "by spectra alone (kennard-stone)."
        )
    method = args.method or ("spxy" if complete else "kennard-stone")
    order = select_standards(X, args.n, method=method, y=y if y.shape[1] else None, random_state=args.seed)
    chosen = [ids[i] for i in order]
    lines = [["order", "sample_id", "why", *table.properties]]
    distance = _nearest_before(X, order)
    for position, i in enumerate(order):
        n_first, why = FIRST.get(method, (0, ""))
        if position >= n_first:
            why = WHY[method]
        if method != "random" and position >= max(n_first, 1):
            why += f" (its spectrum: {distance[position]:.2g} times the median distance between samples)"
        lines.append([position + 1, ids[i], why, *(f"{value:g}" if np.isfinite(value) else "" for value in y[i])])
    if output is not None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        write_text(output, text.getvalue())
    # the list is the result, and is printed even where nothing else is
    if args.quiet:
        print("\n".join(map(str, chosen)))
    _print(args, lines)
    say(args, f"{len(chosen)} of {len(ids)} samples{'' if name is None else f' of {name}'} by {method}.")
    if output is not None:
        say(args, f"Written: {output}")
    if plot is not None:
        _draw(plot, X, order, chosen, name)
        say(args, f"Written: {plot}")
    named = name is not None and any("=" in file for file in args.files)
    old = name if named else "OLD"
    files = [file if named else f"OLD={file}" for file in args.files]
    command = shell(*files, "NEW=standards.csv", "--source", old, "--target", "NEW", "-o", "model.skspectral")
    say(args, f"Next: measure them on the other instrument, then: skspectral transfer {command}")


def _mean(values):
    """Mean of the finite values of each column, NaN where there is none."""
    import numpy as np

    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return np.divide(sums, known.sum(axis=0), out=np.full(values.shape[1], np.nan), where=known.any(axis=0))


def _nearest_before(X, order):
    """Distance of each chosen sample to the nearest chosen before it, in median distances between samples."""
    import numpy as np
    from scipy.spatial.distance import cdist

    some = X[np.linspace(0, len(X) - 1, min(len(X), 200)).astype(int)]
    between = cdist(some, some)
    typical = np.median(between[between > 0]) if (between > 0).any() else 1.0
    chosen = cdist(X[order], X[order])
    return [np.inf] + [chosen[i, :i].min() / typical for i in range(1, len(order))]


def _print(args, lines):
    widths = [max(len(str(line[k])) for line in lines) for k in range(len(lines[0]))]
    for line in lines:
        say(args, "  ".join(str(cell).ljust(width) for cell, width in zip(line, widths)).rstrip())


def _draw(path, X, order, chosen, name):
    import numpy as np

    from .._core.optional import import_optional

    plt = import_optional("matplotlib.pyplot", extra="plot", feature="The plot of the standards")
    left, singular, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    scores, share = left[:, :2] * singular[:2], singular[:2] ** 2 / np.sum(singular**2)
    if scores.shape[1] < 2:
        scores, share = np.column_stack([scores, np.zeros(len(X))]), np.append(share, 0.0)
    figure, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
    ax.scatter(*scores.T, s=18, color="0.7", label="samples")
    ax.scatter(*scores[order].T, s=36, color="C3", label="standards")
    for label, point in zip(chosen, scores[order]):
        ax.annotate(str(label), point, xytext=(4, 3), textcoords="offset points", fontsize="small")
    title = "Standards among all samples" if name is None else f"Standards among samples of {name}"
    ax.set(xlabel=f"PC 1 ({100 * share[0]:.3g} %)", ylabel=f"PC 2 ({100 * share[1]:.2g} %)", title=title)
    ax.legend(frameon=False)
    figure.savefig(path, dpi=150)
    plt.close(figure)
