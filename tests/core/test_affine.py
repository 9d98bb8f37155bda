"""Coefficient vectors: exact where predictions are affine, refused where they are not."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

from skspectral import MeanShift, TransferredModel
from skspectral.datasets import make_instruments
from skspectral.exceptions import NonLinearCalibrationError


class CutOff(Ridge):
    """Predictions that end at a limit, as those of contents do at zero."""

    def __init__(self, low=-np.inf, high=np.inf):
        super().__init__(1e-10)
        self.low, self.high = low, high

    def predict(self, X):
        return np.clip(super().predict(X), self.low, self.high)


NON_AFFINE = {
    "tree": DecisionTreeRegressor(random_state=0),
    "stump": DecisionTreeRegressor(max_depth=1, random_state=0),
    "forest": RandomForestRegressor(5, random_state=0),
    "neighbours": KNeighborsRegressor(3),
    "support vectors": SVR(C=100.0),
    "cut off at zero": CutOff(low=0.0),
    "cut off above": CutOff(high=100.0),
}
# with the width of the kernel in units of the spectra
KERNELS = {
    "kernel ridge": lambda scale: KernelRidge(kernel="rbf", gamma=50.0 / scale**2, alpha=1e-3),
    "Gaussian process": lambda scale: GaussianProcessRegressor(
        RBF(0.5 * scale) + WhiteKernel(1e-3), optimizer=None, normalize_y=True
    ),
}


def fitted(calibration, scale=1.0):
    data = make_instruments(n_samples=30, n_channels=40, random_state=0)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    return MeanShift(calibration, source="A", target="B").fit(scale * data.X, data.y[:, 0], **labels), scale * data.X


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("kind", [*NON_AFFINE, *KERNELS])
def test_what_is_not_affine_is_refused(kind, scale):
    model, _ = fitted(NON_AFFINE[kind] if kind in NON_AFFINE else KERNELS[kind](scale), scale)
    with pytest.raises(NonLinearCalibrationError, match=r"[Tt]rees"):
        model.export_calibration()


def test_an_existing_calibration_that_is_not_affine_is_refused():
    data = make_instruments(n_samples=30, n_channels=40, random_state=0)
    on_a = data.instrument == "A"
    tree = DecisionTreeRegressor(random_state=0).fit(data.X[on_a], data.y[on_a, 0])
    model, _ = fitted(FrozenEstimator(tree))
    with pytest.raises(NonLinearCalibrationError):
        model.export_calibration()


@pytest.mark.parametrize("resampled", [False, True])
@pytest.mark.parametrize("kind", ["tree", "support vectors", "cut off at zero"])
def test_a_deployed_model_that_is_not_affine_has_no_coefficients(kind, resampled):
    data = make_instruments(n_samples=30, n_channels=40, random_state=0)
    axes = dict.fromkeys("AB", data.wavelengths)
    X = data.X
    if resampled:
        axes["B"] = data.wavelengths[::2]
        X = np.where((data.instrument == "B")[:, None], np.pad(X[:, ::2], ((0, 0), (0, 20))), X)
    model = TransferredModel.fit(
        X=X, y=data.y[:, 0], instrument=data.instrument, sample_id=data.sample_id, wavelengths=axes, source="A",
        target="B", method=MeanShift(NON_AFFINE[kind]), validate=False,
    )  # fmt: skip
    with pytest.raises(NonLinearCalibrationError, match="approximate=True"):
        model.coefficients()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_what_is_affine_is_exported_at_every_scale(scale):
    model, X = fitted(Ridge(1e-6 * scale**2), scale)
    coef, intercept = model.export_calibration()
    assert_allclose(X @ coef.T[:, 0] + intercept, model.predict(X), rtol=1e-6)
