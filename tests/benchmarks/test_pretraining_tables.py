"""What the pages make of the probes' records."""

import pytest

from benchmarks.pretraining import frozen, probes_summary, report
from benchmarks.pretraining.bootstrap import median_interval
from benchmarks.pretraining.networks import PRETRAINED


def record(probe, name, results, unseen=True):
    return {"probe": probe, "name": name, "weights": "x", "source": "small", "unseen": unseen, "results": results}


def test_ratios_are_medians_of_data_sets_and_random_networks_count_together():
    errors = {"tecator_meat_nir": (1.0, 2.0, 8.0), "beer_nir": (1.0, 1.0, 4.0), "cassava_nir": (3.0, 1.0, 1.0)}
    records = [
        record(
            "reconstruction",
            name,
            [{"method": m, "rmse": e} for m, e in zip((PRETRAINED, "random 0", "random 1"), values)],
        )
        for name, values in errors.items()
    ]
    rows = {row["method"]: row for row in probes_summary.summarise(records)["reconstruction"]}
    assert set(rows) == {PRETRAINED, "random"}
    assert rows["random"]["rmse"][0] == pytest.approx(2.0)
    assert rows["random"]["ratio"][0] == pytest.approx(0.5)
    assert rows["random"]["ratio"][1:] == pytest.approx([0.25, 3.0])


def test_calibrations_are_compared_property_by_property():
    def rows(name, factor):
        return [
            {"property": p, "network": n, "method": m, "rmsecv": base * value, "sd": 1.0, "spectra": 9}
            for p, base in (("fat", 1.0), ("water", 10.0))
            for n, m, value in (
                ("", frozen.PLS, 1.0),
                ("", frozen.BEST_PLS, 0.8),
                (PRETRAINED, frozen.ALL, factor),
                ("random 0", frozen.ALL, 2 * factor),
            )
        ]

    records = [record("features", "beer_nir", rows("a", 0.9)), record("features", "flour", rows("b", 0.5), False)]
    found = {
        (row["network"], row["method"], row["unseen"]): row for row in probes_summary.summarise(records)["features"]
    }
    unseen, seen = found[PRETRAINED, frozen.ALL, True], found[PRETRAINED, frozen.ALL, False]
    assert unseen["to_pls"] == pytest.approx([0.9] * 3) and seen["to_pls"] == pytest.approx([0.5] * 3)
    assert unseen["to_best_pls"][0] == pytest.approx(0.9 / 0.8) and unseen["to_random"][0] == pytest.approx(0.5)
    assert unseen["data_sets"] == 1
    lines = report._features(list(found.values()))
    assert any(line.startswith("- met: 0.900") for line in lines)
    assert any(line.startswith("- missed: 1.800") for line in lines)


def test_files_of_the_same_samples_are_drawn_together():
    values, kinds = [0.0] * 9 + [1.0, 2.0], ["drugs"] * 9 + ["beer", "meat"]
    together, apart = median_interval(values, kinds), median_interval(values, [str(k) for k in range(11)])
    assert together[0] == apart[0] == 0.0
    assert together[2] > apart[2]


def test_the_page_says_when_weights_saw_what_they_are_judged_on(tmp_path):
    records = [record("reconstruction", "beer_nir", [{"method": PRETRAINED, "rmse": 1.0}], unseen=False)]
    probes_summary.write(records, tmp_path)
    report.write_readme(tmp_path)
    assert report.NOT_UNSEEN in (tmp_path / "README.md").read_text()
