"""What an episode predicts: measured references, what the spectra's components say, or bands of an unknown analyte."""

import numpy as np

__all__ = ["choose_rows", "make_task"]

# Spectra that are drawn beyond what an episode needs, for its principal components.
POOL = 80
COMPONENTS = (8, 30)
# References with fewer values than this are classes.
LEAST_VALUES = 10


def choose_rows(material, rows, n, real_labels, generator):
    """Choose spectra, and measured references of theirs, (n,) and a name, where asked for; None where there are none.

    With references, every sample takes part once: a replicate in the source would give a test sample away.
    """
    rows = generator.permutation(rows)
    if material.labels is not None and generator.random() < real_labels:
        names = np.arange(len(material)) if material.groups is None else material.groups
        once = rows[np.sort(np.unique(names[rows], return_index=True)[1])]
        column = int(generator.integers(material.labels.shape[1]))
        y = material.labels[once, column]
        once, y = once[np.isfinite(y)][: n + POOL], y[np.isfinite(y)][: n + POOL]
        if len(once) >= n and len(np.unique(y)) >= LEAST_VALUES:
            return once, (y.astype(float), str(material.label_names[column]))
    return rows[: n + POOL], None


def make_task(joint, nm, measured, n, generator):
    """Make ``n`` samples and what to predict of them: spectra (n, channels), y (n,), and the kind of reference."""
    mean = joint.mean(axis=0)
    # Few rows and many channels: the components of the Gram matrix come several times faster than those of the rows.
    variance, u = np.linalg.eigh((joint - mean) @ (joint - mean).T)
    rank = int(generator.integers(COMPONENTS[0], COMPONENTS[1] + 1))
    rank = max(1, min(rank, int((variance > 1e-10 * variance[-1]).sum())))
    size = np.sqrt(variance[: -rank - 1 : -1])
    scores = u[:, : -rank - 1 : -1] * size
    components = u[:, : -rank - 1 : -1].T @ (joint - mean) / size[:, None]
    if measured is not None:
        return (mean + scores @ components[:rank])[:n], measured[0][:n], measured[1]
    if len(joint) >= n and generator.random() < 0.5:
        scores = scores[_neighbours(scores, n, generator)]
    else:
        scores = _mixtures(scores, n, generator)
    y = _standard(scores / (scores.std(axis=0) + 1e-12) @ _weights(rank, generator))
    clean = mean + scores @ components[:rank]
    if generator.random() < 0.5:
        return clean, y, "components"
    return *_with_bands(clean, y, nm, generator), "bands"


def _neighbours(scores, n, generator):
    """Choose ``n`` samples: those around one of them half of the time, for materials that vary little."""
    order = generator.permutation(len(scores))
    if generator.random() < 0.5:
        scale = scores.std(axis=0) + 1e-12
        order = order[np.argsort((((scores[order] - scores[order[0]]) / scale) ** 2).sum(axis=1), kind="stable")]
    return generator.permutation(order[:n])


def _mixtures(scores, n, generator):
    """Mix three samples at a time, spread as far as the samples themselves are."""
    shares = generator.dirichlet(np.ones(3), size=n)
    chosen = generator.random((n, len(scores))).argsort(axis=1)[:, :3]
    mixed = np.einsum("nk,nkr->nr", shares[:, : chosen.shape[1]], scores[chosen])
    return mixed * np.sqrt(2.0)  # the squares of three such shares add up to one half on average


def _weights(rank, generator):
    """Weights of the components in what is predicted.

    They fall with the number of the component: what is in the noise of the spectra nobody calibrates for.
    """
    decay = generator.uniform(0.5, 2)
    return generator.standard_normal(rank) * np.arange(1, rank + 1) ** -decay


def _with_bands(clean, y, nm, generator):
    """Give the predicted quantity absorption bands of its own."""
    shared = generator.uniform(0, 0.7)
    y = _standard(shared * y + np.sqrt(1 - shared**2) * generator.standard_normal(len(y)))
    span = nm.max() - nm.min()
    pure = np.zeros(len(nm))
    for _ in range(int(generator.integers(1, 5))):
        centre = generator.uniform(nm.min(), nm.max())
        width = span * np.exp(generator.uniform(np.log(0.01), np.log(0.06)))
        pure += generator.uniform(0.3, 1) * np.exp(-0.5 * ((nm - centre) / width) ** 2)
    size = np.exp(generator.uniform(np.log(0.02), np.log(0.5))) * clean.std(axis=0).mean()
    return clean + size * np.outer(y - y.min(), pure / (pure.max() + 1e-12)), y


def _standard(y):
    return (y - y.mean()) / (y.std() + 1e-12)
