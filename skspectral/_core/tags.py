"""What a transfer method needs and promises, and whether the rows have what it needs."""

from dataclasses import dataclass

from ..exceptions import NoStandardsError, TooFewStandardsError

__all__ = ["TransferTags", "check_enough"]


@dataclass(frozen=True)
class TransferTags:
    """What a transfer method needs and promises.

    Attributes
    ----------
    needs : {"nothing", "target_rows", "pairs", "standards", "pairs_or_standards"}
        The least it must find among the target rows: nothing; any spectrum; samples measured on both instruments;
        target spectra with a reference; either of the two.
    min_samples : int
        How many of them.
    needs_source : bool
        Whether it learns from source spectra (an existing calibration alone does not do).
    uses_target_references : bool
        Whether references of target rows can change the result beyond labelling their twins on the source.
    zero_shot : bool
        Whether unlabelled, unpaired target rows are enough.
    preserves_identity : bool
        Whether identical instruments give exactly the predictions of the source model.
    carries_source_model : bool
        Whether predictions come from the source calibration at all; false for models that learn on the target.
    refits : bool
        Whether the calibration is fitted anew on changed spectra, so that an existing one cannot be used.
    affine : bool
        Whether predictions are an affine function of the spectrum where the calibration is one; false for networks.
    """

    needs: str = "standards"
    min_samples: int = 1
    needs_source: bool = True
    uses_target_references: bool = True
    zero_shot: bool = False
    preserves_identity: bool = False
    carries_source_model: bool = True
    refits: bool = False
    affine: bool = True


def check_enough(tags, rows, name, odd=""):
    """Count what the method needs among the target rows.

    Parameters
    ----------
    tags : TransferTags
    rows : TransferRows
    name : str
        The method, for messages.
    odd : str
        What is odd about the ids, for messages.

    Raises
    ------
    NoStandardsError
        If there is none of it.
    TooFewStandardsError
        If there is too little.
    """
    n_target, n_pairs, n_standards = len(rows.target_samples[0]), len(rows.pairs), rows.n_standards
    found = {
        "nothing": tags.min_samples,
        "target_rows": n_target,
        "pairs": n_target if tags.zero_shot and n_pairs == 0 else n_pairs,
        "standards": n_standards,
        "pairs_or_standards": max(n_pairs, n_standards),
    }[tags.needs]
    if found >= tags.min_samples:
        return
    what = {
        "target_rows": "target spectra",
        "pairs": "samples measured on both instruments (the same sample_id on a source and a target row)",
        "standards": "target spectra with a reference",
        "pairs_or_standards": "target spectra with a reference, or samples measured on both instruments",
    }[tags.needs]
    seen = f"{n_target} target samples, {n_pairs} of them paired, {n_standards} with a reference"
    error = NoStandardsError if found == 0 else TooFewStandardsError
    if tags.min_samples == 1:
        what = what.replace("spectra", "spectrum", 1).replace("samples", "sample", 1)
    text = f"{name} needs at least {tags.min_samples} {what}, and found {found} ({seen})."
    raise error(f"{text} {odd}".rstrip())
