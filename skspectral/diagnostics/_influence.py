"""How much each standard alone decides."""

from dataclasses import dataclass

import numpy as np

from ..exceptions import TooFewStandardsError
from ._leave_out import StandardRows, as_columns

__all__ = ["StandardsInfluence", "influence_of_standards"]


@dataclass(frozen=True, eq=False)
class StandardsInfluence:
    """Changes of the predictions when one standard is left out.

    Attributes
    ----------
    sample_id : list
        The standards.
    change : ndarray of shape (n_standards, n_targets)
        Root mean square change of the predictions, in units of the property.
    shift : ndarray of shape (n_standards, n_targets)
        Mean change (with all standards minus without this one), in units of the property.
    target_names : list of str
        The properties.
    """

    sample_id: list
    change: np.ndarray
    shift: np.ndarray
    target_names: list

    @property
    def standardised(self):
        """Change divided by its root mean square over the standards, ndarray of shape (n_standards, n_targets).

        1 is typical; a standard that alone decides has the square root of the number of standards.
        """
        typical = np.sqrt(np.mean(self.change**2, axis=0))
        return np.divide(self.change, typical, out=np.zeros_like(self.change), where=typical > 0)

    def __str__(self):
        width = max(10, *(len(name) for name in self.target_names)) + 2
        first = max(9, *(len(str(label)) for label in self.sample_id)) + 1
        lines = ["standard".ljust(first) + "".join(name.rjust(width) for name in self.target_names)]
        for label, values in zip(self.sample_id, self.standardised):
            lines.append(str(label).ljust(first) + "".join(f"{value:.2f}".rjust(width) for value in values))
        return "\n".join([*lines, "change of the predictions without the standard; 1 is typical"])


def influence_of_standards(
    estimator, X, y, *, instrument, sample_id, X_reference=None, source=None, target=None, target_names=None
):
    """Leave out the standards one at a time and see how far the predictions move.

    The target rows of the standard are left out; its source rows stay in the calibration. Settings that the method
    chooses by itself are chosen anew each time, which is part of the influence. A standard that moves predictions much
    more than the others deserves a second measurement.

    Parameters
    ----------
    estimator : estimator
        A transfer method, or a Pipeline that ends in one.
    X : array-like of shape (n_spectra, n_channels)
        The training rows: source spectra and the target spectra of the standards.
    y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        References; NaN where there is none.
    instrument, sample_id : array-like of shape (n_spectra,)
        Labels of the rows.
    X_reference : array-like of shape (n_reference, n_channels), optional
        Target spectra whose predictions are watched; by default all target rows of ``X``.
    source, target : object, optional
        Labels of the two instruments; by default those of ``estimator``.
    target_names : sequence of str, optional
        Names of the properties.

    Returns
    -------
    StandardsInfluence
        :class:`~skspectral.plotting.StandardsInfluenceDisplay` draws it.

    Raises
    ------
    TooFewStandardsError
        If fewer than three samples have target rows, or the method cannot do with one less.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.diagnostics import influence_of_standards
    >>> from skspectral.transfer import MeanShift
    >>> data = make_instruments(n_samples=10)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> influence = influence_of_standards(MeanShift(source="A", target="B"), data.X, data.y, **labels)
    >>> influence.change.shape, bool((influence.standardised <= 10**0.5).all())
    ((10, 1), True)
    """
    data = StandardRows.read(estimator, X, y, instrument, sample_id, source, target)
    standards = data.rows.samples(data.rows.is_target)
    if len(standards) < 3:
        raise TooFewStandardsError(
            f"The influence of standards needs at least 3 samples with target rows, and found {len(standards)}."
        )
    if X_reference is None:

        def predict(model):
            return data.predict(model, data.rows.is_target)
    else:

        def predict(model):
            return as_columns(model.predict(X_reference))

    everything = data.rows.is_source | data.rows.is_target
    full = predict(data.fit(everything))
    n_targets = full.shape[1]
    names = [f"property {j}" for j in range(n_targets)] if target_names is None else [str(n) for n in target_names]
    if len(names) != n_targets:
        raise ValueError(f"target_names has {len(names)} names for {n_targets} properties.")
    moved = np.stack(
        [full - predict(data.fit(everything & ~data.target_rows_of([standard]))) for standard in standards]
    )
    ids = [data.rows.ids[standard] for standard in standards]
    return StandardsInfluence(ids, np.sqrt(np.mean(moved**2, axis=1)), moved.mean(axis=1), names)
