"""The total loss: who receives gradient, what each term does to one batch, and what must not move."""

import pytest
import torch

from skspectral.nn import SpectralFM, SpectralFMConfig
from skspectral.nn.lora import LoRA
from skspectral.nn.losses import WEIGHTS
from skspectral.nn.objective import PretrainingBatch, PretrainingObjective, mean_by_group

N_INSTRUMENTS = 3


def make_batch(n=16, n_channels=160, device="cpu", seed=0):
    """Peaks of random height on two axes of different length; the views change gain, offset and noise."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.where(torch.arange(n) % 2 == 0, n_channels, n_channels - 45)
    channel = torch.arange(n_channels)
    position = channel / lengths[:, None]
    heights = torch.rand(n, 3, 1, generator=generator)
    centres = torch.tensor([0.2, 0.5, 0.8])[:, None]
    absorbance = (heights * torch.exp(-0.5 * ((position[:, None] - centres) / 0.06) ** 2)).sum(1)
    valid = channel < lengths[:, None]
    count = valid.sum(1, keepdim=True)
    location = (absorbance * valid).sum(1, keepdim=True) / count
    scale = (((absorbance - location) ** 2 * valid).sum(1, keepdim=True) / count).sqrt()
    clean = torch.where(valid, (absorbance - location) / scale, torch.nan)
    drift = torch.linspace(-1, 1, n_channels)
    noise = 0.05 * torch.randn(2, n, n_channels, generator=generator)
    views = torch.stack([1.1 * clean + 0.2 * drift, 0.9 * clean - 0.2 * drift]) + noise
    wavenumbers = torch.where(valid, 9000 - 20.0 * channel, torch.nan)
    mask = torch.zeros(n, 10, dtype=torch.bool)
    for row, start in enumerate(torch.randint(0, 3, (n,), generator=generator)):
        mask[row, start : start + 3] = True
    batch = PretrainingBatch(
        clean=clean,
        views=views,
        wavenumbers=wavenumbers,
        lengths=lengths,
        domain=torch.arange(n) % 4,
        patch_mask=mask,
        instrument=torch.arange(3)[:, None].expand(3, n).clone(),
        location=location,
        scale=scale,
    )
    return PretrainingBatch(**{name: value.to(device) for name, value in vars(batch).items()})


def make_objective(device="cpu", **settings):
    model = SpectralFM(SpectralFMConfig.preset("tiny"))
    return PretrainingObjective(model, N_INSTRUMENTS, **settings).to(device)


def test_report_holds_every_term_of_the_card(device):
    total, report = make_objective(device)(make_batch(device=device))
    assert set(report) == set(WEIGHTS) | {"total"}
    expected = sum(WEIGHTS[name] * report[name] for name in WEIGHTS)
    torch.testing.assert_close(total.detach(), expected)
    assert not any(value.requires_grad for value in report.values())


def test_every_trainable_parameter_receives_gradient(device):
    objective = make_objective(device)
    total, _ = objective(make_batch(32, device=device))
    total.backward()
    trainable = {name: p for name, p in objective.named_parameters() if p.requires_grad}
    without = [name for name, p in trainable.items() if p.grad is None or p.grad.abs().max() == 0]
    assert without == []
    assert all(torch.isfinite(p.grad).all() for p in trainable.values())
    assert (objective.model.embedding.domain.weight.grad.abs().amax(1) > 0).all()


def test_target_network_follows_but_never_receives_gradient():
    objective = make_objective(momentum=0.9)
    optimizer = torch.optim.SGD([p for p in objective.parameters() if p.requires_grad], 0.1)
    total, _ = objective(make_batch())
    total.backward()
    assert all(p.grad is None and not p.requires_grad for p in objective.target.parameters())
    before = [p.clone() for p in objective.target.parameters()]
    optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, objective.target.parameters(), strict=True))
    objective.update_target()
    for old, mine, theirs in zip(before, objective.target.parameters(), objective.online.parameters(), strict=True):
        torch.testing.assert_close(mine, 0.9 * old + 0.1 * theirs)


def test_adapters_receive_gradient_through_the_total_loss():
    objective = make_objective()
    lora = LoRA(objective.model, rank=2)
    optimizer = torch.optim.SGD(lora.parameters(), 1.0)
    for step in range(2):
        optimizer.zero_grad()
        objective(make_batch())[0].backward()
        for name, parameter in objective.model.named_parameters():
            if parameter.requires_grad:
                assert (parameter.grad.abs().max() > 0) == (name.endswith("B") or step == 1), name
        optimizer.step()


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in WEIGHTS if n != "instrument"])
def test_overfitting_one_batch_drives_each_loss_down(name):
    weights = dict.fromkeys(WEIGHTS, 0.0) | {name: 1.0}
    objective = make_objective(weights=weights)
    batch = make_batch(12)
    optimizer = torch.optim.Adam([p for p in objective.parameters() if p.requires_grad], 6e-3)
    values = []
    for _ in range(30):
        total, report = objective(batch)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        values.append(report[name].item())
    first, last = values[0], sum(values[-5:]) / 5

    # BYOL is bounded by -1, entropic transport by the spread that its regularisation costs.
    assert last < {"contrastive": -0.9, "ot": 0.8 * first}.get(name, 0.5 * first)


def test_padding_holds_nothing_that_counts():
    batch = make_batch()
    other = make_batch()
    padded = torch.arange(160) >= other.lengths[:, None]
    other.clean[padded] = 1e6
    other.views[:, padded] = -1e6
    objective = make_objective().eval()
    with torch.random.fork_rng():
        torch.manual_seed(1)
        _, report = objective(batch)
        torch.manual_seed(1)
        _, expected = objective(other)
    for name in report:
        torch.testing.assert_close(report[name], expected[name], rtol=1e-4, atol=1e-5, msg=name)


def test_masked_patches_do_not_reach_the_reconstruction():
    batch = make_batch()
    objective = make_objective(weights=dict.fromkeys(WEIGHTS, 0.0) | {"msrp": 1.0}).eval()
    hidden = batch.patch_mask.repeat_interleave(16, 1)
    batch.clean.requires_grad_()
    objective(batch)[0].backward()
    # d loss / d x is what the target alone gives: 2 (x - prediction) / count on hidden channels.
    with torch.no_grad():
        rebuilt = objective.model.reconstruct(
            objective.model(batch.clean, batch.wavenumbers, "cm-1", batch.domain, batch.lengths, batch.patch_mask)
        ).flatten(1)
    expected = 2 * (batch.clean.detach() - rebuilt)[hidden] / hidden.sum()
    torch.testing.assert_close(batch.clean.grad[hidden], expected, rtol=1e-4, atol=1e-6)


def test_unknown_instruments_leave_the_other_losses():
    batch = make_batch()
    batch.instrument.fill_(-1)
    total, report = make_objective()(batch)
    total.backward()
    assert report["ot"] == report["instrument"] == report["cross_covariance"] == 0
    assert report["msrp"] > 0


def test_autocast(device):
    objective = make_objective(device).eval()
    batch = make_batch(device=device)
    _, expected = objective(batch)
    with torch.autocast(device, dtype=torch.bfloat16):
        total, report = objective(batch)
    total.backward()
    for name in ("msrp", "denoise", "vib", "physics"):
        torch.testing.assert_close(report[name].float(), expected[name], rtol=0.1, atol=0.05, msg=name)


def test_mean_by_group():
    x = torch.tensor([[1.0], [3.0], [10.0], [20.0]])
    assert mean_by_group(x, torch.tensor([0, 0, -1, -1])).flatten().tolist() == [2, 2, 10, 20]
