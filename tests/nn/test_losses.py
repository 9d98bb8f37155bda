"""Every loss against an independent value."""

import numpy as np
import ot
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.linear_model import Ridge
from torch.distributions import Normal, kl_divergence

from skspectral.nn import VIBHead
from skspectral.nn.losses import (
    WEIGHTS,
    BYOLLoss,
    CrossCovarianceLoss,
    DenoiseLoss,
    EMATarget,
    InstrumentLoss,
    LossBalance,
    MSRPLoss,
    OTLoss,
    PhysicsLoss,
    VIBLoss,
)
from skspectral.nn.losses.transport import squared_distances


def normal(*shape, seed=0, **kwargs):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape), **kwargs)


class TestMSRP:
    def test_is_the_mean_squared_error_over_masked_channels(self):
        prediction, target = normal(3, 5, 4), normal(3, 5, 4, seed=1)
        mask = torch.tensor(np.random.default_rng(2).uniform(size=(3, 5)) < 0.5)
        valid = torch.ones(3, 5, 4, dtype=torch.bool)
        valid[:, -1, 2:] = False
        chosen = (mask[..., None] & valid).numpy()
        expected = np.mean((prediction.numpy() - target.numpy())[chosen] ** 2)
        assert MSRPLoss()(prediction, target, mask, valid).item() == pytest.approx(expected)

    def test_visible_patches_have_no_gradient(self):
        prediction = normal(1, 2, 4, requires_grad=True)
        MSRPLoss()(prediction, normal(1, 2, 4, seed=1), torch.tensor([[True, False]])).backward()
        assert (prediction.grad[0, 0] != 0).all()
        assert (prediction.grad[0, 1] == 0).all()

    def test_nothing_masked_costs_nothing(self):
        assert MSRPLoss()(normal(1, 2, 4), normal(1, 2, 4, seed=1), torch.zeros(1, 2, dtype=torch.bool)) == 0


class TestDenoise:
    @pytest.mark.parametrize("padded", [False, True])
    def test_is_the_mean_squared_error(self, padded):
        prediction, clean = normal(3, 10), normal(3, 10, seed=1)
        valid = torch.arange(10) < torch.tensor([[10], [4], [7]])
        difference = (prediction - clean).numpy()
        expected = np.mean(difference[valid.numpy()] ** 2) if padded else np.mean(difference**2)
        assert DenoiseLoss()(prediction, clean, valid if padded else None).item() == pytest.approx(expected)


class TestBYOL:
    def test_is_the_negative_cosine_of_prediction_and_other_view(self):
        criterion = BYOLLoss(6, 8).double()
        online, target = (normal(4, 6, seed=0), normal(4, 6, seed=1)), (normal(4, 6, seed=2), normal(4, 6, seed=3))
        cosines = []
        for mine, theirs in ((online[0], target[1]), (online[1], target[0])):
            p, t = criterion.predictor(mine).detach().numpy(), theirs.numpy()
            cosines.append(np.sum(p * t, 1) / np.linalg.norm(p, axis=1) / np.linalg.norm(t, axis=1))
        assert criterion(online, target).item() == pytest.approx(-np.mean(cosines), abs=1e-6)

    def test_target_has_no_gradient(self):
        online, target = normal(4, 6, requires_grad=True, dtype=torch.float32), normal(4, 6, requires_grad=True)
        BYOLLoss(6)((online, online), (target, target)).backward()
        assert online.grad is not None
        assert target.grad is None

    def test_moving_average_has_the_closed_form(self):
        online = torch.nn.Linear(3, 2).double()
        target = EMATarget(online, momentum=0.8)
        start = target.network.weight.clone()
        with torch.no_grad():
            online.weight.add_(1.0)
        for _ in range(5):
            target.update(online)
        torch.testing.assert_close(target.network.weight.detach(), start + 1 - 0.8**5)
        assert not target(torch.ones(1, 3, dtype=torch.float64)).requires_grad

    def test_bad_momentum_is_named(self):
        with pytest.raises(ValueError, match="momentum"):
            EMATarget(torch.nn.Linear(1, 1), 1.5)


def six_lines(a, b, M, reg=0.05, n_iter=100):
    """Sinkhorn without logarithms, as it is found in textbooks."""
    K = torch.exp(-M / reg)
    u = torch.ones_like(a)
    for _ in range(n_iter):
        v = b / (K.T @ u)
        u = a / (K @ v)
    return (u[:, None] * K * v[None] * M).sum()


class TestOT:
    def clouds(self, n=20, m=30):
        return normal(n, 5, requires_grad=True), normal(m, 5, seed=1) + 0.5

    def scaled_cost(self, x, y):
        cost = torch.cdist(x, y).square()
        return cost / cost.median()

    @pytest.mark.parametrize("reference", ["pot", "six lines"])
    @pytest.mark.parametrize("reg", [0.05, 0.5])
    def test_value_and_gradient(self, reference, reg):
        x, y = self.clouds()
        a, b = torch.full((20,), 1 / 20, dtype=torch.float64), torch.full((30,), 1 / 30, dtype=torch.float64)
        cost = self.scaled_cost(x, y)
        if reference == "pot":
            expected = ot.sinkhorn2(a, b, cost, reg, method="sinkhorn", numItermax=2000)
        else:
            expected = six_lines(a, b, cost, reg, 2000)
        value = OTLoss(reg, n_iter=2000)(x, y)
        torch.testing.assert_close(value, expected, rtol=1e-6, atol=0)
        gradients = [torch.autograd.grad(v, x, retain_graph=True)[0] for v in (value, expected)]
        torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-8)

    def test_gradient_equals_finite_differences(self):
        x, y = normal(4, 2, requires_grad=True), normal(5, 2, seed=1, requires_grad=True)
        assert torch.autograd.gradcheck(OTLoss(0.5, n_iter=1000), (x, y), atol=1e-4)

    def test_little_regularisation_is_the_exact_transport(self):
        x, y = self.clouds()
        cost = self.scaled_cost(x, y).detach().numpy()
        exact = ot.emd2(np.full(20, 1 / 20), np.full(30, 1 / 30), cost)
        assert OTLoss(0.002, n_iter=5000)(x, y).item() == pytest.approx(exact, rel=0.01)

    @pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
    def test_no_underflow_at_any_scale(self, scale, device):
        x, y = (cloud.detach().float().to(device) for cloud in self.clouds())
        x.requires_grad_()
        value = OTLoss()(scale * x, scale * y)
        value.backward()
        assert value.dtype == torch.float32
        assert torch.isfinite(x.grad).all()
        assert value.item() == pytest.approx(OTLoss()(x, y).item(), rel=1e-4)

    def test_far_outlier_does_not_hide_a_shift(self):
        x, y = self.clouds()
        outlier = torch.full((1, 5), 1e3, dtype=torch.float64)
        both = OTLoss()(torch.cat([x, outlier]), torch.cat([y, outlier]))
        assert both > 0.5 * OTLoss()(x, y)

    def test_float64_under_autocast(self, device):
        x, y = (cloud.detach().float().to(device) for cloud in self.clouds())
        with torch.autocast(device, dtype=torch.bfloat16):
            value = OTLoss()(x, y)
        assert torch.equal(value, OTLoss()(x, y))

    def test_debiased_is_zero_for_equal_clouds_and_symmetric(self):
        x, y = self.clouds()
        criterion = OTLoss(debiased=True)
        assert criterion(x, x.flip(0)).abs() < 1e-4
        assert criterion(x, y) > 0.1
        torch.testing.assert_close(criterion(x, y), criterion(y, x), rtol=1e-3, atol=1e-5)

    def test_identical_points(self):
        x = torch.ones(3, 2, requires_grad=True)
        value = OTLoss()(x, torch.ones(4, 2))
        value.backward()
        assert value == 0
        assert torch.isfinite(x.grad).all()

    def test_groups_are_compared_in_pairs(self):
        x = normal(9, 3)
        groups = torch.tensor([0, 0, 2, 2, 2, 7, 7, -1, -1])
        parts = x[:2], x[2:5], x[5:7]
        pairs = [OTLoss()(parts[i], parts[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
        torch.testing.assert_close(OTLoss().between_groups(x, groups), torch.stack(pairs).mean())
        assert OTLoss().between_groups(x, torch.full((9,), -1)) == 0

    def test_bad_regularisation_is_named(self):
        with pytest.raises(ValueError, match="reg must be positive"):
            OTLoss(0)


class TestPhysics:
    def test_smoothness_against_numpy(self):
        x = normal(3, 50)
        expected = np.mean(np.mean(np.diff(x.numpy(), n=2, axis=1) ** 2, 1) / (np.var(x.numpy(), axis=1) + 1e-8))
        assert PhysicsLoss(1, 0, 0)(x).item() == pytest.approx(expected)

    def test_negativity_in_absorbance(self):
        x = torch.tensor([[-2.0, 0.0, 2.0]])
        only = PhysicsLoss(0, 1, 0)
        assert only(x).item() == pytest.approx(4 / 3)
        assert only(x, location=torch.tensor([[1.0]]), scale=torch.tensor([[1.0]])).item() == pytest.approx(1 / 3)
        assert only(x, location=1.0, scale=0.5) == 0

    def test_peak_shape_against_numpy(self):
        x, y = normal(3, 50), normal(3, 50, seed=1)
        dx, dy = (np.diff(s.numpy(), axis=1) for s in (x, y))
        cosine = (dx * dy).sum(1) / np.linalg.norm(dx, axis=1) / np.linalg.norm(dy, axis=1)
        assert PhysicsLoss(0, 0, 1)(x, y).item() == pytest.approx(np.mean(1 - cosine))

    def test_peak_shape_sees_width_and_place_but_not_height(self):
        axis = torch.linspace(-5, 5, 200)

        def peak(centre, width, height=1.0):
            return height * torch.exp(-0.5 * ((axis - centre) / width) ** 2)[None]

        only = PhysicsLoss(0, 0, 1)
        assert only(peak(0, 1, 3.0) + 0.5, peak(0, 1)) < 1e-5
        assert only(peak(0, 2), peak(0, 1)) > 0.05
        assert only(peak(0.5, 1), peak(0, 1)) > 0.05

    def test_gradient_goes_to_the_prediction_alone(self):
        prediction, reference = normal(2, 30, requires_grad=True), normal(2, 30, seed=1, requires_grad=True)
        PhysicsLoss()(prediction, reference).backward()
        assert prediction.grad.abs().max() > 0
        assert reference.grad is None


class TestBottleneck:
    def test_vib_equals_pytorchs_divergence(self):
        codes = VIBHead(8, 3, 2).double()(normal(5, 8))
        q = Normal(codes.mean, (codes.log_variance / 2).exp())
        expected = kl_divergence(q, Normal(torch.zeros_like(codes.mean), torch.ones_like(codes.mean))).mean()
        torch.testing.assert_close(VIBLoss()(codes), expected)

    def test_instrument_loss_skips_the_unknown(self):
        logits, label = (normal(5, 3), normal(5, 3, seed=1)), torch.tensor([0, 2, -1, 1, -1])
        known = label >= 0
        expected = sum(-part.log_softmax(1)[known, label[known]].mean() for part in logits)
        torch.testing.assert_close(InstrumentLoss()(tuple(p.float() for p in logits), label), expected.float())
        assert InstrumentLoss()(logits, torch.full((5,), -1)) == 0

    def test_cross_covariance_is_the_r2_of_a_ridge_probe(self):
        code, label = normal(200, 6), torch.arange(200) % 3
        code[:, 0] += 0.5 * label
        one_hot = np.eye(3)[label]
        probe = Ridge(alpha=1e-9).fit(code.numpy(), one_hot)
        residual = one_hot - probe.predict(code.numpy())
        expected = 1 - np.sum(residual**2) / np.sum((one_hot - one_hot.mean(0)) ** 2)
        value = CrossCovarianceLoss(n_random=0, ridge=1e-12)(code, label).item()
        assert value == pytest.approx(expected, abs=1e-8)

    def test_cross_covariance_ignores_any_invertible_map_of_the_code(self):
        code, label = normal(100, 4), torch.arange(100) % 2
        code[:, 0] += label
        mixed = code @ (normal(4, 4, seed=3) * torch.tensor([1e-3, 1.0, 10.0, 1.0]))
        criterion = CrossCovarianceLoss(n_random=0, ridge=1e-14)
        assert criterion(mixed, label).item() == pytest.approx(criterion(code, label).item(), rel=1e-4)

    def test_random_cosines_see_what_linear_probes_do_not(self):
        radius = torch.where(torch.arange(400) % 2 == 0, 0.5, 1.5)
        code = torch.nn.functional.normalize(normal(400, 2), dim=1) * radius[:, None]
        label = (radius > 1).long()
        assert CrossCovarianceLoss(n_random=0)(code, label) < 0.05
        assert CrossCovarianceLoss()(code, label) > 0.5

    def test_cross_covariance_of_one_instrument_is_zero(self):
        code = normal(10, 3, requires_grad=True)
        value = CrossCovarianceLoss()(code, torch.tensor([1] * 8 + [-1] * 2))
        value.backward()
        assert value == 0

    def test_cross_covariance_has_a_finite_gradient_in_small_batches(self):
        code = normal(6, 30, requires_grad=True)
        CrossCovarianceLoss()(code, torch.arange(6) % 2).backward()
        assert torch.isfinite(code.grad).all()


class TestBalance:
    def test_weights_are_the_cards(self):
        card = {"msrp": 1, "contrastive": 0.3, "denoise": 0.2, "ot": 0.1, "physics": 0.1, "vib": 0.05, "moe": 0.01}
        assert {name: LossBalance().weights[name] for name in card} == card

    def test_total_and_report(self):
        terms = {name: torch.tensor(float(i), requires_grad=True) for i, name in enumerate(WEIGHTS, 1)}
        total, report = LossBalance({"ot": 2.0})(terms)
        weights = {**WEIGHTS, "ot": 2.0}
        assert total.item() == pytest.approx(sum(weights[name] * value.item() for name, value in terms.items()))
        assert {name: report[name].item() for name in terms} == {name: value.item() for name, value in terms.items()}
        total.backward()
        assert terms["ot"].grad == 2

    def test_weight_zero_silences_even_an_infinite_term(self):
        total, report = LossBalance({"ot": 0.0})({"msrp": torch.tensor(1.0), "ot": torch.tensor(float("inf"))})
        assert total == 1
        assert report["ot"] == float("inf")

    def test_bad_weights_and_terms_are_named(self):
        with pytest.raises(ValueError, match="negative: ot"):
            LossBalance({"ot": -1.0})
        with pytest.raises(ValueError, match="colour"):
            LossBalance()({"colour": torch.tensor(1.0)})
        with pytest.raises(ValueError, match="without a weight"):
            LossBalance()({})


def test_squared_distances_equal_scipys():
    x, y = normal(4, 3), normal(5, 3, seed=1)
    np.testing.assert_allclose(squared_distances(x, y).numpy(), cdist(x, y, "sqeuclidean"))
