"""Thousands of odd inputs for all estimators: ``python -m tests.fuzzing 8000 log.jsonl`` goes on where it was."""

import json
import random
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.base import clone

from skspectral import PLSRegressionCV
from skspectral.testing import all_transfer_estimators
from tests.budgets import quick
from tests.fuzzing import HARMLESS, ODD, apply, base_case, judge

ESTIMATORS = {name: quick(cls) for name, cls in all_transfer_estimators()} | {"PLSRegressionCV": PLSRegressionCV()}


def drawn(number):
    """Estimator and changes of a case: one that changes nothing, or one or two that are odd."""
    rng = random.Random(number)
    name, odd = rng.choice(sorted(ESTIMATORS)), rng.choices(sorted(ODD), k=2)
    kinds = [[rng.choice(sorted(HARMLESS))], odd[:1], odd, [odd[0], rng.choice(sorted(HARMLESS))]]
    return name, rng.choices(kinds, weights=[25, 35, 25, 15])[0]


def predictions(name):
    """What the estimator predicts where nothing was changed."""
    case, model = base_case(), clone(ESTIMATORS[name])
    if name == "PLSRegressionCV":
        return np.asarray(model.fit(case.X, case.y).predict(case.X_test))
    model.set_params(**case.roles).fit(case.X, case.y, instrument=case.instrument, sample_id=case.sample_id)
    return np.asarray(model.predict(case.X_test))


def tried(number, expected):
    """Try a case: "right", "error", "skipped", or what is wrong with it."""
    name, changes = drawn(number)
    case = apply(changes, number)
    # an ordinary calibration takes nothing from twins
    if case is None or (name == "PLSRegressionCV" and "references of twins" in changes):
        return "skipped"
    harmless = all(change in HARMLESS for change in changes)
    if harmless and name not in expected:
        expected[name] = predictions(name)
    try:
        return judge(clone(ESTIMATORS[name]), case, expected=expected[name] if harmless else None)
    except AssertionError as error:
        return f"{name} after {', '.join(changes)}: {error}"


def main(n, path):
    """Try the cases that the log does not have, and print a tally."""
    path = Path(path)
    done = dict(json.loads(line) for line in path.read_text().splitlines()) if path.exists() else {}
    expected = {}
    with path.open("a") as log, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(n):
            if number not in done:
                done[number] = tried(number, expected)
                print(json.dumps([number, done[number]]), file=log, flush=True)
    wrong = {number: said for number, said in done.items() if said not in ("right", "error", "skipped")}
    for number, said in wrong.items():
        print(f"case {number}: {said[:500]}")
    print(dict(Counter("wrong" if number in wrong else said for number, said in done.items())))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))
