"""``skspectral demo``: the methods on a published data set."""

import numpy as np
from sklearn.base import clone

from ..datasets import fetch_corn, make_instruments
from ..exceptions import DatasetUnavailableError
from ..metrics import rmsep
from ..model_selection import TransferSplit
from ._results import add_options, check_options, chosen_methods, keep, run_comparison, say, write

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Compare the methods on corn (80 samples, 3 NIR instruments; downloaded once, or read from the folder in "
    "SKSPECTRAL_DATA), or on simulated instruments where corn cannot be had."
)


def add_arguments(parser):
    """Describe the options."""
    parser.add_argument("--source", default="m5", help="source instrument (default: m5)")
    parser.add_argument("--target", default="mp6", help="target instrument (default: mp6)")
    parser.add_argument("--simulated", action="store_true", help="use simulated instruments")
    add_options(parser, "skspectral-demo")


def run(args):
    """Compare the methods on corn, or on simulated instruments."""
    check_options(args)
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
    comparison, best = run_comparison(args, data, cv, notes, native=True)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    train, test = next(cv.split(data.X, data.y, **labels))
    model = clone(chosen_methods(args, data)[best])
    model.fit(data.X[train], data.y[train], **{name: value[train] for name, value in labels.items()})
    loaded, path = keep(args, model)
    predicted = loaded.predict(data.X[test]).reshape(len(test), -1)
    if not np.array_equal(predicted, model.predict(data.X[test]).reshape(len(test), -1)):
        raise ValueError(f"{path} does not predict what the model in memory predicts.")
    errors = rmsep(data.y[test], predicted, multioutput="raw_values")
    shown = ", ".join(f"{name} {error:.3g}" for name, error in zip(data.target_names, np.atleast_1d(errors)))
    say(args, f"{path}: {best}, loaded again; RMSEP on the {len(test)} held-out samples of the first split: {shown}")
    write(args, comparison, data, model, best, notes)
    say(args, "Next, with files of your own: skspectral compare OLD=FILE NEW=FILE --source OLD --target NEW")


def _demo_data(args):
    """Corn, or simulated instruments under the same names; and a sentence that says which."""
    if not args.simulated:
        try:
            data = fetch_corn(instruments=[args.source, args.target])
            return data, "corn, 80 samples on two NIR instruments (1100-2498 nm)"
        except DatasetUnavailableError as error:
            say(args, f"Corn cannot be had ({error}).\nUsing simulated instruments instead.")
    data = make_instruments(n_samples=80, n_targets=2, random_state=args.seed)
    names = {"A": args.source, "B": args.target}
    data.instrument = np.array([names[label] for label in data.instrument], dtype=object)
    return data, "SIMULATED instruments, 80 samples (not a measurement)"
