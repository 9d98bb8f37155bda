"""Tables and figures of the evaluation protocol, made of the results files alone."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.accuracy import archive, deep_baselines, readme, store, summary, tables


def made_up(rmsep, **columns):
    """Results of two cells and four repeats: ``rmsep`` maps (method, n) to a mean in each cell."""
    rows = []
    for (method, n), means in rmsep.items():
        for name, mean in zip(("moisture", "oil"), means):
            for repeat in range(4):
                value = mean + 0.001 * repeat
                rows.append(
                    {
                        **dict.fromkeys([*store.UNIT, *store.FIGURES], 0),
                        **{"dataset": "corn", "source": "m5", "target": "mp5", "selection": "random"},
                        **{"property": name, "method": method, "n_standards": n, "repeat": repeat, "rmsep": value},
                        **{"n_test": 20, "n_calibration": 60, "sse": 20 * value**2, "r2": 1 - value, "rpd": 1 / value},
                        **columns,
                    }
                )
    return pd.DataFrame(rows)


def test_summary_pools_squared_errors():
    table = made_up({("MeanShift", 10): (0.1, 0.2)})
    table["n_test"], table["sse"] = [20, 20, 20, 10] * 2, [4.0, 1.0, 1.0, 1.0] * 2
    row = summary.summarise(table).iloc[0]
    assert row["rmsep_pooled"] == pytest.approx(np.sqrt(7 / 70))
    assert row["rmsep"] == pytest.approx(0.1015) and row["n_repeats"] == 4
    assert row["rmsep_sd"] == pytest.approx(np.std([0, 0.001, 0.002, 0.003], ddof=1))


def test_tables_count_cells_and_print_thresholds_beside_the_ceiling(tmp_path):
    results = made_up(
        {
            ("SourceOnly", 0): (0.9, 0.9),
            ("MeanShift", 10): (0.03, 0.4),
            ("MeanShift", 50): (0.02, 0.3),
            ("Pooled", 10): (0.5, 0.35),
            ("Pooled", 50): (0.1, 0.25),
            ("native", "all"): (0.2, 0.02),
        }
    )
    results.to_csv(tmp_path / "corn.csv", index=False)
    text = tables.write_tables(tmp_path, "corn").read_text()
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    cells = {tuple(line[:2]): line for line in lines if len(line) == 10}
    assert cells["moisture", "**native**"][5] == "0.95 fail" and cells["oil", "**native**"][5] == "0.95 pass"
    assert cells["moisture", "MeanShift"][5] == "0.95 pass" and cells["moisture", "MeanShift"][8] == "pass"
    assert cells["oil", "MeanShift"][5] == "0.95 fail" and cells["oil", "MeanShift"][8] == "fail"
    assert cells["moisture", "MeanShift"][2] == "0.0315 ± 0.0013"
    assert list(cells).index(("moisture", "**native**")) < list(cells).index(("moisture", "MeanShift"))
    assert cells["moisture", "MeanShift"][6] == "pass" and cells["oil", "MeanShift"][6] == "fail"
    # at or below native: moisture only; N = 10 against N = 50
    assert ["MeanShift", "1", "1"] in lines and ["Pooled", "0", "1"] in lines
    at_fifty = [line for line in lines if len(line) == 3][-2:]
    assert at_fifty == [["MeanShift", "0", "1"], ["Pooled", "0", "0"]]
    written = pd.read_csv(tmp_path / "corn_summary.csv")
    assert len(written) == 12 and (tmp_path / "corn_tables.md").exists()


def test_packed_results_are_the_results(tmp_path):
    results = made_up({("MeanShift", 10): (0.03, 0.4), ("native", "all"): (0.2, 0.02)})
    results.to_csv(tmp_path / "corn.csv", index=False)
    plain = summary.read_results(tmp_path, "corn")
    written = archive.pack(tmp_path, "corn")
    assert [path.name for path in written] == [f"corn_{name}.csv.xz" for name in plain["selection"].unique()]
    (tmp_path / "corn.csv").unlink()
    pd.testing.assert_frame_equal(summary.read_results(tmp_path, "corn"), plain)


def test_the_readme_table_shows_the_ceiling_and_the_best(tmp_path):
    rows = []
    for dataset, source, target, name in readme.CELLS:
        for method, n, rmsep in (("MeanShift", "10", 0.2), ("PDS", "10", 0.1), ("native", "all", 0.05)):
            rows.append((dataset, source, target, name, "random", n, method, rmsep))
    columns = ["dataset", "source", "target", "property", "selection", "n_standards", "method", "rmsep"]
    for dataset, part in pd.DataFrame(rows, columns=columns).groupby("dataset"):
        part.to_csv(tmp_path / f"{dataset}_summary.csv", index=False)
    lines = readme.readme_table(tmp_path).splitlines()
    assert len(lines) == 2 + len(readme.CELLS)
    cells = dict(zip(lines[0].strip("| ").split(" | "), lines[2].split(" | ")[1:]))
    assert (cells["PDS"], cells["MeanShift"], cells["DS"], cells["native |"[:6]]) == ("**0.1**", "0.2", "n/a", "0.05 |")
    page = tmp_path / "README.md"
    page.write_text(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n")
    readme.write_readme(tmp_path, page)
    assert "old" not in page.read_text() and lines[3] in page.read_text() and page.read_text().endswith("after\n")


def test_differences_are_tested_only_where_the_test_set_is_drawn_anew(tmp_path):
    figures = {("MeanShift", 10): (0.03, 0.4), ("native", "all"): (0.2, 0.02)}
    made_up(figures).to_csv(tmp_path / "corn.csv", index=False)
    fixed = made_up(figures, dataset="tablets", source="inst1", target="inst2")
    fixed["property"] = fixed["property"].replace({"moisture": "weight", "oil": "assay"})
    fixed.to_csv(tmp_path / "tablets.csv", index=False)
    text = {name: tables.write_tables(tmp_path, name).read_text() for name in ("corn", "tablets")}
    # the differences are the same in all four repeats
    assert "| 0 |" in text["corn"] and "significantly below" in text["corn"]
    assert "share one test set" in text["tablets"] and "significantly below" not in text["tablets"]
    assert "0.96 pass" in text["tablets"] and "0.96 fail" in text["tablets"]


def test_corrected_t_test():
    # by hand: mean 2, variance 1, error sqrt(1/3 + 1/2), two degrees of freedom
    assert summary.corrected_t_test([1.0, 2.0, 3.0], 20, 40) == pytest.approx(
        2 * stats.t.sf(2 / np.sqrt(5 / 6), 2), rel=1e-12
    )
    values = np.random.default_rng(0).normal(0.5, 1, 12)
    assert summary.corrected_t_test(values, 0, 60) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-12)
    assert np.isnan(summary.corrected_t_test([1.0], 20, 60))
    assert summary.corrected_t_test([0.0, 0.0], 20, 60) == 1.0
    assert summary.corrected_t_test([1.0, 1.0], 20, 60) == 0.0


def test_methods_with_fewer_repeats_are_compared_on_the_splits_of_both(tmp_path):
    results = made_up({("MeanShift", 10): (0.3, 0.3), ("LoRACT", 10): (0.2, 0.2), ("native", "all"): (0.1, 0.1)})
    results["rmsep"] += 0.01 * (results["method"] == "LoRACT") * results["repeat"]
    late = results["repeat"] >= 2
    results = results[~(late & (results["method"] == "LoRACT"))]
    # bad for native, but LoRACT was not run there
    results.loc[late & (results["method"] == "native"), ["rmsep", "sse"]] = 5.0, 500.0
    results.to_csv(tmp_path / "corn.csv", index=False)
    text = tables.write_tables(tmp_path, "corn").read_text()
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert "| LoRACT (2 repeats) |" in text and "first of these repeats" in text
    assert ["LoRACT", "0"] in lines and ["MeanShift", "2"] in lines


def test_the_summary_does_not_depend_on_what_was_computed_first(tmp_path):
    results = made_up({("PDS", 10): (0.3, 0.3), ("MeanShift", 10): (0.3, 0.3), ("MeanShift", 5): (0.3, 0.3)})
    written = []
    for part in (results, results[::-1]):
        part.to_csv(tmp_path / "corn.csv", index=False)
        tables.write_tables(tmp_path, "corn")
        written.append(pd.read_csv(tmp_path / "corn_summary.csv"))
    pd.testing.assert_frame_equal(*written)
    assert list(written[0]["method"][::2]) == ["MeanShift", "MeanShift", "PDS"]
    assert list(written[0]["n_standards"][::2]) == [5, 10, 10]


def deep_results(folder, r2):
    """Files of both data sets with networks on two of four repeats; ``r2`` is that of the native network."""
    figures = {("AutoTransfer", 10): (0.1, 0.3), ("PDS", 10): (0.2, 0.2), ("native", "all"): (0.1, 0.1)}
    figures |= {(name, n): (0.2, 0.2) for name in ("CNNTransfer", "TransformerTransfer", "LoRACT") for n in (10, 50)}
    figures |= {("native-CNN", "all"): (1 - r2, 1 - r2)}
    for dataset, source, target in (("corn", "m5", "mp5"), ("tablets", "inst1", "inst2")):
        table = made_up(figures, dataset=dataset, source=source, target=target)
        table = table[(table["repeat"] < 2) | ~table["method"].isin([*deep_baselines.NETWORKS, "native-CNN"])]
        if dataset == "tablets":
            table["property"] = table["property"].replace({"moisture": "weight", "oil": "assay"})
        table.to_csv(folder / f"{dataset}.csv", index=False)


@pytest.mark.parametrize(("r2", "verdict"), [(0.85, "stands"), (0.5, "is VOID")])
def test_networks_are_compared_on_their_own_splits_unless_they_cannot_learn(tmp_path, r2, verdict):
    deep_results(tmp_path, r2)
    lines = deep_baselines.deep_section(tmp_path)
    assert f"the comparison {verdict}." in lines[0] and "the 2 random splits" in lines[0]
    # means of 1 - rmsep over repeats 0 and 1
    assert "| corn, 24 cells | LoRACT |  | 0.7995 |  |  |  | 0.7995 |" in lines
    assert "| tablets assay, 2 cells | PDS |  | 0.7995 |  |  |  |  |" in lines
    assert any(line.startswith("| corn, 24 cells | native, all samples | 0.8995 |") for line in lines)
    assert "| LoRACT | 1 | 2 |" in lines


def test_means_over_fewer_splits_are_left_out_of_the_others(tmp_path):
    deep_results(tmp_path, 0.9)
    every = summary.on_all_splits(summary.summarise(summary.read_results(tmp_path, "corn")))
    assert set(every["method"]) == {"AutoTransfer", "PDS", "native"}


def test_no_section_of_networks_without_networks(tmp_path):
    for dataset in ("corn", "tablets"):
        made_up({("PDS", 10): (0.2, 0.2)}).to_csv(tmp_path / f"{dataset}.csv", index=False)
    assert deep_baselines.deep_section(tmp_path) == []


@pytest.mark.slow
def test_figures_are_drawn_from_the_files(protocol_run, tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib import rcParams

    # reading "backend" would choose one
    names = [name for name in rcParams if name != "backend"]
    before = [rcParams[name] for name in names]
    assert protocol_run.run(tmp_path, methods=["SourceOnly", "MeanShift", "SBC", "native"]) == 0
    drawn = sorted(path.name for path in (tmp_path / "figures").iterdir())
    pair = [f"simulated_A-B_{name}.png" for name in ("curves", "predictions")]
    assert drawn == [*pair, "simulated_cells.png", "simulated_cells_ranks.png"]
    assert all((tmp_path / "figures" / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" for name in drawn)
    assert [rcParams[name] for name in names] == before
    for path in (tmp_path / "figures").iterdir():
        path.unlink()
    (tmp_path / "simulated_predictions.csv").unlink()
    content = (tmp_path / "simulated.csv").read_bytes()
    assert protocol_run.run(tmp_path, "--report-only") == 0
    # without the predictions
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [drawn[0], *drawn[2:]]
    assert (tmp_path / "simulated.csv").read_bytes() == content


def test_networks_have_a_heat_map_on_their_own_splits(tmp_path):
    pytest.importorskip("matplotlib")
    from benchmarks.accuracy.figures import write_figures

    deep_results(tmp_path, 0.9)
    names = {"moisture": "component_1", "oil": "component_2", "m5": "A", "mp5": "B"}
    pd.read_csv(tmp_path / "corn.csv").replace(names).to_csv(tmp_path / "simulated.csv", index=False)
    drawn = {path.name for path in write_figures(tmp_path, "simulated")}
    everywhere = {f"simulated_{name}{kind}.png" for name in ("cells", "networks") for kind in ("", "_ranks")}
    assert drawn == {"simulated_A-B_curves.png"} | everywhere


def test_tables_without_standards_and_of_pairs_that_share_no_range(tmp_path):
    shared = made_up(
        {
            ("SourceOnly", 0): (0.9, 0.9),
            ("MeanShift", "unlabelled"): (0.5, 0.5),
            ("AutoTransfer", "unlabelled"): (0.4, 0.6),
            ("SourceOnly", "unlabelled-other"): (0.7, 0.7),
            ("MeanShift", "unlabelled-other"): (0.6, 0.6),
            ("MeanShift", 10): (0.3, 0.4),
            ("native", "all"): (0.2, 0.1),
        },
        **{"dataset": "sugarcane", "source": "NIRscanNano", "target": "TellSpec"},
    )
    apart = made_up(
        {("TargetOnly-native", 10): (0.7, 0.7), ("native", "all"): (0.2, 0.3)},
        **{"dataset": "sugarcane", "source": "NIRONE22", "target": "TellSpec"},
    )
    names = {"moisture": "TS", "oil": "CP"}
    pd.concat([shared, apart]).replace(names).to_csv(tmp_path / "sugarcane.csv", index=False)
    text = tables.write_tables(tmp_path, "sugarcane").read_text()
    together, other = text.split("## random selection, no common range")
    assert "| MeanShift | 0.4985 | 0.4985 | 2 |" in together and "| AutoTransfer | 0.4985 | 0.4985 | 1 |" in together
    other_samples, same_samples = together.split("### N = 0: ")[1:3]
    assert "half of the calibration samples" in other_samples and "| SourceOnly | 0.2985 |" in other_samples
    assert "samples themselves" in same_samples and "| SourceOnly | 0.0985 |" in same_samples
    assert "| SourceOnly | 0.0985 |" in together and "| TargetOnly-native |" not in together
    assert "### NIRONE22 → TellSpec" in other and "| TargetOnly-native |" in other and "MeanShift" not in other
    # of the two cells of each section alone
    assert "native RMSEP, of 2" in together and "native RMSEP, of 2" in other
