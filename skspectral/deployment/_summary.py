"""A deployed model in words."""

import numpy as np

__all__ = ["summary"]

MOST_NAMES = 12


def summary(model):
    """Describe a TransferredModel in a few lines."""
    named = [f"{name} ({model.units[name]})" if name in model.units else name for name in model.properties]
    lines = [f"Calibration for {', '.join(named)} from {model.source} to {', '.join(map(str, model.targets))}"]
    lines.append(f"  method      {model.method}")
    for record in model.records.values():
        if len(model.records) > 1:
            lines.append(f"{record.target}")
        lines += _of_record(model, record)
    if model.holds_spectra:
        lines.append("  keeps       the method keeps spectra that it was made from, and so does a file of this model")
    versions = ", ".join(f"{name} {version}" for name, version in model.versions.items())
    lines.append(f"  made        {model.created} with {versions}")
    return "\n".join(lines)


def _of_record(model, record):
    axis = f"{record.n_channels} channels"
    if record.wavelengths is not None:
        axis += f", {record.wavelengths[0]:g} to {record.wavelengths[-1]:g} {model.unit}"
    shown = ", ".join(map(str, record.standards[:MOST_NAMES]))
    more = ", ..." if len(record.standards) > MOST_NAMES else ""
    yield f"  axis        {axis}, {record.quantity if record.quantity != 'unknown' else 'quantity not stated'}"
    yield f"  source      {record.n_source_samples} samples"
    yield f"  standards   {len(record.standards)}{': ' if shown else ''}{shown}{more}"
    several = len(set(record.strategy)) > 1
    for name, text in zip(model.properties, record.strategy) if several else [("", t) for t in record.strategy[:1]]:
        yield f"  strategy    {f'{name}: ' if several else ''}{text}"
    held = record.held_out
    yield f"  validation  {held.how}"
    if len(held.samples):
        width = max(len("property"), *(len(name) for name in model.properties))
        yield f"              {'property'.ljust(width)}     n    RMSEP     bias      SEP  calibrated range"
        for j, name in enumerate(model.properties):
            yield (
                f"              {name.ljust(width)}  {held.n[j]:4d} {_number(held.rmsep[j])} "
                f"{_number(held.bias[j], least=1e-9 * held.rmsep[j])} "
                f"{_number(held.sep[j])}  {record.low[j]:.4g} to {record.high[j]:.4g}"
            )
    if record.intervals is not None and record.intervals.conformal:
        highest = np.isfinite(record.intervals.scores_).sum(axis=0).min()
        yield f"  intervals   conformal up to {100 * highest / (highest + 1):.0f} %, by {highest} left-out standards"
    for note in record.notes:
        yield f"  note        {note}"


def _number(value, *, least=0.0):
    """A number of eight characters; rounding of zero is zero."""
    return "       -" if not np.isfinite(value) else f"{0.0 if abs(value) < least else value:8.4g}"
