"""Both directions in one pass give what one after the other gives."""

import pytest
import torch

from skspectral.nn.both_ways import MOST_ELEMENTS, both_ways, is_little
from skspectral.nn.ssm import MambaBackbone, SelectiveSSM


@pytest.mark.parametrize("shape", [(1, 1, 6), (1, 14, 6), (3, 5, 6)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_sum_of_both_directions(shape, dtype):
    torch.manual_seed(0)
    forward, backward = (SelectiveSSM(6, d_state=4).to(dtype).requires_grad_(False) for _ in range(2))
    with torch.no_grad():
        for part in (forward, backward):
            part.skip.normal_()
            part.A_log.add_(torch.randn(6, 4) / 4)
    h = torch.randn(shape, dtype=dtype)
    expected = forward(h) + backward(h, reverse=True)
    torch.testing.assert_close(both_ways(forward, backward, h), expected)


def test_a_spectrum_is_read_so_without_gradients_and_gives_the_same_tokens(monkeypatch):
    torch.manual_seed(0)
    model = MambaBackbone(8, 2, bidirectional=True).double().eval()
    x, calls = torch.randn(2, 9, 8, dtype=torch.float64), []
    monkeypatch.setattr("skspectral.nn.ssm.both_ways", lambda *args: calls.append(1) or both_ways(*args))
    expected = model(x)
    assert not calls
    with torch.inference_mode():
        found = model(x)
        torch.testing.assert_close(found, [stage.detach() for stage in expected])
        assert len(calls) == 2
        # some tokens are padding
        model(x, torch.arange(9).expand(2, -1) < torch.tensor([[9], [4]]))
    assert len(calls) == 2


def test_much_is_scanned_in_chunks():
    many = torch.zeros(1, MOST_ELEMENTS // 8 + 1, 1)
    with torch.no_grad():
        assert is_little(many[:, :-1], 4) and not is_little(many, 4) and not is_little(many[:, :2].half(), 4)
        with torch.autocast("cpu", torch.bfloat16):
            assert not is_little(many[:, :2], 4)
    assert not is_little(many[:, :2], 4)
