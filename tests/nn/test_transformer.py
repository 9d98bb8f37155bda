"""Attention against PyTorch's own layer, padding and precision."""

import pytest
import torch
from torch import nn

from skspectral.nn import TransformerEncoder


@pytest.mark.parametrize("masked", [False, True])
def test_layer_equals_pytorchs(masked, device):
    layer = TransformerEncoder(16, n_layers=1, n_heads=4, d_hidden=32).to(device).double().layers[0]
    reference = nn.TransformerEncoderLayer(
        16, 4, 32, dropout=0, activation="gelu", batch_first=True, norm_first=True, dtype=torch.float64, device=device
    )
    attention = layer.attention
    with torch.no_grad():
        parts = (attention.query, attention.key, attention.value)
        reference.self_attn.in_proj_weight.copy_(torch.cat([p.weight for p in parts]))
        no_bias = torch.zeros_like(attention.query.bias)
        biases = attention.query.bias, no_bias, attention.value.bias
        reference.self_attn.in_proj_bias.copy_(torch.cat(biases))
    reference.self_attn.out_proj.load_state_dict(attention.out.state_dict())
    reference.linear1.load_state_dict(layer.feed_forward[0].state_dict())
    reference.linear2.load_state_dict(layer.feed_forward[2].state_dict())
    x = torch.randn(3, 6, 16, dtype=torch.float64, device=device)
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]], device=device).bool()
    expected = reference(x, src_key_padding_mask=~mask if masked else None)
    result = layer(x, mask if masked else None)
    torch.testing.assert_close(result[mask], expected[mask])


def test_padding_changes_nothing(device):
    encoder = TransformerEncoder(8, n_heads=2).to(device)
    x = torch.randn(2, 5, 8, device=device)
    padded = torch.cat([x, torch.full((2, 3, 8), 1e3, device=device)], 1)
    mask = torch.arange(8, device=device).expand(2, 8) < 5
    torch.testing.assert_close(encoder(padded, mask)[-1][:, :5], encoder(x)[-1], rtol=1e-5, atol=1e-5)


def test_result_is_normalised_and_every_layer_returned():
    stages = TransformerEncoder(8, n_layers=3, n_heads=2)(10 * torch.randn(2, 5, 8))
    assert len(stages) == 3
    torch.testing.assert_close(stages[-1].mean(-1), torch.zeros(2, 5), rtol=0, atol=1e-5)


def test_half_precision(device):
    encoder = TransformerEncoder(8, n_heads=2).to(device)
    x = torch.randn(2, 5, 8, device=device)
    expected = encoder(x)[-1]
    with torch.autocast(device, dtype=torch.bfloat16):
        torch.testing.assert_close(encoder(x)[-1].float(), expected, rtol=0.1, atol=0.1)
    assert encoder.bfloat16()(x.bfloat16())[-1].dtype == torch.bfloat16


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="n_heads must divide d_model=8"):
        TransformerEncoder(8, n_heads=3)
