"""Model files that hold arrays and settings instead of code: written by `save`, read by `load`."""

import io
import json
import sys
import warnings
import zipfile
from pathlib import Path

from sklearn.exceptions import InconsistentVersionWarning

from .._core.optional import import_optional
from .._core.versions import current_versions, warn_of_other_versions
from .._core.whole_files import write_whole
from ..exceptions import ModelFileError, UntrustedTypeError, VersionMismatchWarning
from ._torch_records import without_tensors
from ._trusted_types import retired_owners, untrusted_types, walk_nodes

__all__ = ["load", "save"]

# 1: a skops file with one more member, HEADER, that says which versions wrote it
FORMAT = 1
HEADER, SCHEMA = "skspectral.json", "schema.json"

# earlier ones have entries of other kinds, which no file of ours ever had
OLDEST_PROTOCOL = 2

# skops writes keys as text, and makes them again by calling their type
KEYS = {"builtins.str", "builtins.int", "builtins.float", "numpy.str_", "numpy.int64", "numpy.float64"}


def save(estimator, path):
    """Write a fitted estimator to a file that can be loaded without running code from it.

    The file holds settings, arrays and the versions it was made with; tensors and networks of this package are stored
    as arrays. A file that exists is replaced at once, when everything is written.

    Parameters
    ----------
    estimator : estimator
        Any estimator of skspectral or scikit-learn, alone, in a Pipeline or in a search; or a TransferredModel.
    path : path-like
        The file.

    Raises
    ------
    OptionalDependencyError
        If skops is not installed: ``pip install 'skspectral[io]'``.
    ModelFileError
        If something in the estimator cannot be stored without code, such as a lambda or a function defined inside
        another.
    TypeError
        If it is no estimator.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from skspectral import PDS, load, save
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> model = PDS(source="A", target="B")
    >>> model.fit(data.X, data.y, instrument=data.instrument, sample_id=data.sample_id)
    PDS(source='A', target='B')
    >>> path = tempfile.mkdtemp() + "/protein_b.skspectral"
    >>> save(model, path)
    >>> bool((load(path).predict(data.X) == model.predict(data.X)).all())
    True
    """
    skops = import_optional("skops.io", extra="io", feature="skspectral.save")
    if isinstance(estimator, type) or not _is_model(estimator):
        raise TypeError(f"save needs a fitted estimator, got {estimator!r}.")
    try:
        data = skops.dumps(without_tensors(estimator), compression=zipfile.ZIP_DEFLATED)
    except Exception as error:
        raise ModelFileError(f"{type(estimator).__name__} cannot be stored without code: {error}") from error
    content = io.BytesIO(data)
    with zipfile.ZipFile(content, "a") as archive:
        _check_storable(json.loads(archive.read(SCHEMA)), type(estimator).__name__)
        archive.writestr(HEADER, json.dumps({"format": FORMAT, "versions": current_versions()}))
    write_whole(path, content.getvalue())


def load(path, trusted=None):
    """Load an estimator from a file of :func:`save`, running no code from it.

    The types in the file are compared with a list before anything is made of them: estimators and records of
    skspectral, estimators of scikit-learn, arrays, numbers and text.

    Parameters
    ----------
    path : path-like
        The file.
    trusted : list of str or type, optional
        Further types that you know and vouch for, such as an estimator of your own.

    Returns
    -------
    estimator

    Raises
    ------
    UntrustedTypeError
        If the file holds other types; the message names them.
    ModelFileError
        If it is no file of :func:`save`, is damaged, was written in a later format, or holds an estimator that kept
        other things when it was stored.
    OptionalDependencyError
        If skops is not installed: ``pip install 'skspectral[io]'``.
    OSError
        If the file cannot be read.

    Warns
    -----
    VersionMismatchWarning
        If another minor version of skspectral or scikit-learn wrote it.
    """
    skops = import_optional("skops.io", extra="io", feature="skspectral.load")
    trusted = _names_of(trusted)
    path = Path(path)
    data = path.read_bytes()
    header, schema = _read(path, data)
    untrusted, found = untrusted_types(schema, trusted)
    former = retired_owners(untrusted)
    if former:
        raise ModelFileError(
            f"{path} holds {', '.join(former)} as an earlier version of skspectral stored it "
            f"({header['versions'].get('skspectral', 'unknown')}), which this version cannot use. Fit the model anew, "
            "and save it again."
        )
    if untrusted:
        raise UntrustedTypeError(
            f"{path} holds types that are not known to be harmless: {', '.join(untrusted)}. Making them could run "
            f"code. If you know what they are and where the file comes from, load it with trusted={untrusted}."
        )
    versions = header["versions"]
    warn_of_other_versions(versions, str(path), stacklevel=2)
    try:
        with warnings.catch_warnings():
            # said once for the file
            warnings.simplefilter("ignore", VersionMismatchWarning)
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            estimator = skops.loads(data, trusted=found)
    except ModelFileError as error:
        raise ModelFileError(f"{path} cannot be loaded. {error}") from error
    except Exception as error:
        raise ModelFileError(
            f"{path} cannot be loaded: {error!r}. It is damaged, or made for other versions ({versions})."
        ) from error
    if not _is_model(estimator):
        raise ModelFileError(f"{path} holds no estimator.")
    return estimator


def _is_model(thing):
    """Whether it is an estimator, or a deployed model around one."""
    return hasattr(thing, "get_params") or hasattr(thing, "records")


def _names_of(trusted):
    if trusted is None:
        return set()
    if isinstance(trusted, bool):
        raise TypeError("trusted must be a list of types or of their full names; there is no trust in everything.")
    if isinstance(trusted, (str, type)):
        trusted = [trusted]
    return {item if isinstance(item, str) else f"{item.__module__}.{item.__qualname__}" for item in trusted}


def _read(path, data):
    """Read header and schema, and refuse what is no file of `save`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if HEADER not in names or SCHEMA not in names:
                raise ModelFileError(f"{path} was not written by skspectral.save.")
            if len(names) != len(set(names)) or archive.testzip() is not None:
                raise ModelFileError(f"{path} is damaged: its parts do not agree with their checksums.")
            header, schema = json.loads(archive.read(HEADER)), json.loads(archive.read(SCHEMA))
    except ModelFileError:
        raise
    except zipfile.BadZipFile as error:
        raise ModelFileError(
            f"{path} is no model file, such as `skspectral transfer` and skspectral.save write, or was cut off: {error}"
        ) from error
    except Exception as error:
        raise ModelFileError(f"{path} is damaged: {error!r}") from error
    versions = header.get("versions") if isinstance(header, dict) else None
    if not isinstance(versions, dict) or not isinstance(header.get("format"), int) or not isinstance(schema, dict):
        raise ModelFileError(f"{path} is damaged: its header says neither format nor versions.")
    if header["format"] > FORMAT:
        raise ModelFileError(
            f"{path} has format {header['format']}, written by skspectral {versions.get('skspectral', '?')}; this "
            f"version reads formats up to {FORMAT}. Update skspectral."
        )
    protocol = schema.get("protocol")
    if not isinstance(protocol, int) or protocol < OLDEST_PROTOCOL:
        raise ModelFileError(f"{path} is damaged: its schema has the protocol {protocol!r}.")
    return header, schema


def _check_storable(schema, owner):
    """Raise where skops writes what it could not read again."""
    for kind, module, name, node in walk_nodes(schema):
        if kind != "JsonNode" and not hasattr(sys.modules.get(module), name):
            raise ModelFileError(
                f"{owner} cannot be stored: {name} of {module} is not defined at the top of a module, so that no file "
                "can refer to it."
            )
        if kind == "DictNode":
            keys = {f"{key['__module__']}.{key['__class__']}" for key in node["key_types"]["content"]} - KEYS
            if keys:
                raise ModelFileError(
                    f"{owner} cannot be stored: it holds a dictionary with keys of type {', '.join(sorted(keys))}. "
                    "Name instruments by text or numbers."
                )
