"""The pretrained network beside the same network with random weights, on tasks that neither was trained on."""

import pandas as pd

from benchmarks.foundation.intervals import interval
from benchmarks.foundation.mixture import learn, to_cases
from benchmarks.foundation.mixture_tasks import SIMULATED

__all__ = ["COLUMNS", "PRETRAINED", "RANDOM", "compare", "twin_table"]

PRETRAINED, RANDOM = "pretrained", "random weights"
EXPERTS = ("network", "mixture")
COLUMNS = ["standards", "tasks", "groups", "properties", "expert", "weights", "log_rmse", "low", "high"]
#: Name of the rows that hold the difference of the two networks.
DIFFERENCE = f"{PRETRAINED} - {RANDOM}"


def compare(records):
    """Tabulate errors of both networks.

    The constants of the mixture are learned on one half of the materials and pairs of instruments for the other half,
    so that no mixture is judged where it was learned.

    Parameters
    ----------
    records : list of dict
        What `benchmarks.foundation.mixture.collect` wrote of both networks.

    Returns
    -------
    DataFrame
        With the columns of `COLUMNS`. ``log_rmse`` is the mean over materials or pairs ("groups") of the logarithm of
        the root mean squared error over the portfolio's, or the mean difference of the two networks in it; ``low`` and
        ``high`` are its 95 % interval over groups.
    """
    table = _errors(records)
    rows = []
    for (n, tasks), part in table.groupby(["standards", "tasks"], sort=True):
        by_group = part.groupby(["expert", "weights", "material"])["error"].mean()
        for expert in (name for name in EXPERTS if name in by_group):
            own = by_group[expert].unstack("weights").dropna()
            own[DIFFERENCE] = own[PRETRAINED] - own[RANDOM]
            for name in (PRETRAINED, RANDOM, DIFFERENCE):
                values = own[name].to_numpy()
                low, high = interval(values)
                count = int((part["expert"] == expert).sum() / 2)
                rows.append([n, tasks, len(values), count, expert, name, values.mean(), low, high])
    return pd.DataFrame(rows, columns=COLUMNS)


def twin_table(table):
    """Write what `compare` gave as a section of Markdown."""
    lines = [
        "\n## Pretrained or not\n",
        "The pretrained network beside the same network with random weights, on the same tasks: simulated instruments "
        "with materials that the pretraining left out, and real pairs of instruments. Logarithm of the root mean "
        "squared error over that of the portfolio (-0.10: 10 % smaller; squared errors below 1 % of the references' "
        "variance count alike), mean and 95 % interval over materials or pairs. Without standards, spectra of other "
        "samples are all that is known of the target. The last column is the difference of the two networks on the "
        "same tasks. Constants of the mixture come from the other half of the materials and pairs.\n",
        f"| standards | tasks | properties | expert | {PRETRAINED} | {RANDOM} | difference |",
        "|---|---|---|---|---|---|---|",
    ]
    for (n, tasks, expert), part in table.groupby(["standards", "tasks", "expert"], sort=False):
        cells = part.set_index("weights")
        figures = [
            "{:+.3f} ({:+.3f} to {:+.3f})".format(*cells.loc[name, ["log_rmse", "low", "high"]])
            if name in cells.index
            else ""
            for name in (PRETRAINED, RANDOM, DIFFERENCE)
        ]
        first = part.iloc[0]
        label = f"{tasks} ({first['groups']})"
        lines.append(f"| {n} | {label} | {first['properties']} | {expert} alone | {' | '.join(figures)} |")
    return "\n".join(lines).replace("mixture alone", "mixture") + "\n"


def _errors(records):
    """One row for every property of every task, expert and network: logarithm of the error over the portfolio's."""
    names = sorted({record["material"] for record in records})
    half = {name: number % 2 for number, name in enumerate(names)}
    pretrained = [record for record in records if record["network"] == PRETRAINED]
    constants = [learn([record for record in pretrained if half[record["material"]] != side]) for side in (0, 1)]
    tasks = {name: {_task(record) for record in records if record["network"] == name} for name in (PRETRAINED, RANDOM)}
    # the constants are learned from more tasks than both networks are tried on
    common = [record for record in records if _task(record) in tasks[PRETRAINED] & tasks[RANDOM]]
    rows = []
    for network in (PRETRAINED, RANDOM):
        for case in to_cases([record for record in common if record["network"] == network]):
            weights = {name: case.only(name) for name in EXPERTS if name in case.names}
            weights["mixture"] = case.weights(constants[half[case.material]])
            side = "simulated" if case.kind in SIMULATED else "real pairs"
            rows += [
                [case.standards, side, case.material, network, expert, case.log_ratio(weight)]
                for expert, weight in weights.items()
            ]
    return pd.DataFrame(rows, columns=["standards", "tasks", "material", "weights", "expert", "error"])


def _task(record):
    return record["kind"], record["setting"], record["standards"]
