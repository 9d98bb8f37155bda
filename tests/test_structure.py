"""Who may know whom: imports between the rooms of the package, read from the source."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import skspectral

ROOT = Path(skspectral.__file__).parent
MOST_FILES_IN_ROOT = 5

# each room and the rooms whose modules it may import; whatever is missing here may not be imported
MAY_KNOW = {
    "exceptions": set(),
    "_version": set(),
    "_core": {"exceptions", "_version"},
    "preprocessing": {"_core", "exceptions"},
    "metrics": {"_core", "exceptions"},
    "calibration": {"_core", "exceptions"},
    "model_selection": {"_core", "exceptions"},
    "datasets": {"_core", "exceptions"},
    "base": {"_core", "calibration", "exceptions"},
    "plotting": {"_core", "exceptions", "metrics"},
    "diagnostics": {"_core", "calibration", "exceptions", "metrics", "model_selection"},
    "transfer": {"_core", "base", "calibration", "diagnostics", "exceptions", "preprocessing"},
    "nn": {"exceptions"},
    "pretraining": {"_core", "_version", "exceptions", "nn"},
    "foundation": {"_core", "base", "calibration", "exceptions", "nn", "preprocessing", "pretraining", "transfer"},
    "deep": {"_core", "base", "exceptions", "nn", "preprocessing"},
    "io": {"_core", "exceptions", "preprocessing"},
    # it stores networks as arrays and so knows how to build them
    "deployment": {
        *("_core", "base", "calibration", "diagnostics", "exceptions", "io", "model_selection", "nn", "preprocessing"),
        *("pretraining", "transfer"),
    },
    "monitoring": {
        *("_core", "base", "deployment", "diagnostics", "exceptions", "io", "metrics", "plotting", "transfer"),
    },
    "comparison": {
        *("_core", "_version", "deployment", "exceptions", "metrics", "model_selection", "monitoring", "plotting"),
        "transfer",
    },
    "testing": {"base", "calibration", "exceptions", "model_selection"},
    "__init__": {
        *("_core", "_version", "calibration", "deep", "deployment", "foundation", "model_selection", "preprocessing"),
        "transfer",
    },
    "__main__": {"cli"},
}
# the command line stands above everything
MAY_KNOW["cli"] = set(MAY_KNOW) - {"__init__", "__main__"}

# the same for the rooms of a large room
WITHIN = {
    "io": {
        "block": set(),
        "options": set(),
        "units": set(),
        "quantities": set(),
        "cells": set(),
        "names": set(),
        "grids": {"block", "cells", "quantities"},
        "text": {"cells", "grids"},
        "formats": {"block", "cells", "grids", "names", "quantities", "text"},
        "references": {"cells", "formats", "grids", "names", "text"},
        "table": {"block", "cells", "grids", "names", "options", "quantities", "references", "units"},
        "checks": {"names", "references", "units"},
        "tables": {"formats", "table"},
        "_read": {"formats", "grids", "names", "options", "table", "text", "units"},
        "__init__": {"_read", "checks", "table", "tables"},
    },
}


def room_of(parts):
    return parts[0].removesuffix(".py")


def imports_of(file):
    """Pairs of (imported module as a tuple of names below the package, line) of all relative imports of a file."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    package = parts[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = package[: len(package) - node.level + 1] + tuple(
                (node.module or "").split(".") * bool(node.module)
            )
            # "from .. import metrics" names the module last
            for name in [None] if module else [alias.name for alias in node.names]:
                yield module if name is None else (name,), node.lineno
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]:
                if name.split(".")[0] == "skspectral":
                    yield tuple(name.split(".")[1:]), node.lineno


def violations(file):
    parts = file.relative_to(ROOT).parts
    for module, line in imports_of(file):
        at = f"{file.relative_to(ROOT)}:{line} imports {'.'.join(module)}"
        if module[:1] == parts[:1] and module[0] in WITHIN:
            yield from _between_rooms(parts[1:], module[1:], WITHIN[module[0]], at)
        else:
            yield from _between_rooms(parts, module, MAY_KNOW, at)


def _between_rooms(parts, module, may_know, at):
    room = room_of(parts)
    if not module or module[0] == room:
        return
    if module[0] not in may_know[room]:
        yield f"{at}: {room} may not know {module[0]}"
    if any(part.startswith("_") for part in module[1:]):
        yield f"{at}, which is private to {module[0]}"


# the checks import what they check, as a user's test would
FILES = [file for file in sorted(ROOT.rglob("*.py")) if room_of(file.relative_to(ROOT).parts) != "testing"]


def test_imports_keep_to_the_table():
    assert [text for file in FILES for text in violations(file)] == []


TABLES = {"": MAY_KNOW, **WITHIN}


@pytest.mark.parametrize("within", TABLES)
def test_the_table_has_no_cycles(within):
    assert len(list(TopologicalSorter(TABLES[within]).static_order())) == len(TABLES[within])


@pytest.mark.parametrize("within", TABLES)
def test_every_room_stands_in_the_table(within):
    root = ROOT / within
    rooms = {room_of(file.relative_to(root).parts) for file in root.rglob("*.py")}
    assert rooms == set(TABLES[within])


def test_the_root_holds_rooms_not_files():
    assert len(list(ROOT.glob("*.py"))) <= MOST_FILES_IN_ROOT


@pytest.mark.parametrize(
    ("where", "line", "said"),
    [
        ("metrics/example.py", "from ..transfer import PDS", "metrics may not know transfer"),
        ("_core/example.py", "from ..base import TransferTags", "_core may not know base"),
        ("foundation/example.py", "from ..transfer._mapping import MappingRegressor", "private to transfer"),
        ("preprocessing/example.py", "import skspectral.transfer", "preprocessing may not know transfer"),
        ("calibration/example.py", "def fit():\n    from .. import transfer", "calibration may not know transfer"),
        ("io/cells/example.py", "from ..grids.layout import find_layout", "cells may not know grids"),
        ("io/table/example.py", "from ..grids._down import axis_down", "private to grids"),
        ("io/formats/spc/example.py", "from ....transfer import PDS", "io may not know transfer"),
    ],
)
def test_a_new_import_against_the_table_is_found(tmp_path, monkeypatch, where, line, said):
    monkeypatch.setattr("tests.test_structure.ROOT", tmp_path)
    file = tmp_path / where
    file.parent.mkdir(parents=True)
    file.write_text(line)
    assert [text for text in violations(file) if said in text]
