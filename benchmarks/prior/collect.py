"""What every member of the portfolio predicts on simulated tasks."""

import numpy as np

from benchmarks.prior.tasks import draw_task
from skspectral._core.references import held_out_error
from skspectral._core.roles import TransferRows
from skspectral.transfer.portfolio._members import all_members, fit_members
from skspectral.transfer.portfolio._target_expert import fit_target_expert

__all__ = ["collect", "collect_task"]


def collect_task(materials, seed):
    """Fit all members on one simulated task; see :func:`collect`."""
    return collect(draw_task(materials, np.random.default_rng(seed)))[0]


def collect(task):
    """Fit all members on a task and return, for each property, a dictionary of errors and predictions."""
    rows = TransferRows.sort_out(
        task.X, task.y, instrument=task.instrument, sample_id=task.sample_id, source="A", target="B"
    )
    fitted = fit_members(rows, task.axis, all_members())
    expert = fit_target_expert(rows, task.axis)
    predicted = fitted.predict(task.X_test)
    errors = held_out_error(fitted.held_out)
    return [
        {
            "material": task.material,
            "measured_references": task.measured,
            "n_standards": rows.n_standards,
            "predicted": predicted[:, :, j].astype(np.float32),
            "measured": task.y_test[:, j],
            "errors": errors[:, j],
            "source_errors": fitted.source_error[:, j],
            "held_out": fitted.held_out[:, :, j].astype(np.float32),
            "spread": float(np.var(task.y[task.instrument == "A", j])),
            "expert": task.X_test @ expert.coef[j] + expert.intercept[j],
            "expert_held_out": expert.held_out[:, j],
            "source_error": float(expert.source_error[j]),
            "easier_on_target": float(expert.easier_on_target[j]),
        }
        for j in range(task.y.shape[1])
    ]
