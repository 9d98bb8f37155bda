"""One fitted model of every estimator, for the tests of storing them."""

import json
import zipfile

import numpy as np

from skspectral import PDS
from skspectral.testing import all_transfer_estimators
from skspectral.testing._data import two_instruments
from tests.budgets import quick

__all__ = ["fit", "outcome", "rewritten"]

TRANSFER = dict(all_transfer_estimators())


def fit(name, cls, **sizes):
    """Fit an estimator on two small instruments; ``sizes`` go to ``two_instruments``."""
    data = two_instruments(**sizes)
    if name in TRANSFER:
        return quick(cls, source="A", target="B").fit(data.X, data.y, **data.labels)
    if name == "LinearCalibration":
        return cls(np.ones(data.X.shape[1]), 0.0)
    if name == "PerInstrument":
        return cls({"B": PDS(source="A", target="B")}).fit(data.X, data.y, **data.labels)
    return cls().fit(data.X, data.y)


def outcome(model):
    """What a model makes of new spectra."""
    X = two_instruments().X_test
    if type(model).__name__ == "SpectralDrift":
        # which looks at groups of many
        return model.check(np.vstack([X, X])).p_values["mean"]
    if hasattr(model, "check"):
        return model.check(X).q
    if type(model).__name__ == "PerInstrument":
        return model.predict(X, instrument="B")
    return model.predict(X) if hasattr(model, "predict") else model.transform(X)


def rewritten(path, change, member="skspectral.json"):
    """Change one JSON member of a model file; what ``change`` returns replaces it, None keeps the changed one."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    content = json.loads(members[member])
    changed = change(content)
    members[member] = json.dumps(content if changed is None else changed)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
