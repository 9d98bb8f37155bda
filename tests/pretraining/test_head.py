"""The differentiable head against the package's own closed form, explicit refits and hand-made cases."""

import numpy as np
import pytest
import torch

from skspectral.pretraining.head.ridge import augmented_ridge, centre_task
from skspectral.pretraining.head.transfer_head import FLOOR, Rows, TransferHead, head_loss, transfer_loss
from skspectral.transfer._augmented import AugmentedRows

S, N, T, D = 14, 4, 6, 5


def problem(seed=0, n_standards=N, stages=2):
    """Source, standards and test rows of a linear task, the target shifted and noisy: Rows of one episode."""
    rng = np.random.default_rng(seed)
    clean = rng.standard_normal((S + T, stages, D))
    y = clean[:, 0, 0] - 0.5 * clean[:, 0, 1]
    target = 1.1 * clean + 3 + 0.05 * rng.standard_normal(clean.shape)
    tensor = torch.from_numpy
    counts = (torch.tensor([n]) for n in (S, n_standards, T))
    rows = Rows(
        tensor(clean[None, :S]),
        tensor(target[None, :n_standards]),
        tensor(target[None, S:]),
        tensor(y[None, :S]),
        *counts,
    )
    return rows, tensor(y[None, S:])


def fitted(centred, n_standards, ridge=1e-2, difference=10.0, target=2.0):
    """One ridge on the first stage: kernel and result."""
    settings = torch.log10(torch.tensor([[[ridge, difference, target]]], dtype=torch.float64))
    return augmented_ridge(centred.gram[:, :1], centred.y, centred.known, settings, n_standards)


def predicted(centred, ridge, x):
    """Predictions of target rows (n, D) of the first stage in the units of the reference."""
    rows = (x - centred.target_centre[0, 0]) / centred.scale[0, 0] ** 2
    standardised = rows @ centred.rows[0, 0].mT @ ridge.alpha[0, 0] + ridge.offset[0, 0]
    return (standardised * centred.y_scale[0] + centred.y_mean[0]).numpy()


def test_predictions_and_left_out_standards_equal_those_of_the_estimator():
    rows, _ = problem()
    centred = centre_task(rows.task())
    x, standards = rows.source[0, :, 0].numpy(), rows.standards[0, :, 0].numpy()
    y, twin = rows.y[0].numpy(), np.arange(N)
    shift = centred.target_centre[0, 0].numpy() - x.mean(0)
    np.testing.assert_allclose(shift, (standards - x[:N]).mean(0))
    reference = AugmentedRows(x, y[:, None], standards - shift, y[:N, None], twin)
    solution = reference.solve(1e-2, 10.0, 2.0)
    ours = fitted(centred, N)
    test = rows.test[0, :, 0]
    expected = ((test.numpy() - shift) @ solution.coef.T + solution.intercept)[:, 0]
    np.testing.assert_allclose(predicted(centred, ours, test), expected, rtol=1e-5)
    held_out = ours.left_out_standards[0, 0].numpy() * reference.y_scale
    np.testing.assert_allclose(held_out, solution.held_out[:, 0], rtol=1e-5)


def test_left_out_source_rows_equal_a_refit_without_them():
    centred = centre_task(problem(n_standards=0)[0].task())
    left_out = fitted(centred, 0).left_out_source[0, 0]
    for k in (0, 7):
        kept = [j for j in range(S) if j != k]
        gram = centred.gram[:, :, kept][..., kept]
        others = centred._replace(gram=gram, y=centred.y[:, kept], known=centred.known[:, kept])
        refit = fitted(others, 0)
        # A source row has the offset of its instrument alone, as all rows here.
        prediction = centred.gram[0, 0, k, kept] @ refit.alpha[0, 0] + refit.offset[0, 0]
        assert left_out[k].item() == pytest.approx((centred.y[0, k] - prediction).item(), rel=1e-6)


def test_what_is_not_known_of_a_sample_is_as_if_it_were_not_there():
    rows, _ = problem()
    torch.manual_seed(0)
    head = TransferHead(n_stages=2)
    task = rows.task()
    # A standard without source row, one without reference, a source row without reference.
    without = task._replace(
        on_pairs=torch.tensor([[0.0, 1, 1, 1]]).double(),
        on_standards=torch.tensor([[1.0, 0, 1, 1]]).double(),
        on_source=task.on_source.clone().index_fill_(1, torch.tensor([5]), 0.0),
    )
    other = without._replace(y=without.y.clone(), y_standards=without.y_standards.clone())
    other.y[0, 5], other.y_standards[0, 1] = 99.0, 99.0
    for first, second in zip(head.solve(without), head.solve(other), strict=True):
        torch.testing.assert_close(first, second)
    assert head.solve(without).left_out[0, 1] == 0
    assert not torch.allclose(head.solve(without).coef, head.solve(task).coef)


def test_linear_solutions_predict_what_the_head_predicts():
    rows, y = problem()
    head = TransferHead(n_stages=2)
    torch.testing.assert_close(head.solve(rows.task()).predict(rows.test), head(rows)[0])
    assert head_loss(head, rows, y).item() < 0


def test_padding_changes_nothing():
    rows, _ = problem()
    short, _ = problem(seed=1, n_standards=0)
    torch.manual_seed(0)
    head = TransferHead(n_stages=2)

    def padded(a, b):
        return torch.nn.utils.rnn.pad_sequence([a[0], b[0]], batch_first=True, padding_value=9.0)

    both = Rows(
        *(padded(a, b) for a, b in zip(rows[:4], short[:4])), *(torch.cat(c) for c in zip(rows[4:7], short[4:7]))
    )
    together = head(both)
    for number, alone in enumerate((rows, short)):
        torch.testing.assert_close(together[0][number], head(alone)[0][0])
        torch.testing.assert_close(together[1].weight[number], head(alone)[1].weight[0])


@pytest.mark.parametrize("n_standards", [0, N])
def test_a_constant_shift_of_the_target_changes_nothing(n_standards):
    rows, _ = problem(n_standards=n_standards)
    torch.manual_seed(0)
    head = TransferHead(n_stages=2)
    shifted = rows._replace(standards=rows.standards + 50, test=rows.test + 50)
    torch.testing.assert_close(head(rows)[0], head(shifted)[0], rtol=1e-6, atol=1e-6)


def test_predictions_follow_the_unit_of_the_reference():
    rows, _ = problem()
    torch.manual_seed(0)
    head = TransferHead(n_stages=2)
    other = head(rows._replace(y=1000 * rows.y + 7))
    torch.testing.assert_close(other[0], 1000 * head(rows)[0] + 7)


def test_standards_help_where_the_target_differs_by_more_than_an_offset():
    rng = np.random.default_rng(3)
    clean = rng.standard_normal((60, 1, D))
    y = clean[:, 0].sum(1)
    target = clean.copy()
    target[:, 0, 0] = 2 * rng.standard_normal(60)  # one feature is noise on the target
    t = torch.from_numpy
    torch.manual_seed(0)
    head = TransferHead(n_stages=1)
    losses = []
    for n in (0, 10):
        counts = (torch.tensor([k]) for k in (40, n, 20))
        rows = Rows(t(clean[None, :40]), t(target[None, :n]), t(target[None, 40:]), t(y[None, :40]), *counts)
        losses.append(head_loss(head, rows, t(y[None, 40:])).item())
    assert losses[1] < losses[0] - 0.1


def test_gradients_reach_features_and_settings():
    rows, y = problem()
    features = rows.source.clone().requires_grad_()
    torch.manual_seed(0)
    head = TransferHead(n_stages=2)
    loss = head_loss(head, rows._replace(source=features), y).sum()
    loss.backward()
    assert features.grad.abs().max() > 0
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())
    # far above the rounding of the solution, and small beside the features: 1e-3 and 1e-4 agree
    step = torch.zeros_like(features)
    step[0, 0, 0, 0] = 1e-3
    with torch.no_grad():
        ends = [head_loss(head, rows._replace(source=rows.source + s), y).item() for s in (step, -step)]
    assert features.grad[0, 0, 0, 0].item() == pytest.approx((ends[0] - ends[1]) / 2e-3, rel=1e-2)


def test_training_the_settings_lowers_the_loss():
    tasks = [problem(seed) for seed in range(6)]
    rows = Rows(*(torch.cat(parts) for parts in zip(*(rows[:7] for rows, _ in tasks))))
    y = torch.cat([y for _, y in tasks])
    torch.manual_seed(0)
    head = TransferHead(n_stages=2)
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = head_loss(head, rows, y).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.3


def test_loss_counts_real_rows_in_units_of_the_source():
    prediction = torch.tensor([[1.0, 2.0, 99.0]], dtype=torch.float64)
    scale = torch.tensor([2.0], dtype=torch.float64)
    loss = transfer_loss(prediction, torch.tensor([[1.0, 4.0, 0.0]]), torch.tensor([2]), scale)
    assert loss.item() == pytest.approx(np.log(FLOOR + (0 + 1.0) / 2))
