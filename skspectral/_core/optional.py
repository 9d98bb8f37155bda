"""Import of packages that only some features need."""

import importlib

from ..exceptions import OptionalDependencyError

__all__ = ["import_optional"]


def import_optional(name, *, extra, feature):
    """Import ``name`` or say which extra to install.

    Parameters
    ----------
    name : str
        Module to import, for example ``"matplotlib.pyplot"``.
    extra : str
        The extra of this package that brings the module.
    feature : str
        What needs it, as the subject of the error message.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    OptionalDependencyError
        If the module's top-level package is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.split(".")[0]
        if error.name is None or error.name.split(".")[0] != package:
            raise
        raise OptionalDependencyError(
            f"{feature} needs {package}, which is not installed. Install it with: pip install 'skspectral[{extra}]'",
            name=package,
        ) from error
