"""Scan against its peers, experts, inference by model and block: ``python -m benchmarks.speed network``."""

import multiprocessing
import sys
import time
from functools import partial, wraps
from importlib.util import find_spec

import numpy as np
import torch
from tqdm.auto import tqdm

from benchmarks.speed.timing import environment, fit_exponent, peak_mib, ratio, save
from skspectral.nn import MixtureOfExperts, SpectralFM, SpectralFMConfig
from skspectral.nn.scan import selective_scan, sequential_scan

THREADS = (1, 2)
BATCH, D_MODEL, D_STATE = 4, 128, 16
D_INNER = 2 * D_MODEL
LENGTHS = (256, 1024, 4096)
N_CHANNELS = 2048
MISSING = "not installed: pip install --no-deps mambapy==1.2.0 to compare with its parallel scan"


def scan_inputs(length, device="cpu"):
    """Arguments of one layer's scan: input, step sizes, decay rates, input and output weights."""
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(BATCH, length, D_INNER, generator=generator)
    delta = 0.1 * torch.rand(BATCH, length, D_INNER, generator=generator)
    A = -torch.arange(1, D_STATE + 1.0).repeat(D_INNER, 1)
    B, C = torch.randn(2, BATCH, length, D_STATE, generator=generator).unbind(0)
    return [t.to(device).requires_grad_() for t in (u, delta, A, B, C)]


def mambapy_scan():
    """Selective scan of one layer of mambapy, by its parallel scan; None where it is not installed."""
    if find_spec("mambapy") is None:
        return None
    from mambapy.mamba import MambaBlock, MambaConfig

    block = MambaBlock(MambaConfig(d_model=D_MODEL, n_layers=1, d_state=D_STATE))

    def scan(u, delta, A, B, C):
        return block.selective_scan(u, delta, A, B, C, torch.zeros(u.shape[-1], device=u.device))

    return scan


def scans():
    """The scans to compare, ours first."""
    found = {"skspectral": selective_scan, "mambapy 1.2 pscan": mambapy_scan(), "plain loop": sequential_scan}
    return {name: scan for name, scan in found.items() if scan is not None}


def in_each_setting(part):
    """Run a part that gives rows on the CPU with one and two threads, and on a GPU where there is one."""

    @wraps(part)
    def run():
        rows = []
        before = torch.get_num_threads()
        try:
            for threads in THREADS:
                torch.set_num_threads(threads)
                rows += [row | {"device": "cpu", "threads": threads} for row in part("cpu")]
        finally:
            torch.set_num_threads(before)
        if torch.cuda.is_available():
            rows += [row | {"device": torch.cuda.get_device_name(), "threads": None} for row in part("cuda")]
        return rows

    return run


def forward(scan, inputs):
    with torch.no_grad():
        scan(*inputs)
    _wait(inputs[0])


def forward_backward(scan, inputs):
    torch.autograd.grad(scan(*inputs).sum(), inputs)
    _wait(inputs[0])


def _wait(tensor):
    if tensor.is_cuda:
        torch.cuda.synchronize()


@in_each_setting
def compare_scans(device):
    """Ratios of time against mambapy and the plain loop."""
    rows = []
    own, *peers = scans().items()
    for length in LENGTHS:
        inputs = scan_inputs(length, device)
        for what in (forward, forward_backward):
            for peer_name, peer in peers:
                name = f"scan {what.__name__} L={length}"
                repeats = 7 if length < max(LENGTHS) else 3
                runs = partial(what, own[1], inputs), partial(what, peer, inputs)
                rows.append(ratio(name, *runs, repeats=repeats, peer_name=peer_name))
    return rows


@in_each_setting
def scan_growth(device):
    """Exponent of our time against length."""
    rows = []
    for what in (forward, forward_backward):
        sizes = (256, 512, 1024, 2048, 4096, 8192)
        seconds = [_best(partial(what, selective_scan, scan_inputs(length, device))) for length in sizes]
        exponent = round(fit_exponent(sizes, seconds), 3)
        times = [round(1e3 * s, 2) for s in seconds]
        rows.append({"name": f"scan {what.__name__}", "sizes": list(sizes), "ms": times, "exponent": exponent})
    return rows


def _best(run, repeats=5):
    """Shortest of several runs: growth is a property of the work, not of what else the machine does."""
    run()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _peak(name, length, queue):
    """Memory that one forward and backward pass adds to a fresh process."""
    torch.set_num_threads(max(THREADS))
    scan = scans()[name]
    forward_backward(scan, scan_inputs(16))
    inputs = scan_inputs(length)
    before = peak_mib()
    forward_backward(scan, inputs)
    queue.put(peak_mib() - before)


def scan_memory():
    """Peak memory in MiB of forward and backward, each scan in a process of its own."""
    context = multiprocessing.get_context("spawn")
    result = {}
    for length in LENGTHS:
        for name in scans():
            queue = context.Queue()
            process = context.Process(target=_peak, args=(name, length, queue))
            process.start()
            result[f"{name} L={length}"] = round(queue.get(timeout=300), 1)
            process.join()
    return result


def scan_agreement():
    """Largest difference between our scan and the plain loop."""
    inputs = [t.detach().double() for t in scan_inputs(256)]
    difference = float((selective_scan(*inputs) - sequential_scan(*inputs)).abs().max())
    return {"scan: largest difference to the plain loop, float64": difference}


@in_each_setting
def experts(device):
    """Sparse against dense computation of the mixture of the base model."""
    config = SpectralFMConfig.preset("base")
    rows = []
    for kind in ("gelu", "kan"):
        sparse, dense = (
            MixtureOfExperts(config.d_model, config.n_experts, config.top_k, config.d_expert, kind, sparse=s)
            .to(device)
            .eval()
            for s in (True, False)
        )
        x = torch.randn(16, 130, config.d_model, device=device)

        def run(moe, x=x):
            with torch.inference_mode():
                moe(x)
            _wait(x)

        name = f"experts {kind}, {x.shape[0] * x.shape[1]} tokens"
        rows.append(ratio(name, partial(run, sparse), partial(run, dense), peer_name="dense, ours"))
    return rows


@in_each_setting
def inference(device):
    """Spectra per second of whole models, and where the time goes."""
    rows = []
    for preset in ("small", "base"):
        model = SpectralFM(SpectralFMConfig.preset(preset)).to(device).eval()
        for n in (1, 64):
            x = torch.randn(n, N_CHANNELS, device=device)
            axis = torch.linspace(1100, 2498, N_CHANNELS, device=device)
            blocks = {}
            handles = [h for name, block in model.named_children() for h in _clock(name, block, blocks)]
            encode, whole = [], []
            for repeat in range(6 if n > 1 else 21):
                with torch.inference_mode():
                    _wait(x)
                    started = time.perf_counter()
                    codes = model(x, axis).codes
                    _wait(x)
                    encoded = time.perf_counter()
                    model.transfer(codes.z_chem, codes.z_inst, N_CHANNELS)
                    _wait(x)
                    ended = time.perf_counter()
                if repeat == 0:
                    blocks.clear()  # warm-up
                    continue
                encode.append(n / (encoded - started))
                whole.append(n / (ended - started))
            for handle in handles:
                handle.remove()
            total = sum(blocks.values())
            rows.append(
                {
                    "model": preset,
                    "parameters": model.n_parameters()["total"],
                    "batch": n,
                    "encode_spectra_per_s": _summary(encode),
                    "encode_and_transfer_spectra_per_s": _summary(whole),
                    "share_of_time": {name: round(seconds / total, 3) for name, seconds in blocks.items()},
                }
            )
    return rows


def _clock(name, block, seconds):
    """Hooks that add the time of a block's forward passes to ``seconds``."""
    started = []

    def before(module, args):
        _wait(args[0])
        started.append(time.perf_counter())

    def after(module, args, output):
        _wait(args[0])
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started.pop()

    return block.register_forward_pre_hook(before), block.register_forward_hook(after)


def _summary(values):
    return {name: round(float(f(values)), 2) for name, f in (("min", np.min), ("median", np.median), ("max", np.max))}


def main(quiet=False):
    """Run everything, print a table and write the results file."""
    content = {
        "environment": environment("torch", "mambapy"),
        "notes": [
            "ratio > 1: the scan of skspectral is that many times faster; min, median and max over runs taken in turns",
            f"scan: batch {BATCH}, d_model {D_MODEL} (so {D_INNER} channels), state {D_STATE}, float32",
            "memory: MiB that forward and backward add to the peak of a fresh process",
            f"inference: spectra of {N_CHANNELS} channels; encode is the network up to the codes, transfer writes the "
            "spectrum of another instrument",
        ],
    }
    if mambapy_scan() is None:
        content["mambapy"] = MISSING
        print(f"mambapy is {MISSING}", file=sys.stderr)
    parts = {
        "ratios": lambda: compare_scans() + experts(),
        "growth": scan_growth,
        "memory": scan_memory,
        "inference": inference,
        "agreement": scan_agreement,
    }
    for name, part in tqdm(parts.items(), disable=quiet, desc="network"):
        content[name] = part()
    path = save("network", content)
    if not quiet:
        _print(content)
        print(f"written: {path.name}")
    return content


def _print(content):
    for row in content["ratios"]:
        print(
            f"{_setting(row):6s} {row['name']:30s} {row['ours_ms']:10.2f} ms  {row['peer']:20s} "
            f"{row['peer_ms']:10.2f} ms  x{row['ratio_median']:<7} ({row['ratio_min']} - {row['ratio_max']})"
        )
    for row in content["growth"]:
        print(f"{_setting(row):6s} {row['name']}: time ~ L^{row['exponent']}")
    for name, value in content["memory"].items():
        print(f"memory {name}: {value} MiB")
    for row in content["inference"]:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in row["share_of_time"].items())
        print(
            f"{_setting(row):6s} {row['model']} batch {row['batch']}: encode {row['encode_spectra_per_s']['median']} "
            f"spectra/s, with transfer {row['encode_and_transfer_spectra_per_s']['median']}; {shares}"
        )
    for name, value in content["agreement"].items():
        print(f"{name}: {value:.2g}")


def _setting(row):
    return f"{row['device']}" if row["threads"] is None else f"{row['device']} {row['threads']}"


if __name__ == "__main__":
    main()
