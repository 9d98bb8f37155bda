"""The sparse mixture: gates, equality with the dense computation, balance."""

import pytest
import torch

from skspectral.nn import MixtureOfExperts
from skspectral.nn.losses import MoELoss


@pytest.mark.parametrize("top_k", [1, 2, 3, 4])
@pytest.mark.parametrize("training", [True, False])
def test_gates_sum_to_one_over_the_chosen(top_k, training, device):
    moe = MixtureOfExperts(8, 4, top_k).to(device).train(training)
    _, routing = moe(torch.randn(3, 7, 8, device=device))
    assert routing.gates.shape == (21, 4)
    assert (routing.gates > 0).sum(1).unique().tolist() == [top_k]
    torch.testing.assert_close(routing.gates.sum(1), torch.ones(21, device=device))


def test_the_chosen_experts_have_the_largest_logits():
    moe = MixtureOfExperts(8, 4, 2).eval()
    x = torch.randn(1, 50, 8)
    _, routing = moe(x)
    logits = x[0] @ moe.gate.weight.T
    for gates, row in zip(routing.gates, logits, strict=True):
        best = row.topk(2)
        assert gates.nonzero().flatten().tolist() == sorted(best.indices.tolist())
        torch.testing.assert_close(gates[best.indices], best.values.softmax(0))


@pytest.mark.parametrize("expert", ["gelu", "relu", "kan"])
def test_sparse_equals_dense(expert, device):
    moe = MixtureOfExperts(8, 4, 2, expert=expert).to(device).double().eval()
    x = torch.randn(3, 7, 8, dtype=torch.float64, device=device)
    mask = torch.arange(7, device=device) < torch.tensor([[7], [4], [0]], device=device)
    results = []
    for sparse in (True, False):
        moe.sparse = sparse
        moe.zero_grad()
        y, _ = moe(x, mask)
        y.square().sum().backward()
        results.append((y, [p.grad.clone() for p in moe.parameters()]))
    torch.testing.assert_close(results[0], results[1])


def test_only_chosen_experts_compute():
    moe = MixtureOfExperts(4, 4, 2).eval()
    moe.gate.weight.data = torch.tensor([[1.0], [0.9], [-1], [-1]]).expand(4, 4).clone()
    counts = [0] * 4
    for index, expert in enumerate(moe.experts):
        expert.register_forward_hook(lambda _, inputs, __, index=index: counts.__setitem__(index, len(inputs[0])))
    moe(torch.cat([torch.ones(1, 3, 4), -torch.ones(1, 2, 4)], 1))
    assert counts == [3, 3, 2, 2]
    moe(torch.ones(1, 3, 4))
    assert counts == [3, 3, 2, 2]  # the last two were not called again


def test_padding_is_not_routed():
    moe = MixtureOfExperts(8).eval()
    x = torch.randn(2, 6, 8)
    mask = torch.tensor([[True] * 6, [True] * 2 + [False] * 4])
    y, routing = moe(x, mask)
    assert len(routing.gates) == 8
    assert (y[1, 2:] == 0).all()
    torch.testing.assert_close(y[1, :2], moe(x[1:, :2])[0][0])


def test_load_is_the_share_of_tokens_under_noise():
    moe = MixtureOfExperts(8, 4, 2).train()
    x = torch.randn(1, 4000, 8)
    _, routing = moe(x)
    share = (routing.gates > 0).float().mean(0) / 2
    torch.testing.assert_close(routing.load, share, rtol=0, atol=0.01)


def test_balance_loss_pulls_a_collapsed_gate_apart(device):
    moe = MixtureOfExperts(8, 4, 2).to(device)
    x = torch.randn(1, 256, 8, device=device)
    x[..., 0] = 1
    with torch.no_grad():
        moe.gate.weight[:, 0] = torch.tensor([6.0, 4.0, 0.0, -1.0])
    criterion = MoELoss()

    def shares():
        return (moe.eval()(x)[1].gates > 0).float().mean(0)

    assert (shares()[2:] < 0.02).all()
    optimizer = torch.optim.Adam(moe.parameters(), 0.05)
    for _ in range(300):
        loss = criterion(moe.train()(x)[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (shares() > 0.35).all()


def test_loss_is_the_squared_coefficient_of_variation():
    class Fixed:
        load = torch.tensor([0.4, 0.4, 0.1, 0.1])
        importance = torch.full((4,), 0.25)

    # Mean 0.25, variance 0.0225, so CV^2 is 0.36; the importance is even and adds nothing.
    assert MoELoss()(Fixed()).item() == pytest.approx(0.36 / 2)


def test_kan_experts_have_about_as_many_parameters():
    sizes = {kind: sum(p.numel() for p in MixtureOfExperts(64, expert=kind).parameters()) for kind in ("gelu", "kan")}
    assert 0.9 < sizes["kan"] / sizes["gelu"] < 1.1


def test_autocast(device):
    moe = MixtureOfExperts(8).to(device).eval()
    x = torch.randn(2, 5, 8, device=device)
    with torch.autocast(device, dtype=torch.bfloat16):
        y, routing = moe(x)
    assert routing.gates.dtype == torch.float32
    torch.testing.assert_close(y.float(), moe(x)[0], rtol=0.1, atol=0.05)
    half, _ = moe.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16


@pytest.mark.parametrize(("settings", "message"), [({"top_k": 5}, "top_k"), ({"expert": "tanh"}, "Unknown expert")])
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        MixtureOfExperts(8, **settings)
