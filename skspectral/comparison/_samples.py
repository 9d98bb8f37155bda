"""Held-out samples of a comparison: what was predicted of each, and which of them to look at."""

import numpy as np

from ..deployment.predictions import SEVERITIES

__all__ = ["held_out_samples", "samples_to_look_at"]

# a sample is listed where its error is this many SEP from the bias
FAR = 2.5
MOST_LISTED = 10


def held_out_samples(comparison, method):
    """Predictions of one method, one row per sample and property.

    Parameters
    ----------
    comparison : skspectral.comparison.Comparison
    method : str

    Returns
    -------
    list of dict
        ``sample``, ``property``, ``measured``, ``predicted`` (mean over the repeats), ``n_repeats``, ``error``, and
        ``ratio``: the error around the bias in units of the SEP (NaN where there is none). Where predictions have
        ``lower``, ``upper``, ``flag`` or ``reason``, those too, and the mean is over such repeats only.
    """
    errors = {row["property"]: row for row in comparison.summary() if row["method"] == method}
    groups = {}
    for row in comparison.predictions:
        if row["method"] == method:
            sample = row.get("sample_id", row.get("row", len(groups)))
            groups.setdefault((row["property"], str(sample)), []).append(row)
    found = []
    for (name, sample), rows in groups.items():
        judged = [row for row in rows if "flag" in row or "lower" in row]
        rows = judged or rows
        mean = {key: float(np.mean([row[key] for row in rows])) for key in ("measured", "predicted")}
        error = mean["predicted"] - mean["measured"]
        sep, bias = errors[name]["sep"], errors[name]["bias"]
        entry = {"sample": sample, "property": name, **mean, "n_repeats": len(rows), "error": error}
        entry["ratio"] = (error - bias) / sep if sep > 0 else np.nan
        for key in ("lower", "upper"):
            if all(key in row for row in rows):
                entry[key] = float(np.mean([row[key] for row in rows]))
        if judged:
            worst = max(judged, key=lambda row: SEVERITIES.index(row.get("flag", "")))
            entry |= {"flag": worst.get("flag", ""), "reason": worst.get("reason", "")}
        found.append(entry)
    return found


def samples_to_look_at(samples):
    """Samples far off or flagged, the farthest first.

    Parameters
    ----------
    samples : list of dict
        From `held_out_samples`.

    Returns
    -------
    list of dict
    """
    suspicious = [row for row in samples if abs(row["ratio"]) > FAR or row.get("flag") in ("warning", "reject")]
    return sorted(suspicious, key=lambda row: -abs(row["ratio"]))[:MOST_LISTED]
