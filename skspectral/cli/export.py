"""``skspectral export``: the coefficients of a deployed model for the software of an instrument."""

import csv
import io
import json

from ._files import add_output, free, say, shell, write_text

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Write b and b0 of y = b0 + b x for spectra as the target measures them, on its own axis. A model with SNV inside "
    "has none; with --approximate it is linearised at the mean spectrum, and the error of that is stated. Exit codes: "
    "0 done, 2 error."
)
SUFFIXES = (".csv", ".json")


def add_arguments(parser):
    """Describe the options."""
    parser.add_argument("model", metavar="MODEL", help="the deployed model")
    parser.add_argument("--target", metavar="NAME", help="the instrument, where the model serves several")
    parser.add_argument("--unit", metavar="UNIT",
                        help="unit of the axis that is written: nm, um or cm-1 (default: as in MODEL)")  # fmt: skip
    parser.add_argument("--approximate", action="store_true", help="linearise where the model is not linear")
    add_output(parser, required=True, help="the coefficients, .csv or .json")


def run(args):
    """Fold the model into coefficients and write them."""
    path = free(args.output, args)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"Coefficients are written to {' or '.join(SUFFIXES)}, got {path.name}.")
    from ..deployment import TransferredModel

    model = TransferredModel.load(args.model)
    found = model.coefficients(args.target, approximate=args.approximate)
    found, unit = _in_unit(found, model.unit, args.unit)
    write_text(path, _as_json(model, found, unit) if path.suffix.lower() == ".json" else _as_csv(model, found, unit))
    kind = "exact" if found.error is None else "linearised at the mean spectrum"
    quantity = model.records[found.target].quantity
    of = "the quantity that the model was made from" if quantity == "unknown" else quantity
    say(args, f"Coefficients of {', '.join(model.properties)} for {found.target}, {kind}, for spectra in {of}.")
    if found.error is not None:
        for name, error, rmsep in zip(model.properties, found.error, found.rmsep):
            beside = f", beside an RMSEP of {rmsep:.3g}" if rmsep == rmsep else ""
            say(args, f"  {name}: error of linearisation {error:.3g}{beside}")
    say(args, f"Written: {path}")
    say(
        args,
        f"Next: skspectral predict {shell(args.model)} FILE -o predictions.csv, and compare with the instrument's own.",
    )


def _in_unit(found, own, wanted):
    """Coefficients with their axis in the unit that was asked for, ascending, and that unit."""
    if wanted is None:
        return found, own
    from dataclasses import replace

    import numpy as np

    from .._core.units import check_unit, convert

    wanted = check_unit(wanted)
    if found.wavelengths is None:
        raise ValueError("The model does not know its axis, so that it cannot be given in a unit.")
    axis = convert(np.asarray(found.wavelengths, dtype=np.float64), own, wanted, name="The axis")
    order = np.argsort(axis)
    return replace(found, wavelengths=axis[order], coef=found.coef[:, order]), wanted


def _as_csv(model, found, unit):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([unit if found.wavelengths is not None else "channel", *model.properties])
    writer.writerow(["b0", *(repr(float(value)) for value in found.intercept)])
    axis = range(1, found.coef.shape[1] + 1) if found.wavelengths is None else found.wavelengths
    for place, values in zip(axis, found.coef.T):
        writer.writerow([f"{place:.10g}", *(repr(float(value)) for value in values)])
    return text.getvalue()


def _as_json(model, found, unit):
    content = {
        "target": str(found.target),
        "unit": unit,
        "quantity": model.records[found.target].quantity,
        "wavelengths": None if found.wavelengths is None else found.wavelengths.tolist(),
        "approximate": found.error is not None,
        "made_from": f"{model.method}, {model.created}",
        "properties": {
            name: {
                "unit": model.units.get(name),
                "b0": float(found.intercept[j]),
                "b": found.coef[j].tolist(),
                "error_of_linearisation": None if found.error is None else float(found.error[j]),
            }
            for j, name in enumerate(model.properties)
        },
    }
    return json.dumps(content, indent=1) + "\n"
