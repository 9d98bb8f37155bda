"""The contents of a MATLAB file as a flat list of named variables."""

from dataclasses import dataclass, field

import numpy as np

__all__ = ["Variable", "variables_of"]

#: Fields by which a DataSet object of the Eigenvector kind is known.
_DATASET = {"data", "axisscale", "label"}


@dataclass(eq=False)
class Variable:
    """A matrix of numbers or a list of texts, with what a DataSet object says of it.

    ``value`` is a 2-D array of float64 or a list of str; ``axis``, ``axis_title``, ``row_names`` and ``column_names``
    are those of a DataSet object, else None; ``included`` are the rows and columns that it includes.
    """

    name: str
    value: object
    is_dataset: bool = False
    axis: object = None
    axis_title: str = ""
    row_names: object = None
    column_names: object = None
    included: tuple = (None, None)
    meta: dict = field(default_factory=dict)

    @property
    def is_text(self):
        """Whether the value is a list of texts."""
        return isinstance(self.value, list)

    @property
    def vector(self):
        """The numbers of a row or column, None of any other matrix and of texts."""
        return None if self.is_text or 1 not in self.value.shape else self.value.ravel()


def variables_of(content):
    """Variables of what ``scipy.io.loadmat`` returns; those in structs and cells are named ``s.X`` or ``c{2}``."""
    variables = []
    for name, value in content.items():
        if not name.startswith("__"):
            variables.extend(_flattened(name, value))
    return variables


def _flattened(name, value):
    if hasattr(value, "toarray"):
        value = value.toarray()
    if not isinstance(value, np.ndarray):
        return
    if value.dtype.names:
        for k, element in enumerate(value.ravel()):
            label = name if value.size == 1 else f"{name}({k + 1})"
            if _DATASET.issubset(value.dtype.names):
                variable = _dataset(label, element)
                if variable is not None:
                    yield variable
                continue
            for part in value.dtype.names:
                yield from _flattened(f"{label}.{part}", element[part])
    elif value.dtype == object:
        texts = _texts(value)
        if texts is not None:
            yield Variable(name, texts)
        else:
            for k, element in enumerate(value.ravel()):
                yield from _flattened(f"{name}{{{k + 1}}}", element)
    elif value.dtype.kind == "U":
        yield Variable(name, [text.strip() for text in value.ravel()])
    elif value.dtype.kind in "fiub" and value.ndim == 2 and value.size:
        yield Variable(name, np.array(value, dtype=np.float64))


def _texts(cell):
    """Texts of a cell array in which every cell is one text (or empty); None of any other."""
    texts = []
    for element in cell.ravel():
        if not isinstance(element, np.ndarray) or element.size > 1 or (element.size and element.dtype.kind != "U"):
            return None
        texts.append(str(element.ravel()[0]).strip() if element.size else "")
    return texts if any(texts) else None


def _dataset(name, element):
    """A DataSet object; None where its data are no matrix of numbers."""
    data = element["data"]
    if not isinstance(data, np.ndarray) or data.ndim != 2 or data.dtype.kind not in "fiu" or not data.size:
        return None
    fields = element.dtype.names
    axis, title = _cell(element["axisscale"], 1), ""
    for key, column in (("axisscale", 1), ("title", 0)):
        if key in fields and not title:
            title = " ".join(_strings(_cell(element[key], 1, column)))
    axis = axis.ravel().astype(np.float64) if _is_numeric(axis) and axis.size == data.shape[1] else None
    rows, columns = (_strings(_cell(element["label"], mode)) for mode in (0, 1))
    meta = {}
    for key in ("name", "author", "description"):
        if key in fields and (text := " ".join(_strings(element[key]))):
            meta["title" if key == "name" else key] = text
    return Variable(
        name,
        np.array(data, dtype=np.float64),
        is_dataset=True,
        axis=axis,
        axis_title=title,
        row_names=rows if len(rows) == data.shape[0] else None,
        column_names=columns if len(columns) == data.shape[1] else None,
        included=tuple(_included(element, mode, size) for mode, size in enumerate(data.shape)),
        meta=meta,
    )


def _cell(cells, row, column=0):
    """One cell of a field that holds a row of cells for each mode; an empty array where there is none."""
    is_cell = isinstance(cells, np.ndarray) and cells.dtype == object and cells.ndim == 2
    if not is_cell or row >= cells.shape[0] or column >= cells.shape[1]:
        return np.empty(0)
    return np.asarray(cells[row, column])


def _is_numeric(value):
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.size > 0


def _strings(value):
    if isinstance(value, np.ndarray) and value.dtype == object:
        return _texts(value) or []
    if not isinstance(value, np.ndarray) or value.dtype.kind != "U":
        return []
    return [text.strip() for text in value.ravel()] if any(text.strip() for text in value.ravel()) else []


def _included(element, mode, size):
    """Mask of what a DataSet object includes along a mode; None where it is all."""
    if "include" not in element.dtype.names:
        return None
    numbers = _cell(element["include"], mode)
    if not _is_numeric(numbers) or numbers.size >= size:
        return None
    mask = np.zeros(size, dtype=bool)
    mask[numbers.ravel().astype(int) - 1] = True
    return mask
