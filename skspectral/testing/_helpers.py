"""What the checks share: fitting with both roles named, and expecting an error that names the thing."""

from sklearn.base import clone

__all__ = ["fit", "named", "raises", "wraps"]


def named(estimator, **roles):
    return clone(estimator).set_params(**({"source": "A", "target": "B"} | roles))


def fit(estimator, data, **changes):
    arrays = {"X": data.X, "y": data.y, **data.labels} | changes
    return named(estimator).fit(arrays.pop("X"), arrays.pop("y"), **arrays)


def wraps(estimator):
    return "estimator" in estimator.get_params(deep=False)


def raises(error, call, *, mentions=()):
    """Fail unless ``call`` raises ``error`` with every word of ``mentions`` in its message."""
    try:
        call()
    except error as raised:
        for word in mentions:
            assert word in str(raised), f"the message does not mention {word!r}: {raised}"
        return
    raise AssertionError(f"{error.__name__} was not raised")
