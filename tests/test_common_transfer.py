"""The contract's checks on every transfer estimator, in its main variants, with metadata routing off and on."""

import pytest
from sklearn import config_context
from sklearn.cross_decomposition import PLSRegression

from skspectral import DS, EPO, GLSW, PDS, SBC, SST, MeanShift, ModelUpdate, Pooled, diPLS
from skspectral.testing import CHECKS, all_transfer_estimators
from tests.budgets import quick

VARIANTS = [
    DS(prior="identity"),
    DS(prior="zero"),
    DS(method="pcr"),
    DS(PLSRegression(3), alpha=1e-3),
    PDS(method="pls", window=2, n_components=2),
    SBC(on="predictions"),
    SBC(correction="bias"),
    SBC(correction="slope_bias"),
    Pooled(centre=False),
    diPLS(form="signed", penalty=0.1),
    diPLS(penalty="heuristic", centring="target"),
    MeanShift(PLSRegression(3)),
    EPO(centre=False),
    EPO(PLSRegression(3), n_components=2),
    GLSW(centre=False),
    GLSW(PLSRegression(3), alpha=1e-3),
    SST(PLSRegression(3), n_components=2),
    ModelUpdate(weight=4),
    ModelUpdate(PLSRegression(3)),
]


def cases():
    """Every class with routing off and on, which is a matter of the class; its variants with routing off."""
    classes = [quick(cls) for _, cls in all_transfer_estimators()]
    found = [(estimator, routing) for estimator in classes for routing in (False, True)]
    found += [(estimator, False) for estimator in VARIANTS]
    return [pytest.param(e, r, id=f"{e!r}-routing-{'on' if r else 'off'}") for e, r in found]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("estimator", "routing"), cases())
def test_transfer_contract(estimator, check, routing):
    with config_context(enable_metadata_routing=routing):
        check(estimator)
