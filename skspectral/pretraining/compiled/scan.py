"""The selective scan of training on a processor, in C: several times faster than the operations of torch one by one."""

import ctypes
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ...nn.ssm import SelectiveSSM
from .build import build

__all__ = ["compiled_scan", "use_compiled_scan"]

# Coefficients of x, x**2, ... in 2**x: least squares of the relative error from -1/2 to 1/2, which is 2e-9 at most.
POWER_OF_TWO = (
    0.6931472056005101,
    0.2402264660871374,
    0.055503289975182786,
    0.009618519534381897,
    0.0013399860362893756,
    0.0001533757682411246,
)
# Floats that the kernel puts side by side, and arrays of states that its backward pass keeps.
WIDTH, KEPT = 16, 4


def compiled_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, *, reverse: bool = False) -> Tensor:
    """Scan a batch of sequences as `skspectral.nn.scan.selective_scan` does, float32 on a processor.

    States are computed and consumed in the processor's registers, forward and, once more, backward. Decays below
    2^-126 are taken for that number.

    Parameters
    ----------
    u, delta, A, B, C, reverse
        As in `selective_scan`.

    Returns
    -------
    Tensor of shape (B, L, D)
        Output sequence, float32.

    Raises
    ------
    RuntimeError
        If there is no C compiler.
    ValueError
        If an argument is not float32 on a processor.

    Examples
    --------
    >>> import torch
    >>> from skspectral.pretraining.compiled.scan import compiled_scan
    >>> u = torch.ones(1, 3, 1)
    >>> A = torch.tensor([[-1.0]])
    >>> compiled_scan(u, u * 0.6931472, A, torch.ones(1, 3, 1), torch.ones(1, 3, 1)).flatten()  # doctest: +SKIP
    tensor([0.5000, 0.7500, 0.8750])
    """
    if wrong := [t for t in (u, delta, A, B, C) if t.dtype != torch.float32 or t.device.type != "cpu"]:
        raise ValueError(
            f"The compiled scan takes float32 on a processor, got {wrong[0].dtype} on {wrong[0].device}: train without "
            "the setting compile."
        )
    return _CompiledScan.apply(u, delta, A, B, C, reverse)


def use_compiled_scan(module: nn.Module) -> None:
    """Let every state space model inside a network use the compiled scan; compiles it, so that errors come here.

    Raises
    ------
    RuntimeError
        If there is no C compiler.
    """
    for part in module.modules():
        if isinstance(part, SelectiveSSM):
            _library(part.d_state)
            part.scan = compiled_scan


def _library(n_states):
    library = build("scan", STATES=n_states, **{f"POLY{k}": f"{c!r}f" for k, c in enumerate(POWER_OF_TWO, 1)})
    pointer, size = ctypes.c_void_p, ctypes.c_ssize_t
    library.scan_forward.argtypes = [*6 * [pointer], *3 * [size], ctypes.c_int]
    library.scan_backward.argtypes = [*12 * [pointer], *3 * [size], ctypes.c_int]
    library.scan_forward.restype = library.scan_backward.restype = None
    return library


class _CompiledScan(torch.autograd.Function):
    """Nothing but the arguments is kept for the backward pass, which computes the states again."""

    @staticmethod
    def forward(ctx, u, delta, A, B, C, reverse):
        u, delta, A, B, C = u.contiguous(), delta.contiguous(), A.t().contiguous(), B.contiguous(), C.contiguous()
        y = torch.empty_like(u)
        library = _library(len(A))

        def run(part):
            library.scan_forward(
                *_addresses(u[part], delta[part], A, B[part], C[part], y[part]), *u[part].shape, reverse
            )

        _in_parts(run, len(u))
        ctx.save_for_backward(u, delta, A, B, C)
        ctx.reverse = reverse
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_y):
        u, delta, A, B, C = ctx.saved_tensors
        grad_y, library = grad_y.contiguous(), _library(len(A))
        grads = [torch.empty_like(t) for t in (u, delta, B, C)]

        def run(part):
            work = u.new_empty(KEPT * u.shape[1] * len(A) * WIDTH)
            of_A = torch.zeros_like(A)
            inputs = (u[part], delta[part], A, B[part], C[part], grad_y[part])
            of_u, of_delta, of_B, of_C = (t[part] for t in grads)
            library.scan_backward(
                *_addresses(*inputs, of_u, of_delta, of_A, of_B, of_C, work), *u[part].shape, ctx.reverse
            )
            return of_A

        grad_A = sum(_in_parts(run, len(u)))
        return grads[0], grads[1], (grad_A / A).t(), grads[2], grads[3], None


def _addresses(*tensors):
    return [t.data_ptr() for t in tensors]


def _in_parts(run, n_rows):
    """Run a function of a slice of the rows in as many threads as torch may use, and give the results in order."""
    n_parts = max(1, min(torch.get_num_threads(), n_rows))
    parts = [slice(n_rows * k // n_parts, n_rows * (k + 1) // n_parts) for k in range(n_parts)]
    if n_parts == 1:
        return [run(parts[0])]
    with ThreadPoolExecutor(n_parts) as pool:
        return list(pool.map(run, parts))
