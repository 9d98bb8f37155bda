"""Mamba layers: selectivity, direction, padding, precision."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from skspectral.nn import MambaBackbone
from skspectral.nn.ssm import SelectiveSSM, _CausalConvolution


class FixedSSM(SelectiveSSM):
    """The same layer with learned coefficients that do not depend on the token."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fixed = nn.Parameter(torch.randn(self.dt_rank + 2 * self.d_state))

    def coefficients(self, u):
        fixed = self.fixed.expand(*u.shape[:2], -1)
        dt, B, C = fixed.split([self.dt_rank, self.d_state, self.d_state], dim=-1)
        return F.softplus(self.dt_proj(dt)), B, C


def selective_copy_batch(n_batch, length=24, n_marks=2, n_symbols=4):
    """Symbols at random places among blanks; they must be named in order at the end."""
    tokens = torch.zeros(n_batch, length + n_marks, dtype=torch.long)
    places = torch.rand(n_batch, length).argsort(1)[:, :n_marks].sort(1).values
    symbols = torch.randint(1, n_symbols + 1, (n_batch, n_marks))
    tokens.scatter_(1, places, symbols)
    tokens[:, length:] = n_symbols + 1
    return tokens, symbols - 1


def selective_copy_accuracy(selective, n_steps=200, d_model=24, d_state=4):
    embedding = nn.Embedding(6, d_model)
    backbone = MambaBackbone(d_model, n_layers=1, d_state=d_state)
    head = nn.Linear(d_model, 4)
    if not selective:
        backbone.layers[0].forward_ssm = FixedSSM(2 * d_model, d_state)
    model = nn.ModuleList([embedding, backbone, head])
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(n_steps):
        tokens, symbols = selective_copy_batch(64)
        logits = head(backbone(embedding(tokens))[-1][:, -2:])
        loss = F.cross_entropy(logits.flatten(0, 1), symbols.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        tokens, symbols = selective_copy_batch(1000)
        return (head(backbone(embedding(tokens))[-1][:, -2:]).argmax(-1) == symbols).float().mean().item()


@pytest.mark.slow
def test_selectivity_solves_selective_copying():
    assert selective_copy_accuracy(selective=True) > 0.95
    assert selective_copy_accuracy(selective=False) < 0.8


def test_convolution_equals_pytorchs():
    ssm = SelectiveSSM(6, d_conv=4)
    x = torch.randn(2, 9, 6)
    expected = F.conv1d(x.transpose(1, 2), ssm.conv_weight.T[:, None], ssm.conv_bias, padding=3, groups=6)[..., :9]
    torch.testing.assert_close(_CausalConvolution.apply(x, ssm.conv_weight, ssm.conv_bias, False), expected.mT)


@pytest.mark.parametrize("length", [2, 9])
def test_gradients_of_the_convolution_are_those_of_finite_differences(length):
    values = (torch.randn(*shape, dtype=torch.float64) for shape in ((2, length, 3), (4, 3), (3,)))
    values = [value.requires_grad_() for value in values]
    for reverse in (False, True):
        assert torch.autograd.gradcheck(lambda *v: _CausalConvolution.apply(*v, reverse), values)  # noqa: B023


def test_the_way_back_is_the_way_of_the_flipped_sequence():
    ssm = SelectiveSSM(6, d_state=3)
    x = torch.randn(2, 9, 6)
    mask = torch.arange(9) < torch.tensor([[9], [5]])
    x = x * mask[..., None]
    torch.testing.assert_close(ssm(x, mask, reverse=True), ssm(x.flip(1), mask.flip(1)).flip(1))


def test_every_layer_is_returned(device):
    stages = MambaBackbone(8, n_layers=3, bidirectional=True).to(device)(torch.randn(2, 5, 8, device=device))
    assert [stage.shape for stage in stages] == [(2, 5, 8)] * 3


def test_one_direction_is_causal():
    backbone = MambaBackbone(8, n_layers=2)
    x = torch.randn(1, 10, 8)
    changed = x.clone()
    changed[:, 6] = torch.randn(8)
    difference = (backbone(x)[-1] - backbone(changed)[-1]).abs().amax(-1)[0]
    assert difference[:6].max() == 0
    assert difference[6:].min() > 0


def test_two_directions_see_both_ends():
    backbone = MambaBackbone(8, n_layers=1, bidirectional=True)
    x = torch.randn(1, 10, 8)
    changed = x.clone()
    changed[:, 5] = torch.randn(8)
    assert (backbone(x)[-1] - backbone(changed)[-1]).abs().amax(-1).min() > 0


def test_directions_with_equal_weights_mirror_each_other():
    layer = MambaBackbone(8, n_layers=1, bidirectional=True).layers[0]
    layer.backward_ssm.load_state_dict(layer.forward_ssm.state_dict())
    x = torch.randn(2, 9, 8)
    torch.testing.assert_close(layer(x.flip(1)), layer(x).flip(1))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_changes_nothing(bidirectional, device):
    backbone = MambaBackbone(8, n_layers=2, bidirectional=bidirectional).to(device)
    x = torch.randn(2, 7, 8, device=device)
    padded = torch.cat([x, torch.full((2, 4, 8), 1e3, device=device)], 1)
    mask = torch.arange(11, device=device).expand(2, 11) < 7
    torch.testing.assert_close(backbone(padded, mask)[-1][:, :7], backbone(x)[-1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("autocast", [False, True])
def test_bfloat16_scans_in_float32(autocast, device, monkeypatch):
    from skspectral.nn import ssm

    seen = []

    def spy(*args, **how):
        seen.append(ssm_scan(*args, **how))
        return seen[-1]

    ssm_scan = ssm.selective_scan
    monkeypatch.setattr(ssm, "selective_scan", spy)
    backbone = MambaBackbone(8, n_layers=1, bidirectional=True).to(device)
    x = torch.randn(2, 9, 8, device=device)
    expected = backbone(x)[-1]
    if autocast:
        with torch.autocast(device, dtype=torch.bfloat16):
            result = backbone(x)[-1]
    else:
        result = backbone.bfloat16()(x.bfloat16())[-1]
        assert result.dtype == torch.bfloat16
    assert {y.dtype for y in seen} == {torch.float32}
    torch.testing.assert_close(result.float(), expected, rtol=0.1, atol=0.1)


def test_step_sizes_start_in_their_range():
    ssm = SelectiveSSM(64, dt_range=(1e-3, 1e-1))
    start = F.softplus(ssm.dt_proj.bias)
    assert start.min() > 0.99e-3
    assert start.max() < 1.01e-1
