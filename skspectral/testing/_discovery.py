"""Find the estimators of the package."""

import importlib
import inspect
import pkgutil

from sklearn.base import BaseEstimator

import skspectral

from ..base import BaseTransferRegressor

__all__ = ["all_estimators", "all_transfer_estimators"]

# the command line is no place for estimators, and importing it parses nothing useful
SKIPPED_MODULES = {"skspectral.cli", "skspectral.__main__"}


def all_estimators():
    """List every public estimator of the package.

    Returns
    -------
    list of (str, type)
        Name and class, sorted by name: whatever derives from ``BaseEstimator`` and stands in the ``__all__`` of its own
        module, base classes of the contract excepted.

    Examples
    --------
    >>> from skspectral.testing import all_estimators
    >>> "PDS" in dict(all_estimators())
    True
    """
    found = {}
    for info in pkgutil.walk_packages(skspectral.__path__, "skspectral."):
        if info.name in SKIPPED_MODULES or any(part.startswith("__") for part in info.name.split(".")):
            continue
        module = importlib.import_module(info.name)
        for name in getattr(module, "__all__", ()):
            item = getattr(module, name)
            if inspect.isclass(item) and issubclass(item, BaseEstimator) and item.__module__ == info.name:
                found[name] = item
    # and what is but a part of others
    bases = {
        "BaseTransferRegressor",
        "ByRegion",
        "CompleteTransferRegressor",
        "DeepTransferRegressor",
        "MappingRegressor",
        "NativeAxes",
        "ProjectionRegressor",
    }
    return sorted((name, item) for name, item in found.items() if name not in bases)


def all_transfer_estimators():
    """List the estimators that implement the contract of :class:`~skspectral.base.BaseTransferRegressor`.

    Returns
    -------
    list of (str, type)

    Examples
    --------
    >>> from skspectral.testing import all_transfer_estimators
    >>> "SNV" in dict(all_transfer_estimators())
    False
    """
    return [(name, item) for name, item in all_estimators() if issubclass(item, BaseTransferRegressor)]
