"""Small corpora of made-up spectra, in the form that the package reads."""

import numpy as np


def write_corpus(folder, *, pairs=False):
    """Write three data sets, one of them in the infrared; with ``pairs`` also one sample set on two instruments."""
    rng = np.random.default_rng(0)
    nm = np.linspace(1100.0, 2400.0, 180)
    _write(folder, "flour", rng, nm, "nm", "NIR", n=90, labelled=True)
    _write(folder, "oil", rng, np.linspace(4000.0, 9000.0, 150), "cm-1", "NIR", n=70)
    _write(folder, "polymer", rng, np.linspace(600.0, 3800.0, 200), "cm-1", "MIR", n=60)
    if pairs:
        # the names that the corpus knows as two handhelds for the same samples
        ids = np.array([f"K{k:03d}" for k in range(60)])
        concentrations = rng.random((60, 4))
        for name, axis in (("drugs_micronir_K", nm[20:120]), ("drugs_neospectra_K", nm[40:160])):
            X = _spectra(np.random.default_rng(7), axis, "nm", concentrations) * rng.uniform(0.9, 1.1)
            _save(folder, name, X, axis, "nm", "NIR", y=ids[:, None], y_names=np.array(["sample_id"]))
    return folder


def _write(folder, name, rng, axis, unit, modality, *, n, labelled=False):
    concentrations = rng.random((n, 4))
    X = _spectra(rng, axis, unit, concentrations) + 1e-3 * rng.standard_normal((n, len(axis)))
    labels = {"y": concentrations[:, :1], "y_names": np.array(["protein"])} if labelled else {}
    _save(folder, name, X, axis, unit, modality, **labels)


def _spectra(rng, axis, unit, concentrations):
    place = (axis - axis[0]) / (axis[-1] - axis[0])
    if unit == "nm":
        place = (axis - 1100) / 1300
    bands = [np.exp(-0.5 * ((place - c) / w) ** 2) for c, w in rng.uniform([0.1, 0.03], [0.9, 0.15], size=(4, 2))]
    return 0.3 + 0.2 * place + concentrations @ np.array(bands)


def _save(folder, name, X, axis, unit, modality, **labels):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        folder / f"{name}.npz",
        X=X.astype(np.float32),
        axis=axis,
        axis_unit=unit,
        modality=modality,
        quantity="absorbance",
        source="made up",
        licence="none",
        **labels,
    )
