"""The models of the portfolio, and how they are fitted together."""

from dataclasses import dataclass, replace

import numpy as np

from ..._core.axis import usual_step
from ...calibration import PLSRegressionCV
from .._augmented import Solution, difference_weights
from .._operators import UNKNOWN_STEP
from ..difference_ridge import SMOOTHING_NM
from ._few import expected_loss, settle
from ._mixture import LEAST_FOR_EVIDENCE
from ._source_models import source_model
from ._views import View, Views

__all__ = ["FAMILIES", "Fitted", "Member", "all_members", "fit_members"]

PARTS = ("intercept", "held_out", "source_error", "gap")
PREPROCESSING = ("raw", "sg1", "sg1n", "sg2", "snvsg1")
# what each family is for: see all_members
FAMILIES = ("ridges", "few", "mapped", "fused", "source", "bias", "standardised", "pooled")
# weight of a difference that says nothing
NEGLIGIBLE = 1e-9
# half width in nm and penalty of the window maps
MAPS = ((20.0, 0.3), (20.0, 3.0), (60.0, 3.0))
# the same where the source's own models stand behind them, which do not learn what the map leaves
CLOSE_MAPS = ((6.0, 0.003), (20.0, 0.03), (20.0, 0.3))


@dataclass(frozen=True)
class Member:
    """One model of the portfolio.

    Attributes
    ----------
    kind : {"ridge", "weighted", "pls", "pls as it is", "source", "bias", "pooled"}
        Ridge with the given weights of difference and target rows; ridge with channel weights from the differences;
        source PLS with the mean error on the standards removed, and without; source ridge as it is, and with its mean
        error removed; ridge on the rows of both instruments without an offset between them.
    preprocessing : str
        A key of ``OPERATORS``, or "fused": several of them side by side.
    ridge, difference, target, deviation : float
        Settings of ``AugmentedRows.solve``; not used by PLS.
    shrinkage : float
        Share of the covariance of the differences that the weighted kind keeps as it is.
    half, penalty : float
        Half width in nm and penalty of the window map that comes before; 0 without one.
    family : str
        Members of one family are weighed against one another before families are.
    """

    kind: str
    preprocessing: str
    ridge: float = 0.0
    difference: float = 0.0
    target: float = 0.0
    deviation: float = 0.0
    shrinkage: float = 0.0
    half: float = 0.0
    penalty: float = 0.0
    family: str = "ridges"

    @property
    def name(self):
        """A readable key, stable over versions of the table."""
        numbers = [f"{key}={value:g}" for key, value in vars(self).items() if isinstance(value, float) and value]
        family = [] if self.family == "ridges" else [f"({self.family})"]
        return " ".join([*family, self.kind, self.preprocessing, *numbers])

    @property
    def view(self):
        """How spectra are changed before the regression."""
        return View(self.preprocessing, self.half, self.penalty)


def all_members():
    """List every model, family by family."""
    return [member for family in FAMILIES for member in family_members(family)]


def family_members(family, n_standards=0):
    """List the models of a family that a number of standards asks for.

    "ridges": settings of all sorts, with a learned prior; "few": what holds with a pair or two, and takes the mean of
    unlabelled spectra, on raw spectra and from PLS as long as no other family has them; "mapped": standards mapped to
    the source without themselves; "fused": one regression over several preprocessings; "source": the source's own
    models as they are; "bias": the same with their mean error removed; "standardised": the same behind a map from the
    target to the source; "pooled": both instruments as one.
    """
    if family == "ridges":
        return _ridges()
    if family == "few":
        early = n_standards < LEAST_FOR_EVIDENCE
        members = [
            Member("weighted", prep, g, target=1.0, shrinkage=0.4, family=family)
            for prep in ("sg1", "sg1n", "sg2", "snvsg1", *(["raw"] if early else []))
            for g in (1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1)
        ]
        return members + [Member("pls", prep, family=family) for prep in ("raw", "sg1", "snvsg1") if early]
    if family == "standardised":
        return [
            Member("source", prep, g, half=half, penalty=penalty, family=family)
            for half, penalty in CLOSE_MAPS
            for prep in ("raw", "sg1", "snvsg1")
            for g in (1e-5, 1e-4, 1e-3, 1e-2)
        ]
    if family == "mapped":
        return [
            Member("weighted", prep, g, target=1.0, shrinkage=0.4, half=half, penalty=penalty, family=family)
            for half, penalty in MAPS
            for prep in ("sg1", "sg1n", "sg2", "snvsg1")
            for g in (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
        ]
    if family == "fused":
        members = []
        for prep in ("fused", "snvsg1"):
            members += [Member("ridge", prep, g, 10.0, 1.0, family=family) for g in (1e-3, 3e-3, 1e-2, 3e-2)]
            members += [Member("ridge", prep, g, 10.0, 10.0, family=family) for g in (1e-2, 3e-2)]
            members += [
                Member("weighted", prep, g, target=1.0, shrinkage=0.4, family=family)
                for g in (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
            ]
            members += [Member("weighted", prep, g, target=10.0, shrinkage=0.4, family=family) for g in (1e-2, 1e-1)]
        return members
    if family in ("source", "bias"):
        members = [
            Member(family, prep, g, family=family)
            for prep in PREPROCESSING
            for g in (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
        ]
        kind = "pls as it is" if family == "source" else "pls"
        return members + [Member(kind, prep, family=family) for prep in ("raw", "sg1", "snvsg1")]
    return [
        Member("pooled", prep, g, target=mu, family="pooled")
        for prep in PREPROCESSING
        for g in (1e-5, 1e-4, 1e-3, 1e-2)
        for mu in (1.0, 10.0)
    ]


def _ridges():
    members = [
        Member("ridge", prep, g, lam, mu)
        for prep in PREPROCESSING
        for g in (1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2)
        for lam in (10.0, 100.0)
        for mu in (0.1, 1.0, 10.0, 100.0)
    ]
    members += [
        Member("ridge", prep, g, 10.0, mu, rho)
        for prep in PREPROCESSING
        for g in (1e-3, 1e-2)
        for mu in (1.0, 10.0, 100.0)
        for rho in (0.1, 1.0)
    ]
    return members + [
        Member("weighted", prep, g, target=mu, shrinkage=share)
        for prep in PREPROCESSING
        for g in (1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2)
        for mu in (1.0, 10.0)
        for share in (0.4, 0.8)
    ]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Fitted members, in the order they were asked for.

    Attributes
    ----------
    views : dict of {str: callable}
        By the name of the view: model files know no other keys than text.
    coefs : list of ndarray of shape (n_targets, n_channels)
        For spectra as the member's view shows them.
    intercepts : ndarray of shape (n_members, n_targets)
    held_out : ndarray of shape (n_members, n_standards, n_targets)
        Leave-one-standard-out residuals, reference minus prediction.
    source_error : ndarray of shape (n_members, n_targets)
        Mean squared cross-validation error of the source samples.
    gap : ndarray of shape (n_members, n_targets)
        Mean squared disagreement of the pairs for the source's own models, what the target is expected to add for
        those of "few" and "bias", what a map changes predictions by beyond what references vary; 0 for all others.
    """

    members: list
    views: dict
    coefs: list
    intercepts: np.ndarray
    held_out: np.ndarray
    source_error: np.ndarray
    gap: np.ndarray

    def take(self, indices):
        """Keep some members, and the views they need."""
        members = [self.members[i] for i in indices]
        return Fitted(
            members,
            {name: self.views[name] for name in dict.fromkeys(member.view.name for member in members)},
            [self.coefs[i] for i in indices],
            self.intercepts[indices],
            self.held_out[indices],
            self.source_error[indices],
            self.gap[indices],
        )

    def predict(self, X):
        """Predict target spectra (n, n_channels) by every member: (n_members, n, n_targets)."""
        predicted = np.empty((len(self.members), len(X), self.intercepts.shape[1]))
        for name, show in self.views.items():
            shown = show(X)
            own = [i for i, member in enumerate(self.members) if member.view.name == name]
            coefs = np.concatenate([self.coefs[i] for i in own])
            predicted[own] = (shown @ coefs.T).reshape(len(X), len(own), -1).transpose(1, 0, 2)
        return predicted + self.intercepts[:, None, :]


def fit_members(rows, axis, members, unlabelled=None, known=()):
    """Fit members on sorted rows.

    Parameters
    ----------
    rows : TransferRows
    axis : ndarray of shape (n_channels,)
        Wavelengths in nm.
    members : list of Member
    unlabelled : ndarray of shape (n_samples, n_channels), optional
        Target spectra without pair and reference, of the source's population; for the family "few".
    known : sequence of (X, y, codes)
        Samples of further instruments, as ``other_samples`` gives them.

    Returns
    -------
    Fitted
    """
    views = Views(rows, axis, known)
    step = usual_step(axis) if len(axis) > 1 else UNKNOWN_STEP
    width = max(1, round(SMOOTHING_NM / step))
    shown, calibrations, solutions = {}, {}, []

    def seen(view):
        if view not in shown:
            show = views.show(view)
            spectra = rows.source_samples[0]
            shown[view] = (show(spectra), None if unlabelled is None else show(unlabelled))
        return shown[view]

    for member in members:
        view, system = member.view, views.system(member.view)
        if member.kind.startswith("pls"):
            if view not in calibrations:
                calibrations[view] = _fit_pls(rows, views.show(view))
            solution = _pls_on_target(calibrations[view], system, member.kind == "pls")
        elif member.kind in ("source", "bias"):
            solution = source_model(system, member.ridge, member.kind == "bias")
        elif member.kind == "weighted":
            weights, difference = difference_weights(system, member.ridge, member.shrinkage, width)
            solution = system.solve(1.0, difference, member.target, channel_weights=weights)
        elif member.kind == "pooled":
            solution = system.solve(member.ridge, NEGLIGIBLE, member.target, offset=False)
        else:
            solution = system.solve(member.ridge, member.difference, member.target, deviation=member.deviation)
        if member.family == "few" and (system.n_standards < LEAST_FOR_EVIDENCE or unlabelled is not None):
            solution = settle(system, solution, *seen(view))
        elif member.family in ("few", "bias"):
            spectra = () if unlabelled is None else seen(view)
            solution = replace(solution, gap=expected_loss(system, solution, *spectra))
        if member.half:
            changed = views.changed_by_map(view, seen(View(member.preprocessing))[0])
            changed = ((changed @ solution.coef.T) ** 2).mean(axis=0)
            solution = replace(solution, gap=solution.gap + np.maximum(changed - system.y_scale**2, 0.0))
        solutions.append(solution)
    return Fitted(
        list(members),
        {view.name: views.show(view) for view in dict.fromkeys(member.view for member in members)},
        [solution.coef for solution in solutions],
        *(
            np.stack(
                [
                    np.broadcast_to(getattr(s, part), s.coef.shape[:1]) if part == "gap" else getattr(s, part)
                    for s in solutions
                ]
            )
            for part in PARTS
        ),
    )


def _fit_pls(rows, show):
    on_source = ~rows.is_target & rows.has_reference
    ids = None if rows.sample_id is None else rows.sample_id[on_source]
    return PLSRegressionCV().fit(show(rows.X[on_source]), rows.y[on_source], sample_id=ids)


def _pls_on_target(model, system, bias):
    """Source PLS as it is, or with its mean error on the standards removed."""
    standards = system.Z[system.kinds == 2] * system.scale + system.mean
    y = system.r[system.kinds == 2] * system.y_scale + system.y_mean
    residuals = y - standards @ model.coef_.T - model.intercept_
    gap = system.differences * system.scale @ model.coef_.T
    error = model.rmsecv_**2
    if not bias:
        return Solution(model.coef_, model.intercept_, residuals, error, (gap**2).sum(axis=0) / max(len(gap), 1))
    counts = np.isfinite(residuals).sum(axis=0)
    shift = np.nansum(residuals, axis=0) / np.maximum(counts, 1)
    if len(gap):
        shift = np.where(counts > 0, shift, -gap.mean(axis=0))
        gap = gap - gap.mean(axis=0)
    # one error alone leaves no other to take a mean of
    stretch = np.divide(counts, counts - 1, out=np.full(counts.shape, np.nan), where=counts > 1)
    return Solution(
        model.coef_,
        model.intercept_ + shift,
        (residuals - shift) * stretch,
        error,
        (gap**2).sum(axis=0) / max(len(gap) - 1, 1),
    )
