"""What a transfer estimator promises, as checks that fail when it does not keep it.

Each check takes an unfitted estimator whose roles are None; it clones it and names source "A" and target "B".
"""

import contextlib
import io

from sklearn import config_context

from ._axis_checks import AXIS_CHECKS
from ._data_checks import DATA_CHECKS
from ._method_checks import METHOD_CHECKS
from ._model_selection_checks import SELECTION_CHECKS

__all__ = ["CHECKS", "check_transfer_estimator"]

CHECKS = (*METHOD_CHECKS, *DATA_CHECKS, *AXIS_CHECKS, *SELECTION_CHECKS)


def check_transfer_estimator(estimator, *, routing=(False, True)):
    """Run every check on an estimator.

    Parameters
    ----------
    estimator : transfer estimator
        Unfitted, with ``source`` and ``target`` None.
    routing : sequence of bool
        States of scikit-learn's metadata routing to run the checks in.

    Raises
    ------
    AssertionError
        From the first check that fails.

    Examples
    --------
    >>> from skspectral import MeanShift
    >>> from skspectral.testing import check_transfer_estimator
    >>> check_transfer_estimator(MeanShift(), routing=[False])
    """
    for enabled in routing:
        for check in CHECKS:
            with config_context(enable_metadata_routing=enabled), contextlib.redirect_stdout(io.StringIO()):
                check(estimator)
