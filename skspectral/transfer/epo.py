"""External parameter orthogonalisation: the directions in which the instruments differ are removed from both."""

import numpy as np

from ._projection import ProjectionRegressor

__all__ = ["EPO"]

MOST_COMPONENTS = 8


class EPO(ProjectionRegressor):
    """External parameter orthogonalisation.

    The first right singular vectors ``V_k`` of the paired differences ``D = S - T`` span what the instruments disagree
    about. Source and target spectra are projected onto its complement with ``E = I - V_k V_k'``, and the calibration
    is fitted on the projected source spectra.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components. It is fitted anew, so an existing one
        cannot be used.
    n_components : int or "cv", default="cv"
        Number ``k`` of directions removed. With 0, which needs ``centre=True``, only the mean difference between the
        instruments is removed.
    centre : bool, default=True
        Subtract from each spectrum the mean of the pairs on its own instrument before projecting. The projection alone
        removes the mean difference only as far as it lies in the ``k`` directions. ``D`` itself is never centred: its
        mean is a direction in which the instruments are known to differ.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    n_components_ : int
        Chosen number of directions.
    axes_ : ndarray of shape (n_axes, n_channels)
        Right singular vectors of ``D`` in falling order; those with weight 1 are removed.
    weights_ : ndarray of shape (n_axes,)
        1 for the first ``n_components_`` axes, 0 for the others.
    estimator_ : fitted estimator
        The calibration on projected source spectra.
    transfer_rmse_ : ndarray of shape (n_targets,)
        Disagreement between the predictions of the two spectra of a pair that the projection has not seen, in units of
        ``y``. Only where something was chosen, and with 3 pairs or more.
    n_standards_, n_pairs_ : int
    source_, target_ : object

    Raises
    ------
    NoStandardsError
        Without a pair.
    ExistingCalibrationError
        If ``estimator`` is frozen.

    Notes
    -----
    No reference of a target spectrum is used.

    References
    ----------
    Roger, J.-M., Chauchard, F., Bellon-Maurel, V. (2003). EPO-PLS external parameter orthogonalisation of PLS:
    application to temperature-independent measurement of sugar content of intact fruits. Chemometrics and Intelligent
    Laboratory Systems 66, 191-204. https://doi.org/10.1016/S0169-7439(03)00051-0

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import EPO
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> EPO(n_components=2, source="A", target="B").fit(data.X, data.y, **labels).weights_[:3]
    array([1., 1., 0.])
    """

    def __init__(self, estimator=None, *, n_components="cv", centre=True, source=None, target=None):
        super().__init__(estimator, centre=centre, source=source, target=target)
        self.n_components = n_components

    def _candidates(self, n_pairs):
        least = 0 if self.centre else 1
        if self.n_components == "cv":
            most = max(least, min(n_pairs - 2, MOST_COMPONENTS))
            return [{"n_components": k} for k in range(least, most + 1)]
        if not isinstance(self.n_components, (int, np.integer)) or self.n_components < least:
            raise ValueError(
                f'n_components must be an integer of at least {least} (centre={self.centre}) or "cv", '
                f"got {self.n_components!r}."
            )
        return [{"n_components": int(self.n_components)}]

    def _differences(self, source, target):
        return source - target

    def _weights(self, energy, setting):
        return (np.arange(len(energy)) < setting["n_components"]).astype(np.float64)
