"""The report: every number in it stands in the CSV files, nothing breaks out of it, and it can be read."""

import csv
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from skspectral.comparison import Comparison, summary_table, write_report
from skspectral.exceptions import OptionalDependencyError
from skspectral.metrics import sep

ERRORS = {"SourceOnly": 1.0, "PDS": 0.3, "SBC": 0.5, "native": 0.2}


def predictions(properties=("protein", "fat"), extras=False, n=12):
    rng = np.random.default_rng(0)
    rows = []
    for method, size in ERRORS.items():
        for repeat in range(3):
            for j, name in enumerate(properties):
                for i in range(n):
                    measured = 10.0 * (j + 1) + i
                    predicted = measured + size * rng.standard_normal()
                    # one sample that is wrong for every method
                    predicted += 6 * size if (i, j) == (5, 0) else 0.0
                    row = {"method": method, "repeat": repeat, "property": name, "sample_id": f"S<{i}>"}
                    row |= {"measured": measured, "predicted": predicted, "fit_seconds": 0.1}
                    if extras:
                        row |= {"lower": predicted - 2 * size, "upper": predicted + 2 * size}
                        row |= {"flag": "warning" if i == 2 else "", "reason": "too <far>" if i == 2 else ""}
                    rows.append(row)
    return Comparison(rows, {"CCA": "CCA <needs> 3"})


class Page(HTMLParser):
    """Rows of cells by table, list items, and the tags that are open."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.items, self.open, self.text = [], 0, [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "br", "wbr"):
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        self.items += tag == "li"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if self.open and {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data


def write(tmp_path, comparison, **more):
    options = {"title": "From A to B", "notes": ["Data: a <b> & c."], "best": "PDS"} | more
    files = write_report(tmp_path / "report.html", comparison, **options)
    return Page(files[0].read_text(encoding="utf-8")), [list(csv.DictReader(file.open())) for file in files[1:]]


def number(text):
    return float(text.split("±")[0].replace("\N{MINUS SIGN}", "-"))


def test_the_numbers_of_the_page_are_those_of_the_files(tmp_path):
    comparison = predictions()
    page, (methods, samples) = write(tmp_path, comparison)
    assert page.open == []
    short, protein, fat, listed, limits = page.tables
    assert short[0] == ["Property", "No transfer", "PDS", "Own calibration"]
    for table, name in ((protein, "protein"), (fat, "fat")):
        of = [row for row in methods if row["property"] == name]
        assert [row[0] for row in table[1:]] == [row["method"] for row in of] == ["native", "PDS", "SBC", "SourceOnly"]
        for shown, row in zip(table[1:], of):
            for text, key in zip(shown[1:], ("rmsep", "bias", "sep", "r2")):
                assert number(text) == pytest.approx(float(row[key]), rel=0.005, abs=6e-4)
    assert len(samples) == 24
    assert [row[0] for row in listed[1:]] == ["S<5>"]
    worst = next(row for row in samples if (row["sample"], row["property"]) == ("S<5>", "protein"))
    assert number(listed[1][-1]) == pytest.approx(float(worst["ratio"]), abs=0.06) and float(worst["ratio"]) > 2.5
    measured, predicted = comparison.of("PDS", "protein")
    assert number(limits[1][1]) == pytest.approx(sep(measured, predicted), rel=0.01)
    assert number(limits[1][2].removeprefix("± ")) == pytest.approx(3 * sep(measured, predicted), rel=0.01)
    assert page.items == 5 and "CCA <needs> 3" in "".join(page.text)


def test_intervals_and_flags_where_there_are_some(tmp_path):
    page, (_, samples) = write(tmp_path, predictions(extras=True))
    listed = page.tables[-2]
    names = [row[0] for row in listed]
    assert {"S<2>", "S<5>"} <= set(names)
    at = names.index("S<2>")
    shown = next(row for row in samples if (row["sample"], row["property"]) == ("S<2>", listed[at][1]))
    assert listed[at][3].endswith(f"{float(shown['lower']):.4g} to {float(shown['upper']):.4g}")
    assert listed[at + 1] == ["warning: too <far>"]
    inside = np.mean([float(row["lower"]) <= float(row["measured"]) <= float(row["upper"]) for row in samples])
    assert f"{inside:.0%} of 24 references lie inside" in "".join(page.text)


def test_the_best_method_is_first_and_marked(tmp_path):
    comparison = predictions()
    assert comparison.ranking() == ["native", "PDS", "SBC", "SourceOnly"] and comparison.best() == "PDS"
    write(tmp_path, comparison)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'<tr class="best"><td>(\w+)', text) == ["PDS", "PDS"]
    assert text.count("data:image/png;base64,") == 3 and 'name="viewport"' in text and "@media print" in text
    assert [row[0] for row in summary_table(comparison)[1]] == comparison.ranking()


def test_a_sentence_where_nothing_is_far_off(tmp_path):
    rows = [row for row in predictions().predictions if row["sample_id"] != "S<5>"]
    page, _ = write(tmp_path, Comparison(rows))
    assert "None of 22 held-out values" in "".join(page.text)


def test_without_matplotlib_no_result_is_lost(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    page, (methods, _) = write(tmp_path, predictions())
    assert len(methods) == 8 and len(page.tables) == 5
    assert "There are none: Plotting needs matplotlib" in "".join(page.text)


def test_without_jinja_the_numbers_are_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(OptionalDependencyError, match="The report needs jinja2"):
        write(tmp_path, predictions())
    assert (tmp_path / "report-methods.csv").exists() and (tmp_path / "report-samples.csv").exists()


def test_one_held_out_spectrum(tmp_path):
    row = {"method": "PDS", "repeat": 0, "property": "fat", "measured": 1.0, "predicted": 1.5, "fit_seconds": 0.1}
    page, (methods, _) = write(tmp_path, Comparison([row]))
    assert methods[0]["sep"] == "nan" and page.tables[1][1][:2] == ["PDS", "0.500"]
