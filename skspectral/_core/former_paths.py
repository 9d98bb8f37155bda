"""Names under which modules were stored before they moved, so that model files and programs keep working."""

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

__all__ = ["present_name", "serve_former_paths"]

FORMER = {
    "skspectral._affine": "skspectral._core.affine",
    "skspectral._torch_records": "skspectral.deployment._torch_records",
    "skspectral._wrapping": "skspectral.calibration.wrapping",
    "skspectral.foundation._axes": "skspectral.foundation._native_spectra",
    "skspectral.foundation._expert": "skspectral.foundation._readout",
    "skspectral.foundation._network": "skspectral.foundation._encoder",
    "skspectral.foundation._sight": "skspectral.foundation._regions",
    "skspectral.foundation._spectra": "skspectral.foundation._spectrum_writer",
    "skspectral.io._block": "skspectral.io.block",
    "skspectral.io._findings": "skspectral.io.checks.findings",
    "skspectral.io._table": "skspectral.io.table.spectra_table",
    # a package of this name exists; files that refer to its functions have them from its module
    "skspectral.metrics": "skspectral.metrics._figures",
    "skspectral.per_instrument": "skspectral.deployment.per_instrument",
    "skspectral.persistence": "skspectral.deployment.persistence",
    "skspectral.stacking": "skspectral.deployment.stacking",
    "skspectral.tables": "skspectral.io.tables",
}


def present_name(module):
    """Give the name that a module has now."""
    return FORMER.get(module, module)


class _FormerPaths(MetaPathFinder, Loader):
    def find_spec(self, fullname, path=None, target=None):
        return ModuleSpec(fullname, self) if fullname in FORMER else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        # the import system hands out what stands in sys.modules afterwards: the module itself, not a copy of it
        sys.modules[module.__name__] = import_module(FORMER[module.__name__])


def serve_former_paths():
    """Let imports of former names, those that pickles make included, find the modules where they are now."""
    if not any(isinstance(finder, _FormerPaths) for finder in sys.meta_path):
        sys.meta_path.append(_FormerPaths())
