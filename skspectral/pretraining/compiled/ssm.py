"""State space models of training on a processor, in C: several times faster than the operations of torch one by one."""

import ctypes
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ...nn.ssm import SelectiveSSM
from .build import build

__all__ = ["compiled_filter", "use_compiled_filters"]

# Coefficients of x, x**2, ... in 2**x from -1/2 to 1/2, and of 1, x, ... in log(1 + x) / x from 0 to 1: relative errors
# are 2e-9 and 1e-9 at most.
EXP2 = (
    0.6931472056005101,
    0.2402264660871374,
    0.055503289975182786,
    0.009618519534381897,
    0.0013399860362893756,
    0.0001533757682411246,
)
LOG1P = (
    0.9999999992567429,
    -0.4999998143207838,
    0.3333255957455911,
    -0.2498727022649676,
    0.1989074356691166,
    -0.16105676028029287,
    0.12418400838955769,
    -0.08244125656899423,
    0.04147780530208407,
    -0.013407331470944923,
    0.0020302016178954047,
)
# Floats that the kernels put side by side, arrays of states that the scan keeps on its way back, and of tokens that
# the convolution does.
WIDTH, KEPT_STATES, KEPT_TOKENS = 16, 4, 2
# Arguments of the functions: addresses, then sizes, then the direction.
FUNCTIONS = {"convolve": (4, 5), "convolve_back": (8, 5), "scan": (8, 3), "scan_back": (15, 3)}


def compiled_filter(ssm: SelectiveSSM, x: Tensor, mask: Tensor | None, reverse: bool) -> Tensor:
    """Filter sequences as `skspectral.nn.ssm.plain_filter` does, float32 on a processor.

    Two passes, either of which reads and writes every token once; the way back computes their insides again. Decays
    below 2^-126 are taken for that number.

    Parameters
    ----------
    ssm, x, mask, reverse
        As in `plain_filter`.

    Returns
    -------
    Tensor of shape (B, L, D)
        Filtered tokens, float32.

    Raises
    ------
    RuntimeError
        If there is no C compiler.
    ValueError
        If tokens or weights are not float32 on a processor.
    """
    library = _library(ssm.d_state, len(ssm.conv_weight))
    if wrong := [t for t in (x, ssm.A_log) if t.dtype != torch.float32 or t.device.type != "cpu"]:
        raise ValueError(
            f"The compiled network takes float32 on a processor, got {wrong[0].dtype} on {wrong[0].device}: train "
            "without the setting compile."
        )
    u = _Convolution.apply(x, ssm.conv_weight, ssm.conv_bias, library, reverse)
    dt, B, C = ssm.x_proj(u).split([ssm.dt_rank, ssm.d_state, ssm.d_state], dim=-1)
    known = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
    return _Scan.apply(u, ssm.dt_proj(dt), known, -torch.exp(ssm.A_log), B, C, ssm.skip, library, reverse)


def use_compiled_filters(module: nn.Module) -> None:
    """Let every state space model inside a network run in C; compiles it, so that errors come here.

    Raises
    ------
    RuntimeError
        If there is no C compiler.
    """
    for part in module.modules():
        if isinstance(part, SelectiveSSM):
            _library(part.d_state, len(part.conv_weight))
            part.filter = compiled_filter


@cache
def _library(n_states, n_taps):
    constants = {name: ",".join(f"{c!r}f" for c in values) for name, values in (("EXP2", EXP2), ("LOG1P", LOG1P))}
    library = build("ssm", STATES=n_states, TAPS=n_taps, **constants)
    for name, (n_arrays, n_sizes) in FUNCTIONS.items():
        function = getattr(library, name)
        function.argtypes = [*n_arrays * [ctypes.c_void_p], *n_sizes * [ctypes.c_ssize_t], ctypes.c_int]
        function.restype = None
    return library


class _Convolution(torch.autograd.Function):
    """``silu(convolution(x))`` along the tokens."""

    @staticmethod
    def forward(ctx, x, weight, bias, library, reverse):
        x = x if x.stride(2) == 1 else x.contiguous()
        u = torch.empty(x.shape)

        def run(part):
            library.convolve(*_addresses(x[part], weight, bias, u[part]), *x.stride()[:2], *x[part].shape, reverse)

        _in_parts(run, len(x))
        ctx.save_for_backward(x, weight, bias)
        ctx.how = library, reverse
        return u

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_u):
        x, weight, bias = ctx.saved_tensors
        library, reverse = ctx.how
        grad_u, grad_x = grad_u.contiguous(), torch.empty(x.shape)

        def run(part):
            of_weight, of_bias = torch.zeros_like(weight), torch.zeros_like(bias)
            work = x.new_empty(KEPT_TOKENS * x.shape[1] * WIDTH)
            arrays = _addresses(x[part], weight, bias, grad_u[part], grad_x[part], of_weight, of_bias, work)
            library.convolve_back(*arrays, *x.stride()[:2], *x[part].shape, reverse)
            return of_weight, of_bias

        return grad_x, *map(sum, zip(*_in_parts(run, len(x)))), None, None


class _Scan(torch.autograd.Function):
    """Softplus, mask, selective scan and skip. Nothing but the arguments is kept for the way back."""

    @staticmethod
    def forward(ctx, u, raw, mask, A, B, C, skip, library, reverse):
        raw, A, B, C = raw.contiguous(), A.t().contiguous(), B.contiguous(), C.contiguous()
        y = torch.empty_like(u)

        def run(part):
            arrays = _addresses(u[part], raw[part], mask[part], A, B[part], C[part], skip, y[part])
            library.scan(*arrays, *u[part].shape, reverse)

        _in_parts(run, len(u))
        ctx.save_for_backward(u, raw, mask, A, B, C, skip)
        ctx.how = library, reverse
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_y):
        u, raw, mask, A, B, C, skip = ctx.saved_tensors
        library, reverse = ctx.how
        grad_y = grad_y.contiguous()
        grad_u, grad_raw, grad_B, grad_C = (torch.empty_like(t) for t in (u, raw, B, C))

        def run(part):
            of_A, of_skip = torch.zeros_like(A), torch.zeros_like(skip)
            work = u.new_empty(KEPT_STATES * u.shape[1] * len(A) * WIDTH)
            known = u[part], raw[part], mask[part], A, B[part], C[part], skip, grad_y[part]
            found = grad_u[part], grad_raw[part], of_A, grad_B[part], grad_C[part], of_skip, work
            library.scan_back(*_addresses(*known, *found), *u[part].shape, reverse)
            return of_A, of_skip

        grad_A, grad_skip = map(sum, zip(*_in_parts(run, len(u))))
        return grad_u, grad_raw, None, (grad_A / A).t(), grad_B, grad_C, grad_skip, None, None


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
