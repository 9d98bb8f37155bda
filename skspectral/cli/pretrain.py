"""``skspectral pretrain``: train the network on a folder of spectra."""

from ._results import say

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Train SpectralFM on real spectra seen through simulated instruments. Under torchrun, several processes share the "
    "work: torchrun --nproc-per-node 4 -m skspectral pretrain ..."
)


def add_arguments(parser):
    """Describe the options."""
    parser.add_argument(
        "--config",
        default="small",
        metavar="FILE",
        help="settings (TOML), or tiny, small, small-2, base (default: small)",
    )
    parser.add_argument("--corpus", metavar="DIR", help="folder of spectra (default: that in SKSPECTRAL_CORPUS)")
    parser.add_argument("--out", default="skspectral-pretrain", metavar="DIR",
                        help="where to write (default: skspectral-pretrain)")  # fmt: skip
    parser.add_argument("--steps", type=int, metavar="N", help="length of the run (default: that of the settings)")
    parser.add_argument("--seconds", type=float, metavar="S", help="time limit; sets the length if --steps does not")
    parser.add_argument("--seed", type=int, help="seed of everything (default: that of the settings)")
    parser.add_argument("--init-from", metavar="WEIGHTS",
                        help="weights to start from: a folder, or a name such as small-1 (default: none)")  # fmt: skip
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out, if there is one")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(args):
    """Pretrain the network."""
    # torch takes seconds to import, and the other commands do without it
    from ..pretraining import Corpus
    from ..pretraining.config import PretrainingConfig
    from ..pretraining.training.engine import pretrain as train

    changes = {"seed": args.seed, "init": args.init_from}
    config = PretrainingConfig.load(args.config, **{name: v for name, v in changes.items() if v is not None})
    corpus = Corpus(
        args.corpus,
        domains=config.domains or None,
        leave_out=config.leave_out,
        validation=config.validation,
        seed=config.seed,
    )
    weights = train(
        config,
        corpus,
        args.out,
        steps=args.steps,
        seconds=args.seconds,
        resume=args.resume,
        quiet=args.quiet,
        device=args.device,
    )
    say(args, f"{weights}: averaged weights and model card; skspectral.pretraining.weights.load_weights reads them.")
