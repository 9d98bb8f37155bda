"""Which samples to measure on the second instrument: the choice of transfer standards."""

from numbers import Integral

import numpy as np

from .._core.matrices import as_matrix
from .._core.random_streams import independent_streams
from .._core.references import check_references
from .._core.validation import check_finite
from ..exceptions import MissingReferenceError, TooFewStandardsError
from ._distances import Distances

__all__ = ["METHODS", "USING_REFERENCES", "select_standards"]

METHODS = ("random", "kennard-stone", "spxy", "y", "duplex", "leverage")
USING_REFERENCES = ("spxy", "y")
# Principal components beyond this share of the variance are noise, in which every sample is an outlier.
VARIANCE_KEPT = 0.999
EXHAUSTED = 1e-10
# of the spectra, at the same time
COPIES = 4


def select_standards(X, n, *, method="random", y=None, random_state=None):
    r"""Choose transfer standards among samples, most useful first.

    The first five of ten are the five: every method puts all samples in an order and takes the first ``n``. Apart from
    ``"random"`` the order depends on the spectra alone; ties are broken by comparing the spectra channel by channel, so
    the order of the rows does not matter.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_channels)
        One spectrum per sample; average replicates first.
    n : int
        Number of standards.
    method : {"random", "kennard-stone", "spxy", "y", "duplex", "leverage"}, default="random"
        - ``"random"``: a random order.
        - ``"kennard-stone"``: the two samples farthest apart, then repeatedly the one whose nearest chosen sample is
          farthest, :math:`\max_i \min_{k \in S} \lVert x_i - x_k \rVert`.
        - ``"spxy"``: the same with the distance :math:`d_x / \max d_x + d_y / \max d_y`, where :math:`d_y` is
          Euclidean over the properties, each divided by its standard deviation.
        - ``"y"``: the same with :math:`d_y` alone, so that the standards span the references.
        - ``"duplex"``: the two samples farthest apart enter a first set and the two farthest apart of the rest a
          second; then each set in turn gets the sample farthest from its nearest member. The first set, in the order of
          entry, gives the standards; where it is used up, the second set follows in its own order.
        - ``"leverage"``: the sample of largest leverage in the space of the principal components that hold 99.9 % of
          the variance; the others are made orthogonal to it, and so on. When the space is exhausted, it begins again
          with the samples that are left.
    y : array-like of shape (n_samples,) or (n_samples, n_targets), optional
        References, needed by ``"spxy"`` and ``"y"``.
    random_state : int, RandomState, numpy Generator or None, default=None
        Seed of ``"random"``.

    Returns
    -------
    ndarray of int of shape (n,)
        Rows of ``X`` in the order of selection.

    Raises
    ------
    TooFewStandardsError
        If ``n`` exceeds the number of samples.
    MissingReferenceError
        If ``"spxy"`` or ``"y"`` lacks a reference.
    NonFiniteSpectraError, ValueError
        If ``X`` or a parameter cannot be used.
    MemoryError
        If there is no room for a few copies of ``X``; the message says how much was needed.

    Notes
    -----
    No selection is much better than a random one. Over five sets of real instruments, with ridges that use the
    differences of the pairs, the RMSEP was lower than with random standards by 2.0 % with five and 1.3 % with ten for
    ``"spxy"``, never significantly higher on any set: the choice to make where references are known. For
    ``"kennard-stone"`` it was 1.0 and 1.1 %, but 2.6 % *higher* with five on corn, for ``"duplex"`` 1.4 and 1.3 % with
    the same exception, and for ``"y"`` 1.8 and 0.4 %. ``"leverage"`` was 4 % worse than random on corn.

    Memory grows with the number of samples, not with its square: 40,000 spectra of 100 channels take less than 0.5 GB,
    and ten of them are chosen in seconds.

    Snee makes the variables orthonormal before DUPLEX, which is impossible with more channels than samples; distances
    are Euclidean between the spectra as given, as they are for Kennard-Stone.

    References
    ----------
    Kennard, R. W., Stone, L. A. (1969). Computer aided design of experiments. Technometrics 11, 137-148.
    https://doi.org/10.1080/00401706.1969.10490666

    Galvão, R. K. H., Araujo, M. C. U., José, G. E., Pontes, M. J. C., Silva, E. C., Saldanha, T. C. B. (2005). A method
    for calibration and validation subset partitioning. Talanta 67, 736-740.
    https://doi.org/10.1016/j.talanta.2005.03.025

    Snee, R. D. (1977). Validation of regression models: methods and examples. Technometrics 19, 415-428.
    https://doi.org/10.1080/00401706.1977.10489581

    Wang, Y., Veltkamp, D. J., Kowalski, B. R. (1991). Multivariate instrument standardization (leverage). Analytical
    Chemistry 63, 2750-2756. https://doi.org/10.1021/ac00023a016

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.model_selection import select_standards
    >>> X = np.array([[0.0, 0.0], [1.0, 0.0], [4.0, 0.0], [9.0, 0.0]])
    >>> select_standards(X, 3, method="kennard-stone")
    array([0, 3, 2])
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}.")
    X = as_matrix(X)
    check_finite(X)
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 0:
        raise ValueError(f"n must be an integer >= 0, got {n!r}.")
    if n > len(X):
        raise TooFewStandardsError(f"{n} standards were asked for, and there are {len(X)} samples to choose from.")
    references = _references(y, len(X), method) if method in USING_REFERENCES else None
    keys = X if references is None else np.hstack([X, references])
    canonical = np.lexsort(keys.T[::-1])
    if method == "random":
        return canonical[independent_streams(random_state, 1)[0].permutation(len(X))[:n]]
    try:
        order = _order(X[canonical], None if references is None else references[canonical], method, n)
    except MemoryError as error:
        needed = 8e-9 * X.size * COPIES
        raise MemoryError(
            f"select_standards(method={method!r}) needs about {needed:.1f} GB beside the {len(X)} spectra of "
            f"{X.shape[1]} channels. Average channels first (Resample), or choose among a random part of the samples."
        ) from error
    return canonical[np.asarray(order, dtype=int)]


def _order(X, references, method, n):
    """Positions of the first ``n`` in the order of a method."""
    if method == "leverage":
        return _leverage_order(X, n)
    if method == "duplex":
        return _duplex_order(Distances([X]), n)
    parts = {"kennard-stone": [X], "spxy": [X, references], "y": [references]}[method]
    return _max_min_order(Distances(parts), n)


def _references(y, n_rows, method):
    """References with unit standard deviation per property, so that units do not weigh."""
    if y is None:
        raise MissingReferenceError(f"method={method!r} measures distances in y: give y.")
    y = check_references("select_standards", y, n_rows, allow_missing=True).reshape(n_rows, -1)
    if not np.isfinite(y).all():
        raise MissingReferenceError(
            f"method={method!r} needs every reference, and {int((~np.isfinite(y).all(axis=1)).sum())} of {n_rows} "
            "samples lack one. Leave these samples out."
        )
    # sorted, so that the rounding of the sum does not depend on the order of the rows
    spread = np.sort(y, axis=0).std(axis=0)
    return y / np.where(spread > 0, spread, 1.0)


def _max_min_order(distances, n):
    """The first ``n`` by the rule of Kennard and Stone."""
    chosen = distances.farthest_pair(np.arange(len(distances)))
    nearest = np.min([distances.row(i) for i in chosen], axis=0)
    nearest[chosen] = -1.0
    while len(chosen) < n:
        best = int(np.argmax(nearest))
        chosen.append(best)
        nearest = np.minimum(nearest, distances.row(best))
        nearest[chosen] = -1.0
    return chosen[:n]


def _duplex_order(distances, n):
    """The first ``n`` by DUPLEX: the first set as it grew, then the second."""
    sets, free = ([], []), np.ones(len(distances), dtype=bool)
    nearest = np.full((2, len(distances)), np.inf)
    turn = 0
    while free.any() and len(sets[0]) < n:
        if sets[turn]:
            entering = [int(np.argmax(np.where(free, nearest[turn], -1.0)))]
        else:
            entering = distances.farthest_pair(np.flatnonzero(free))
        for i in entering:
            nearest[turn] = np.minimum(nearest[turn], distances.row(i))
        sets[turn].extend(entering)
        free[entering] = False
        turn = 1 - turn
    return (sets[0] + sets[1])[:n]


def _leverage_order(X, n):
    """The first ``n`` by leverage, deflating after each choice."""
    left = np.arange(len(X))
    order = []
    while left.size and len(order) < n:
        scores, singular, _ = np.linalg.svd(X[left] - X[left].mean(axis=0), full_matrices=False)
        energy = np.cumsum(singular**2)
        if left.size == 1 or energy[-1] == 0:
            order.extend(left)
            break
        scores = scores[:, : int(np.searchsorted(energy, VARIANCE_KEPT * energy[-1])) + 1]
        leverage = (scores**2).sum(axis=1)
        chosen = []
        while len(order) + len(chosen) < n and len(chosen) < left.size and leverage.max() > EXHAUSTED:
            best = int(np.argmax(leverage))
            chosen.append(best)
            direction = scores[best] / np.sqrt(leverage[best])
            scores = scores - np.outer(scores @ direction, direction)
            leverage = (scores**2).sum(axis=1)
            leverage[chosen] = 0.0
        order.extend(left[chosen])
        left = np.delete(left, chosen)
    return order[:n]
