"""Weighted means of the weights of related runs."""

import torch

from .weights import load_pretrained, save_weights

__all__ = ["average_weights"]


def average_weights(shares, folder, *, metadata=None):
    """Write a weighted mean of weights, network and head, for `load_weights`.

    A mean stands for a network only where the weights come from one another: checkpoints of a run, or of runs that
    started from them. A negative share goes on in the direction in which a run went.

    Parameters
    ----------
    shares : dict of str or path to float
        Weights, as `load_pretrained` takes them, and the share of each; their sum is one.
    folder : path
        Folder to write; one that is there is replaced.
    metadata : dict, optional
        As for `save_weights`; that of the weights with the largest share where None. The shares are added to it, as
        "mean of".

    Raises
    ------
    ValueError
        If the shares do not add up to one, or networks or heads are of different kinds.
    MissingWeightsError
        As by `load_pretrained`.

    References
    ----------
    .. [1] M. Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
       increasing inference time", ICML 2022. https://doi.org/10.48550/arXiv.2203.05482

    Examples
    --------
    >>> import tempfile
    >>> from skspectral.pretraining import average_weights, load_weights
    >>> folder = tempfile.mkdtemp() + "/mean"
    >>> average_weights({"small-2": 1.25, "small-1": -0.25}, folder)
    >>> load_weights(folder)[1]["mean of"]
    {'small-2': 1.25, 'small-1': -0.25}
    """
    if not shares or abs(sum(shares.values()) - 1) > 1e-6:
        raise ValueError(f"The shares of the weights must add up to one, got {list(shares.values())}.")
    known = {str(source): load_pretrained(source) for source in shares}
    first = next(iter(known))
    for source, (model, head, _) in known.items():
        if (model.config, head.settings) != (known[first][0].config, known[first][1].settings):
            raise ValueError(f"{source} is a network of another kind than {first}: weights of both have no mean.")
    largest = str(max(shares, key=shares.get))
    model, head, own = known[largest]
    for number, net in enumerate((model, head)):
        states = [(share, known[str(source)][number].state_dict()) for source, share in shares.items()]
        mean = {name: _mean([(share, state[name]) for share, state in states]) for name in net.state_dict()}
        net.load_state_dict(mean)
    record = own if metadata is None else metadata
    save_weights(folder, model, head, metadata=record | {"mean of": {str(k): float(v) for k, v in shares.items()}})


def _mean(parts):
    """Mean in double precision of what is a number; what counts or indexes is the same in all."""
    first = parts[0][1]
    if not torch.is_floating_point(first):
        return first
    return sum(share * value.double() for share, value in parts).to(first.dtype)
