"""The families' mixtures on a collected task, as the portfolio makes them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from skspectral.transfer.portfolio._constants import FAMILIES, holds
from skspectral.transfer.portfolio._members import all_members
from skspectral.transfer.portfolio._mixture import alike, family_shares, member_weights
from skspectral.transfer.portfolio._target_expert import TargetExpert, evidence, gate

__all__ = ["Mixed", "members_by_family", "mix_families", "relative_error"]


@lru_cache(maxsize=4)
def _positions(names):
    family_of = {member.name: member.family for member in all_members()}
    families = np.array([family_of[name] for name in names])
    return {family: np.flatnonzero(families == family) for family in FAMILIES}


def members_by_family(task):
    """Positions of each family's members among those of a task, for the families that its standards allow."""
    n, p = task["n_standards"], task["n_channels"]
    return {f: own for f, own in _positions(task["members"]).items() if len(own) and holds(f, n, n, p)}


def relative_error(task, predicted):
    """Mean squared error on the test samples, relative to the variance of the references."""
    return float(((predicted - task["measured"]) ** 2).mean() / task["spread"])


@dataclass(frozen=True, eq=False)
class Mixed:
    """Mixtures of all families on one task.

    Attributes
    ----------
    task : dict
    predicted, residuals, spreads : dict of {family: ndarray}
        Prediction of the test samples, held-out residuals, and variance between members.
    gap, source_error : float
        Of the source's own models as they are.
    expected : dict of {family: float}
        Error on the source, with the disagreement of the pairs.
    """

    task: dict
    predicted: dict
    residuals: dict
    spreads: dict
    gap: float
    source_error: float
    expected: dict

    def error(self, family):
        """Relative mean square of the held-out residuals; NaN with fewer than three."""
        if self.task["n_standards"] < 3:
            return np.nan
        return float(np.nanmean(self.residuals[family] ** 2) / self.task["spread"])

    def shares(self, constants):
        """Shares of the families, without what two equal instruments add."""
        names = list(self.predicted)
        errors = np.array([[self.error(f) * self.task["spread"]] for f in names])
        n = np.array([self.task["n_standards"]])
        found = family_shares(
            names,
            errors,
            np.array([[self.expected[f]] for f in names]),
            n,
            n,
            np.ones((len(names), 1), bool),
            constants,
            np.array([self.task["spread"]]),
        )
        return dict(zip(names, found[:, 0]))

    def combined(self, constants):
        """Prediction without what two equal instruments add."""
        return sum(share * self.predicted[f] for f, share in self.shares(constants).items())

    def alike(self, constants):
        """Weight of the source's own models because the instruments are equal."""
        if "source" not in self.predicted:
            return 0.0
        found = alike(np.array([self.gap]), np.array([self.source_error]), self.task["n_pairs"], constants["alike"])
        return float(found[0])

    def _final_shares(self, constants):
        w = self.alike(constants)
        return {f: (1 - w) * share + w * (f == "source") for f, share in self.shares(constants).items()}

    def final(self, constants):
        """Prediction of the mixture."""
        return sum(share * self.predicted[f] for f, share in self._final_shares(constants).items())

    def held_out(self, constants):
        """Held-out residuals of the mixture."""
        return sum(share * self.residuals[f] for f, share in self._final_shares(constants).items())

    def expert_evidence(self, constants):
        """Three log ratios (3, 1) that are negative where the target's own expert should be heard."""
        task = self.task
        expert = TargetExpert(
            None,
            None,
            task["expert_held_out"][:, None],
            np.array([task["source_error"]]),
            np.array([task["easier_on_target"]]),
        )
        return evidence(self.held_out(constants)[:, None], expert, np.array([task["spread"]]))

    def expert_weight(self, constants):
        """Weight of the target's own expert beside the families."""
        opened = gate(self.expert_evidence(constants), self.task["n_standards"], **constants["gate"])[0]
        return (1.0 - self.alike(constants)) * opened

    def between(self, constants):
        """Variance between all members of the mixture."""
        mean = self.final(constants)
        shares = self._final_shares(constants)
        return sum(share * (self.spreads[f] + (self.predicted[f] - mean) ** 2) for f, share in shares.items())


def mix_families(task, log_prior, powers, families=FAMILIES):
    """Mix the members of every family that a task has.

    Parameters
    ----------
    task : dict
    log_prior : dict of {str: float} or None
        Of the ridges that are kept.
    powers : dict of {family: dict}
    families : sequence of str
        Those that are asked for.

    Returns
    -------
    Mixed
    """
    n = task["n_standards"]
    names = task["members"]
    spread = np.array([task["spread"]])
    predicted, residuals, spreads, expected = {}, {}, {}, {}
    gap = error = 0.0
    found = members_by_family(task)
    for family in families:
        if family not in found:
            continue
        own = found[family]
        prior = np.zeros(len(own))
        if family == "ridges":
            own = np.array([i for i in own if names[i] in log_prior])
            prior = np.array([log_prior[names[i]] for i in own])
        weights = member_weights(
            prior,
            task["errors"][own, None],
            (task["source_errors"] + task["gaps"])[own, None],
            np.array([n]),
            powers[family],
            spread,
        )[:, 0]
        if family == "source":
            gap, error = weights @ task["gaps"][own], weights @ task["source_errors"][own]
        expected[family] = float(weights @ (task["source_errors"] + task["gaps"])[own])
        predicted[family] = weights @ task["predicted"][own]
        residuals[family] = weights @ task["held_out"][own]
        spreads[family] = weights @ (task["predicted"][own] - predicted[family]) ** 2
    return Mixed(task, predicted, residuals, spreads, float(gap), float(error), expected)
