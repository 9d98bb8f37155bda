"""What the tests of the splitters share."""

import numpy as np

SELECTIONS = ["random", "kennard-stone", "spxy", "y", "duplex", "leverage"]
ROLES = {"source": "A", "target": "B"}


def labels_of(data):
    return {"instrument": data.instrument, "sample_id": data.sample_id}


def ids_of(data, rows, instrument):
    rows = np.asarray(rows)
    return {data.sample_id[row] for row in rows[data.instrument[rows] == instrument]}


def splits(splitter, data, **changes):
    return list(splitter.split(**{"X": data.X, "y": data.y, **labels_of(data), **changes}))
