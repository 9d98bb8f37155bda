"""Programs and model files that name a module as it was called before it moved."""

import importlib
import pickle
import sys

import pytest

from skspectral._core.former_paths import FORMER, present_name
from skspectral.deployment._trusted_types import OWN_TYPES, untrusted_types

MOVED = sorted(name for name in FORMER if name != "skspectral.metrics")


@pytest.mark.parametrize("name", MOVED)
def test_a_former_name_is_the_module_itself(name):
    module = importlib.import_module(name)
    assert module is importlib.import_module(present_name(name)) and module.__name__ == present_name(name)
    assert module.__spec__.name == present_name(name)


def test_pickles_find_classes_by_their_former_module():
    module, name = "skspectral._affine", "BandedMap"
    sys.modules.pop(module, None)
    cls = pickle.loads(b"c" + f"{module}\n{name}\n".encode() + b".")
    assert f"{cls.__module__}.{cls.__name__}" == "skspectral._core.affine.BandedMap"


def test_tags_are_found_beside_the_contract():
    from skspectral import base

    assert pickle.loads(b"cskspectral.base\nTransferTags\n.") is base.TransferTags
    assert "TransferTags" in base.__all__


def test_model_files_may_hold_former_names_of_known_types_only():
    for module, names in OWN_TYPES.items():
        for former in [name for name, present in FORMER.items() if present == module]:
            entries = [{"__loader__": "ObjectNode", "__module__": former, "__class__": name} for name in names]
            assert untrusted_types({"content": entries})[0] == []
    stranger = {"__loader__": "ObjectNode", "__module__": "skspectral.stacking", "__class__": "deploy"}
    assert untrusted_types(stranger)[0] == ["skspectral.stacking.deploy"]


def test_unknown_names_stay_unknown():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("skspectral.nothing")
