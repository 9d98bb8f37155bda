"""What every member of the portfolio predicts on transfer tasks."""

import numpy as np

from skspectral._core.references import held_out_error
from skspectral._core.roles import TransferRows
from skspectral.transfer.portfolio._members import FAMILIES, all_members, family_members, fit_members
from skspectral.transfer.portfolio._target_expert import fit_target_expert

__all__ = ["collect", "members_of", "collect_settings"]

# families that are there with fewer than three standards
FEW_FAMILIES = ("few", "source", "bias")


def members_of(n_standards, ridges=None):
    """Families, and their members, that a number of standards allows; of the ridges all, or those that are named."""
    families = FAMILIES if n_standards >= 3 else FEW_FAMILIES
    return [
        member
        for family in families
        for member in family_members(family, n_standards)
        if ridges is None or family != "ridges" or member.name in ridges
    ]


def collect(task, members=None):
    """Fit all members on a task and return, for each property, a dictionary of errors and predictions."""
    rows = TransferRows.sort_out(
        task.X, task.y, instrument=task.instrument, sample_id=task.sample_id, source="A", target="B"
    )
    unlabelled = rows.target_samples[0][~rows.says_something]
    members = all_members() if members is None else members
    fitted = fit_members(rows, task.axis, members, unlabelled if len(unlabelled) else None)
    expert = fit_target_expert(rows, task.axis) if rows.n_standards >= 3 else None
    predicted = fitted.predict(task.X_test)
    errors = held_out_error(fitted.held_out)
    names = tuple(member.name for member in members)
    return [
        {
            "material": task.material,
            "members": names,
            "measured_references": task.measured,
            "n_standards": rows.n_standards,
            "n_unlabelled": len(unlabelled),
            "n_channels": len(task.axis),
            "predicted": predicted[:, :, j].astype(np.float32),
            "measured": task.y_test[:, j],
            "errors": errors[:, j],
            "source_errors": fitted.source_error[:, j],
            "gaps": fitted.gap[:, j],
            "n_pairs": len(rows.pairs),
            "held_out": fitted.held_out[:, :, j].astype(np.float32),
            "spread": float(np.var(task.y[task.instrument == "A", j])),
        }
        | ({} if expert is None else _of_expert(expert, task.X_test, j))
        for j in range(task.y.shape[1])
    ]


def _of_expert(expert, X, j):
    return {
        "expert": X @ expert.coef[j] + expert.intercept[j],
        "expert_held_out": expert.held_out[:, j],
        "source_error": float(expert.source_error[j]),
        "easier_on_target": float(expert.easier_on_target[j]),
    }


def collect_settings(setting, plan, label, ridges=None):
    """Collect the tasks that a setting gives: a list of dictionaries.

    Parameters
    ----------
    setting : Setting
    plan : list of (n_standards, unlabelled)
        Unlabelled target spectra are None, "other" samples or the "same" as the source's.
    label : str
        What kind of setting it is.
    ridges : collection of str, optional
        Members of the family "ridges" to be fitted, by default all.
    """
    found = []
    for n, unlabelled in plan:
        spectra = {None: None, "other": setting.others, "same": setting.target}[unlabelled]
        n = min(n, len(setting.y))
        for part in collect(setting.task(n, spectra), members_of(n, ridges)):
            found.append(part | {"kind": label, "unlabelled": unlabelled})
    return found
