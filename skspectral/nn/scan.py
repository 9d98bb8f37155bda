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
_CHUNK_ELEMENTS = {"cpu": 3 * 2**17, "cuda": 2**26}
_MIN_STEPS = 8
LOG2_E = math.log2(math.e)


def selective_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, *, reverse: bool = False) -> Tensor:
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
    reverse : bool
        Scan from the end of the sequences to their beginning.

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
    with torch.autocast(u.device.type, enabled=False):
        return _ChunkedScan.apply(u, delta, A, B, C, budget, reverse)


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
    def forward(ctx, u, delta, A, B, C, budget, reverse):
        inputs = u, delta, B, C
        A = A.t().contiguous()
        # A batch whose single step overflows the cache is cut, so that every chunk still has several steps.
        length = u.shape[1]
        n_rows = max(1, min(len(u), budget // (min(length, _MIN_STEPS) * A.numel())))
        n_chunks = math.ceil(length / max(1, budget // (n_rows * A.numel())))
        n_steps = math.ceil(length / n_chunks)
        y = torch.empty_like(u, memory_format=torch.contiguous_format)
        work = _Workspace(2, n_steps, n_rows, A)
        starts = []
        for first in range(0, len(u), n_rows):
            part = slice(first, first + n_rows)
            of_part, ends = _states(*_time_first(inputs, part), A, work, n_steps, reverse)
            y[part] = of_part.transpose(0, 1)
            starts.append(ends)
        ctx.sizes = n_rows, n_steps, reverse
        ctx.save_for_backward(u, delta, A, B, C, *starts)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_y):
        u, delta, A, B, C, *starts = ctx.saved_tensors
        n_rows, n_steps, reverse = ctx.sizes
        inputs = u, delta, B, C, grad_y
        grads = [torch.empty_like(t, memory_format=torch.contiguous_format) for t in inputs[:4]]
        grad_A = torch.zeros_like(A)
        work = _Workspace(5, n_steps, n_rows, A)
        with torch.autocast(u.device.type, enabled=False):
            for number, of_part in enumerate(starts):
                part = slice(number * n_rows, (number + 1) * n_rows)
                found = _gradients(*_time_first(inputs, part), A, of_part, grad_A, work, n_steps, reverse)
                for whole, value in zip(grads, found, strict=True):
                    whole[part] = value.transpose(0, 1)
        grad_u, grad_delta, grad_B, grad_C = grads
        return grad_u, grad_delta, (grad_A / A).t(), grad_B, grad_C, None, None


def _time_first(tensors, part):
    """Copy rows of (B, L, D) to (L, rows, D)."""
    return [t[part].transpose(0, 1).contiguous() for t in tensors]


def _chunks(length, n_steps, reverse):
    """Chunks of the time axis in the order in which the state passes through them."""
    chunks = [slice(first, min(first + n_steps, length)) for first in range(0, length, n_steps)]
    return chunks[::-1] if reverse else chunks


def _order(n_steps, reverse):
    """Steps of a chunk in the order in which the state passes through them."""
    return range(n_steps - 1, -1, -1) if reverse else range(n_steps)


def _states(u, delta, B, C, A, work, n_steps, reverse):
    """Run the scan over some rows: output (L, rows, D), and the states (n_chunks, rows, N, D) before every chunk."""
    state = A.new_zeros(u.shape[1], *A.shape)
    y, starts, rates = torch.empty_like(u), [], (A * LOG2_E, 1 / A)
    for now in _chunks(len(u), n_steps, reverse):
        starts.append(state)
        decay, states = work.take(now, u.shape[1])
        _discretise(delta[now], *rates, decay, states)
        states.mul_(B[now][..., None]).mul_(u[now][:, :, None])
        state = _run(decay, states, state, reverse)
        torch.bmm(_flat(C[now], 1), states.flatten(0, 1), out=_flat(y[now], 1))
    return y, torch.stack(starts)


def _gradients(u, delta, B, C, grad_y, A, starts, grad_A, work, n_steps, reverse):
    """Gradients of u, delta, B and C for some rows, chunk by chunk from the end; adds A times that of A to grad_A."""
    grad_u, grad_delta, grad_B, grad_C = (torch.empty_like(t) for t in (u, delta, B, C))
    carry, rates = torch.zeros_like(starts[0]), (A * LOG2_E, 1 / A)
    for now, start in reversed(list(zip(_chunks(len(u), n_steps, reverse), starts, strict=True))):
        u_k, delta_k, B_k, C_k, grad_y_k = u[now], delta[now], B[now], C[now], grad_y[now]
        decay, states, grad_h, driven, gain = work.take(now, u.shape[1])
        _discretise(delta_k, *rates, decay, gain)
        torch.mul(B_k[..., None], u_k[:, :, None], out=driven)
        torch.mul(gain, driven, out=states)
        _run(decay, states, start, reverse)
        torch.mul(states, grad_y_k[:, :, None], out=grad_h)
        torch.sum(grad_h, -1, out=grad_C[now])

        torch.mul(C_k[..., None], grad_y_k[:, :, None], out=grad_h)
        order = _order(len(u_k), reverse)
        grad_h[order[-1]] += carry
        decays, grads = decay.unbind(0), grad_h.unbind(0)
        for t, after in zip(order[-2::-1], order[:0:-1], strict=True):
            grads[t].addcmul_(decays[after], grads[after])
        carry = decays[order[0]] * grads[order[0]]

        # gain becomes g (a - 1) / A, the gradient of B u.
        gain.mul_(grad_h)
        torch.bmm(_flat(B_k, 1), gain.flatten(0, 1), out=_flat(grad_u[now], 1))
        torch.mul(gain, u_k[:, :, None], out=decay)
        torch.sum(decay, -1, out=grad_B[now])

        # a g (A h[t-1] + B u) is what delta and A see of the gradient; it is g (A h[t] + B u), too.
        seen = torch.addcmul(driven, states, A, out=states).mul_(grad_h)
        torch.sum(seen, 2, out=grad_delta[now])
        seen.mul_(delta_k[:, :, None]).addcmul_(driven, gain, value=-1)
        grad_A += seen.sum((0, 1))
    return grad_u, grad_delta, grad_B, grad_C


def _discretise(delta, halvings, inverse, decay, gain):
    """Fill ``decay`` with a and ``gain`` with (a - 1) / A, each (L, B, N, D), from A log2(e) and 1 / A.

    ``a - 1`` is a subtraction because ``expm1`` costs as much as all the rest and gains nothing: the recurrence
    multiplies by the rounded ``a``, so that its error is in the result whichever way the driving term is computed.
    """
    torch.mul(delta[:, :, None], halvings, out=decay)
    torch.exp2(decay, out=decay)
    torch.sub(decay, 1, out=gain).mul_(inverse)


def _run(decay, driven, state, reverse):
    """Turn driving terms (L, B, N, D) into states, and return a copy of the last."""
    decays, states = decay.unbind(0), driven.unbind(0)
    for t in _order(len(states), reverse):
        state = states[t].addcmul_(decays[t], state)
    return state.clone()


def _flat(t, axis):
    """View (L, B, D) as the batch of rows (L B, 1, D), or of columns (L B, D, 1), that a batched product takes."""
    return t.flatten(0, 1).unsqueeze(axis)


class _Workspace:
    """Arrays reused from chunk to chunk: fresh ones would cost more in page faults than the arithmetic."""

    def __init__(self, count, n_steps, n_rows, A):
        self._arrays = [A.new_empty(n_steps * n_rows * A.numel()) for _ in range(count)]
        self._shape = A.shape

    def take(self, steps, n_rows):
        """Give every array as (L, B, N, D), contiguous also for a last chunk and a last part of the batch."""
        shape = (steps.stop - steps.start, n_rows, *self._shape)
        return [array[: math.prod(shape)].view(shape) for array in self._arrays]
