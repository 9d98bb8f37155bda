"""Model files that would run code if they were trusted: nothing of them runs, and the error names the type."""

import io
import os
import sys
import zipfile

import numpy as np
import pytest
from sklearn.base import BaseEstimator

import skspectral
from skspectral import SNV, MeanShift
from skspectral.deployment._trusted_types import FUNCTIONS, OTHER_TYPES, OWN_TYPES
from skspectral.exceptions import ModelFileError, UntrustedTypeError
from skspectral.testing import all_estimators
from skspectral.testing._data import two_instruments
from tests.fitted import rewritten

DATA = two_instruments()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skspectral"


@pytest.fixture
def stored(path):
    skspectral.save(MeanShift(source="A", target="B").fit(DATA.X, DATA.y, **DATA.labels), path)
    return path


def text(value):
    return {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": f'"{value}"'}


def items(*content, kind="Tuple"):
    name = kind.lower()
    return {"__class__": name, "__module__": "builtins", "__loader__": f"{kind}Node", "content": list(content)}


def refers(kind, full, **more):
    module, _, name = full.rpartition(".")
    return {"__class__": name, "__module__": module, "__loader__": kind, **more}


def mapping(key_type, key):
    return refers("DictNode", "builtins.dict", content={key: text("")}, key_types=items(key_type, kind="List"))


COMMAND = text("touch {canary}")
TEXT = refers("TypeNode", "builtins.str")

# what a hostile file may put in the place of a setting, and the type that the error must name
HOSTILE = {
    "call": (refers("ConstructorFromReduceNode", "os.system", content=items(COMMAND)), "os.system"),
    "call under its other name": (refers("ConstructorFromReduceNode", "posix.system", content=items(COMMAND)), "posix"),
    "function": (refers("FunctionNode", "posix.system"), "posix.system"),
    "builtin as type": (refers("TypeNode", "builtins.eval"), "builtins.eval"),
    "function called with a key": (mapping(refers("TypeNode", "os.system"), "touch {canary}"), "os.system"),
    "trusted function called with a key": (
        mapping(refers("TypeNode", "skspectral.metrics.rmsep"), "touch {canary}"),
        "skspectral.metrics.rmsep",
    ),
    "class": (
        refers("ObjectNode", "subprocess.Popen", content=mapping(refers("TypeNode", "builtins.str"), "a")),
        "Popen",
    ),
    "foreign class": (refers("ObjectNode", "tests.fitted.Anything"), "tests.fitted.Anything"),
    "module that runs on import": (refers("ObjectNode", "antigravity.Anything"), "antigravity.Anything"),
    "our command line": (refers("ObjectNode", "skspectral.__main__.main"), "skspectral.__main__.main"),
    "function of ours": (refers("FunctionNode", "skspectral.deployment.deploy"), "skspectral.deployment.deploy"),
    "function of ours as class": (refers("ObjectNode", "skspectral.io.read_table"), "skspectral.io.read_table"),
    "function of ours called": (
        refers("ConstructorFromReduceNode", "skspectral.deployment.load", content=items(text("a"))),
        "skspectral.deployment.load",
    ),
    "estimator called": (
        refers("ConstructorFromReduceNode", "skspectral.transfer.pds.PDS", content=items(COMMAND)),
        "skspectral.transfer.pds.PDS",
    ),
    "numpy function": (refers("FunctionNode", "numpy.load"), "numpy.load"),
    "method": (
        refers(
            "MethodNode",
            "skspectral.transfer.pds.PDS",
            content={"func": "fit", "obj": refers("ObjectNode", "skspectral.transfer.pds.PDS")},
        ),
        "skspectral.transfer.pds.PDS",
    ),
    "operator": (
        refers("OperatorFuncNode", "operator.methodcaller", attrs=items(text("fit"))),
        "operator.methodcaller",
    ),
    "partial": (
        refers(
            "PartialNode",
            "functools.partial",
            content={
                "func": refers("FunctionNode", "numpy.add"),
                "args": items(),
                "kwds": items(),
                "namespace": items(),
            },
        ),
        "functools.partial",
    ),
    "unknown kind": (refers("NoSuchNode", "builtins.str"), "builtins.str"),
    "kind that is no text": (
        {"__class__": "str", "__module__": "builtins", "__loader__": ["JsonNode"]},
        "builtins.str",
    ),
    "name split elsewhere": (
        {"__class__": "pds.PDS", "__module__": "skspectral.transfer", "__loader__": "ObjectNode"},
        "skspectral.transfer.pds.PDS",
    ),
}


def filled(part, canary):
    """Put the path of the canary into commands."""
    if isinstance(part, dict):
        return {filled(key, canary): filled(value, canary) for key, value in part.items()}
    if isinstance(part, list):
        return [filled(item, canary) for item in part]
    return part.replace("{canary}", str(canary)) if isinstance(part, str) else part


@pytest.mark.parametrize(("part", "named"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_content_is_refused_by_name(part, named, stored):
    canary = stored.with_name("canary")

    def put(schema):
        schema["content"]["content"]["source"] = filled(part, canary)

    rewritten(stored, put, "schema.json")
    before = set(sys.modules)
    with pytest.raises(UntrustedTypeError, match="trusted=") as caught:
        skspectral.load(stored)
    assert named in str(caught.value)
    assert not canary.exists()
    assert not {"antigravity", "skspectral.__main__"} & (set(sys.modules) - before)


def test_hostile_root_is_refused(stored):
    call = refers("ConstructorFromReduceNode", "os.system", content=items(text("true")))
    rewritten(stored, lambda schema: schema | call, "schema.json")
    with pytest.raises(UntrustedTypeError, match=r"os\.system"):
        skspectral.load(stored)


@pytest.mark.parametrize("protocol", [0, 1, -1, "2", None, 999, True])
def test_protocols_of_others_are_refused(protocol, stored):
    rewritten(stored, lambda schema: schema.update(protocol=protocol), "schema.json")
    with pytest.raises(ModelFileError):
        skspectral.load(stored)


def tampered(schema, how):
    """Change a schema so that its types stay harmless."""
    attributes = schema["content"]["content"]
    if how == "refers to itself":
        attributes["source"] = mapping(TEXT, "a") | {"__id__": schema["__id__"]}
    elif how == "array from nowhere":
        attributes["map_"]["content"]["content"]["offset"]["file"] = "../../etc/passwd"
    elif how == "attributes are text":
        schema["content"] = text("no attributes")
    elif how == "entry without content":
        attributes["source"] = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
    elif how == "no estimator":
        return schema | items(text("a"))
    elif how == "tensor of a type that is a function":
        arguments = items(attributes["map_"]["content"]["content"]["offset"], text("load"), text("tensor"), text(""))
        record = refers(
            "ConstructorFromReduceNode", "skspectral.deployment._torch_records.StoredTensor", content=arguments
        )
        attributes["source"] = record
    elif how == "generator that is a function":
        state = mapping(TEXT, "bit_generator")
        state["content"]["bit_generator"] = text("seed")
        generator = {"bit_generator": state, "seed_seq": state}
        attributes["source"] = refers("RandomGeneratorNode", "numpy.random._generator.Generator", content=generator)
    return None


@pytest.mark.parametrize(
    "how",
    [
        "refers to itself",
        "array from nowhere",
        "attributes are text",
        "entry without content",
        "no estimator",
        "tensor of a type that is a function",
        "generator that is a function",
    ],
)
def test_tampered_schema(how, stored):
    rewritten(stored, lambda schema: tampered(schema, how), "schema.json")
    with pytest.raises(ModelFileError, match=r"model\.skspectral"):
        skspectral.load(stored)


def test_endless_nesting(stored):
    with zipfile.ZipFile(stored) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["schema.json"] = b'{"protocol": 2, "content": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with zipfile.ZipFile(stored, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(ModelFileError):
        skspectral.load(stored)


def test_pickled_arrays_are_refused(stored):
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(stored) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(stored, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, buffer.getvalue() if name.endswith(".npy") else data)
    with pytest.raises(ModelFileError, match="allow_pickle"):
        skspectral.load(stored)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(stored):
    with zipfile.ZipFile(stored, "a") as archive:
        archive.writestr("schema.json", archive.read("schema.json"))
    with pytest.raises(ModelFileError, match="damaged"):
        skspectral.load(stored)


def test_trust_is_given_by_name(stored):
    with pytest.raises(TypeError, match="no trust in everything"):
        skspectral.load(stored, trusted=True)

    def put(schema):
        schema["content"]["content"]["source"] = refers("FunctionNode", "posix.getpid")

    rewritten(stored, put, "schema.json")
    with pytest.raises(UntrustedTypeError, match=r"trusted=\['posix\.getpid'\]"):
        skspectral.load(stored, trusted=["posix", "posix.*", SNV])
    assert skspectral.load(stored, trusted=["posix.getpid"]).source is os.getpid
    assert skspectral.load(stored, trusted="posix.getpid").source is os.getpid


# ---------------------------------------------------------------- the list of types


def listed(table):
    return [(module, name) for module, names in table.items() for name in names]


def resolve(module, name):
    __import__(module)
    return getattr(sys.modules[module], name)


def test_every_estimator_is_listed():
    missing = {(cls.__module__, name) for name, cls in all_estimators()} - set(listed(OWN_TYPES))
    assert not missing, "add the class to OWN_TYPES in _trusted_types.py, so that its models can be loaded"


@pytest.mark.parametrize(("module", "name"), listed(OWN_TYPES))
def test_listed_types_are_estimators_or_plain_records(module, name):
    cls = resolve(module, name)
    assert isinstance(cls, type)
    assert (cls.__module__, cls.__qualname__) == (module, name)
    own = {method for base in cls.__mro__ if base.__module__.startswith("skspectral") for method in vars(base)}
    # making an instance and setting its attributes is all that loading does
    assert not own & {"__new__", "__reduce__", "__reduce_ex__"}
    if not issubclass(cls, BaseEstimator):
        assert "__setstate__" not in own


@pytest.mark.parametrize(("module", "name"), listed(OTHER_TYPES) + listed(FUNCTIONS))
def test_other_names_exist(module, name):
    assert resolve(module, name).__module__ == module
