"""Write the golden predictions: ``python -m tests.reference.make_golden``."""

import json
from pathlib import Path

from skspectral.datasets import make_instruments
from skspectral.testing import all_transfer_estimators
from tests.budgets import quick

PATH = Path(__file__).with_name("golden.json")


def golden_predictions():
    """Predictions of eight target spectra by every transfer estimator with its defaults and 12 standards.

    Networks have the small budgets of the common tests.
    """
    data = make_instruments(n_samples=44, n_channels=80, n_targets=2, noise=1e-3, random_state=11)
    on_source = data.instrument == "A"
    train = [*range(36), *(44 + i for i in range(0, 36, 3))]
    test = slice(44 + 36, 88)
    assert on_source[:44].all() and not on_source[44:].any()
    labels = {"instrument": data.instrument[train], "sample_id": data.sample_id[train]}
    predictions = {}
    for name, cls in all_transfer_estimators():
        model = quick(cls, source="A", target="B")
        if "wavelengths" in model.get_params():
            model.set_params(wavelengths=data.wavelengths)
        predictions[name] = model.fit(data.X[train], data.y[train], **labels).predict(data.X[test]).tolist()
    return predictions


if __name__ == "__main__":
    PATH.write_text(json.dumps(golden_predictions(), indent=1) + "\n")
    print(f"written: {PATH.name}")
