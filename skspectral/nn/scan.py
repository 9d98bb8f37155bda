"""The selective scan: a linear recurrence whose coefficients change at every step.

With the state ``h`` of shape (B, D, N), zero-order-hold discretisation of ``h' = A h + B u`` gives::

    a[t] = exp(delta[t] A)
    h[t] = a[t] h[t-1] + (a[t] - 1) / A * B[t] u[t]
    y[t] = sum_n C[t] h[t]

`selective_scan` runs it in chunks that fit the processor's cache. Everything but the recurrence itself is computed for
a whole chunk at once, and the states, N times larger than the input, are never kept: the backward pass computes them
again from the state at the start of each chunk.
"""

import math

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["selective_scan", "sequential_scan"]

# Elements of one work array. On a CPU half a dozen of them should stay in the cache; on a GPU launches cost more.
_CHUNK_ELEMENTS = {"cpu": 2**19, "cuda": 2**26}
_MIN_STEPS = 8


def selective_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Scan a batch of sequences, in time linear in their length.

    Runs in float32, or in float64 where an argument is float64, also under autocast and for half-precision arguments:
    products of thousands of decays lose all accuracy in 8 bits of mantissa.

    Parameters
    ----------
    u : Tensor of shape (B, L, D)
        Input sequence.
    delta : Tensor of shape (B, L, D)
        Step sizes, not negative. A step of zero leaves the state as it is, whatever the input.
    A : Tensor of shape (D, N)
        Decay rates, negative.
    B : Tensor of shape (B, L, N)
        How the input enters the state.
    C : Tensor of shape (B, L, N)
        How the state is read.

    Returns
    -------
    Tensor of shape (B, L, D)
        Output sequence, float32 or float64.

    Raises
    ------
    ValueError
        If the shapes do not belong together.

    References
    ----------
    .. [1] A. Gu, T. Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", 2023.
       https://doi.org/10.48550/arXiv.2312.00752

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.scan import selective_scan
    >>> u = torch.ones(1, 3, 1)
    >>> A = torch.tensor([[-1.0]])
    >>> selective_scan(u, u * 0.6931472, A, torch.ones(1, 3, 1), torch.ones(1, 3, 1)).flatten()
    tensor([0.5000, 0.7500, 0.8750])
    """
    _check_shapes(u, delta, A, B, C)
    dtype = torch.float64 if torch.float64 in {t.dtype for t in (u, delta, A, B, C)} else torch.float32
    u, delta, A, B, C = (t.to(dtype) for t in (u, delta, A, B, C))
    if u.numel() == 0:
        return u * delta
    budget = _CHUNK_ELEMENTS.get(u.device.type, _CHUNK_ELEMENTS["cuda"])
    # A batch whose single step overflows the cache is cut, so that every chunk still has several steps.
    rows = max(1, budget // (_MIN_STEPS * A.numel()))
    with torch.autocast(u.device.type, enabled=False):
        if len(u) <= rows:
            return _ChunkedScan.apply(u, delta, A, B, C, budget)
        parts = zip(*(t.split(rows) for t in (u, delta, B, C)), strict=True)
        return torch.cat([_ChunkedScan.apply(u, delta, A, B, C, budget) for u, delta, B, C in parts])


def sequential_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Scan with the recurrence as it is written, one step after the other, gradients by autograd.

    The yardstick of `selective_scan`, with the same arguments and result; slow, and it keeps every state.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.scan import sequential_scan
    >>> u = torch.ones(1, 3, 1)
    >>> sequential_scan(u, u * 0.6931472, -torch.ones(1, 1), u, u).flatten()
    tensor([0.5000, 0.7500, 0.8750])
    """
    _check_shapes(u, delta, A, B, C)
    h = u.new_zeros(u.shape[0], *A.shape)
    outputs = []
    for u_t, delta_t, B_t, C_t in zip(u.unbind(1), delta.unbind(1), B.unbind(1), C.unbind(1), strict=True):
        z = delta_t[..., None] * A
        h = torch.exp(z) * h + torch.expm1(z) / A * B_t[:, None] * u_t[..., None]
        outputs.append((h * C_t[:, None]).sum(-1))
    return torch.stack(outputs, 1)


def _check_shapes(u, delta, A, B, C):
    if u.ndim != 3 or A.ndim != 2:
        raise ValueError(f"u must be (B, L, D) and A (D, N), got {tuple(u.shape)} and {tuple(A.shape)}.")
    batch, length, channels = u.shape
    expected = {
        "delta": (delta, (batch, length, channels)),
        "A": (A, (channels, A.shape[1])),
        "B": (B, (batch, length, A.shape[1])),
        "C": (C, (batch, length, A.shape[1])),
    }
    for name, (tensor, shape) in expected.items():
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{name} must have shape {shape} to go with u and A, got {tuple(tensor.shape)}.")


class _ChunkedScan(torch.autograd.Function):
    """The scan with time first and channels last: (L, B, N, D), so that the long channel axis is contiguous."""

    @staticmethod
    def forward(ctx, u, delta, A, B, C, budget):
        n_batch, length, n_channels = u.shape
        n_state = A.shape[1]
        u, delta, B, C = (t.transpose(0, 1).contiguous() for t in (u, delta, B, C))
        A = A.t().contiguous()
        steps = max(1, min(length, budget // (n_batch * A.numel())))
        y = torch.empty_like(u)
        state = u.new_zeros(n_batch, n_state, n_channels)
        work = _Workspace(2, steps, state)
        starts = []
        for first in range(0, length, steps):
            now = slice(first, first + steps)
            starts.append(state)
            decay, states = work.take(len(u[now]))
            _discretise(u[now], delta[now], A, B[now], decay, states)
            state = _run(work, len(u[now]), state)
            torch.bmm(C[now].view(-1, 1, n_state), states.view(-1, n_state, n_channels), out=_rows(y[now]))
        ctx.steps = steps
        ctx.save_for_backward(u, delta, A, B, C, torch.stack(starts))
        return y.transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_y):
        u, delta, A, B, C, starts = ctx.saved_tensors
        with torch.autocast(u.device.type, enabled=False):
            grads = _backward(u, delta, A, B, C, starts, grad_y.transpose(0, 1).contiguous(), ctx.steps)
        return (*grads, None)


def _backward(u, delta, A, B, C, starts, grad_y, steps):
    """Gradients of u, delta, A, B and C, chunk by chunk from the end."""
    inverse = 1 / A
    grad_u, grad_delta, grad_B, grad_C = (torch.empty_like(t) for t in (u, delta, B, C))
    grad_A = torch.zeros_like(A)
    carry = torch.zeros_like(starts[0])
    work = _Workspace(5, steps, starts[0])
    for k in reversed(range(len(starts))):
        now = slice(k * steps, (k + 1) * steps)
        u_k, delta_k, B_k, C_k, grad_y_k = u[now], delta[now], B[now], C[now], grad_y[now]
        decay, states, grad_h, driven, q = work.take(len(u_k))
        _discretise(u_k, delta_k, A, B_k, decay, states)
        _run(work, len(u_k), starts[k])

        torch.mul(states, grad_y_k[:, :, None], out=q)
        torch.sum(q, -1, out=grad_C[now])

        torch.mul(C_k[..., None], grad_y_k[:, :, None], out=grad_h)
        grad_h[-1] += carry
        decays, grads = work.steps(0), work.steps(2)
        for t in range(len(u_k) - 2, -1, -1):
            grads[t].addcmul_(decays[t + 1], grads[t + 1])
        carry = decays[0] * grads[0]

        # q = a g (A h[t-1] + B u) is what delta and A see of the gradient.
        torch.mul(B_k[..., None], u_k[:, :, None], out=driven)
        torch.mul(starts[k], A, out=q[0])
        torch.mul(states[:-1], A, out=q[1:])
        q.add_(driven).mul_(decay).mul_(grad_h)
        torch.sum(q, 2, out=grad_delta[now])

        # decay becomes g (a - 1) / A, the gradient of B u.
        decay.sub_(1).mul_(inverse).mul_(grad_h)
        torch.bmm(B_k.view(-1, 1, B.shape[-1]), decay.view(-1, *A.shape), out=_rows(grad_u[now]))
        torch.mul(decay, u_k[:, :, None], out=states)
        torch.sum(states, -1, out=grad_B[now])

        q.mul_(delta_k[:, :, None]).sub_(driven.mul_(decay))
        grad_A += q.sum((0, 1))
    grad_u, grad_delta, grad_B, grad_C = (t.transpose(0, 1) for t in (grad_u, grad_delta, grad_B, grad_C))
    return grad_u, grad_delta, (grad_A * inverse).t(), grad_B, grad_C


def _discretise(u, delta, A, B, decay, driven):
    """Fill ``decay`` with a and ``driven`` with (a - 1) / A * B u, each (L, B, N, D).

    ``a - 1`` is a subtraction because ``expm1`` costs as much as all the rest and gains nothing: the recurrence
    multiplies by the rounded ``a``, so that its error is in the result whichever way the driving term is computed.
    """
    torch.mul(delta[:, :, None], A * math.log2(math.e), out=decay)
    torch.exp2(decay, out=decay)
    torch.sub(decay, 1, out=driven)
    driven.mul_(1 / A).mul_(B[..., None]).mul_(u[:, :, None])


def _run(work, n_steps, state):
    """Turn the driving terms in the second work array into states, and return a copy of the last."""
    for decay, driven in zip(work.steps(0)[:n_steps], work.steps(1)[:n_steps], strict=True):
        state = driven.addcmul_(decay, state)
    return state.clone()


def _rows(t):
    """View (L, B, D) as the (L B, 1, D) that a batched product writes."""
    return t.view(-1, 1, t.shape[-1])


class _Workspace:
    """Arrays reused from chunk to chunk: fresh ones would cost more in page faults than the arithmetic."""

    def __init__(self, count, n_steps, state):
        self._arrays = [state.new_empty(n_steps, *state.shape) for _ in range(count)]
        self._steps = [array.unbind(0) for array in self._arrays]

    def take(self, n_steps):
        """Give every array (L, B, N, D), cut to the length of a last chunk."""
        return [array[:n_steps] for array in self._arrays]

    def steps(self, index):
        """Give the steps (B, N, D) of one array; cutting them out anew in every chunk would double the loop's cost."""
        return self._steps[index]
