"""
Transfer a calibration that already exists
==========================================

The commonest case in a laboratory: there is a calibration on the old instrument, as a fitted model or as a bare vector
of coefficients, and its training data are gone. Ten samples measured on both instruments are enough, and they need no
reference values.
"""

# %%
import tempfile
from pathlib import Path

import joblib
import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.frozen import FrozenEstimator

from skspectral import PDS, LinearCalibration
from skspectral.datasets import make_instruments
from skspectral.metrics import rmsep
from skspectral.model_selection import select_standards
from skspectral.plotting import PredictedMeasuredDisplay

data = make_instruments(n_samples=80, n_components=8, noise=1e-3, random_state=0)
y = data.y[:, 0]
on_a, on_b = data.instrument == "A", data.instrument == "B"

# %%
# Somebody calibrated instrument A long ago. All that is left is the fitted model.

calibration = PLSRegression(8, scale=False).fit(data.X[on_a][:50], y[on_a][:50])

# %%
# Ten samples on both instruments
# -------------------------------
# The 30 further samples are at hand. Ten of them, spread over the spectra that A sees, are measured on B as well.

at_hand = np.arange(50, 80)
standards = at_hand[select_standards(data.X[on_a][at_hand], 10, method="kennard-stone")]
pairs = np.isin(data.sample_id, data.sample_id[standards])
X, labels = (
    data.X[pairs],
    {"instrument": data.instrument[pairs], "sample_id": data.sample_id[pairs]},
)
no_references = np.full(len(X), np.nan)

# %%
# ``FrozenEstimator`` says that the calibration is used as it is. ``fit`` learns the map between the instruments, and
# nothing else.

model = PDS(FrozenEstimator(calibration), source="A", target="B").fit(X, no_references, **labels)
print(f"{model.n_pairs_} pairs, window {model.window_}, {model.n_components_} local components")

# %%
# The other 20 samples, on B, tell what was gained:

test = np.setdiff1d(at_hand, standards)
X_test, y_test = data.X[on_b][test], y[on_b][test]
print(f"as it is:    RMSEP {rmsep(y_test, calibration.predict(X_test)):.3f} %")
print(f"transferred: RMSEP {rmsep(y_test, model.predict(X_test)):.3f} %")

display = PredictedMeasuredDisplay.from_predictions(
    y_test,
    {"as it is": calibration.predict(X_test), "transferred": model.predict(X_test)},
    target_name="component 1",
    unit="%",
)

# %%
# Without the test samples there would still be a warning sign: how far the predictions of held-out standards disagree
# between the two instruments, in units of the property.

print(f"leave-one-pair-out disagreement: {model.transfer_rmse_[0]:.3f} %")

# %%
# Only the coefficients are known
# -------------------------------
# Instrument software often shows ``b`` and ``b0`` of :math:`y = x b + b_0`, and takes them back. ``LinearCalibration``
# holds them; :meth:`~skspectral.PDS.export_calibration` folds the map into coefficients for spectra of B.

b, b0 = calibration.coef_[0], float(calibration.predict(np.zeros((1, data.X.shape[1])))[0])
from_vector = PDS(LinearCalibration(b, b0), source="A", target="B").fit(X, no_references, **labels)
print("same predictions:", np.allclose(from_vector.predict(X_test), model.predict(X_test)))

coef, intercept = from_vector.export_calibration()
print(
    "as coefficients: ",
    np.allclose(X_test @ coef.T + intercept, from_vector.predict(X_test)[:, None]),
)

# %%
# The map itself, :math:`x F + a`, serves software that standardises spectra and keeps its own models:

F, a = from_vector.export_map()
print(F.shape, a.shape, np.allclose(X_test @ F + a, from_vector.transform(X_test)))

# %%
# Files
# -----
# A fitted method is an ordinary scikit-learn object.

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "model.joblib")
    joblib.dump(model, path)
    print("reloaded:", np.array_equal(joblib.load(path).predict(X_test), model.predict(X_test)))
