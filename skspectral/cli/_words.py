"""Messages of the library in the words of the command line."""

import re

__all__ = ["in_options"]

#: Parameters whose option may have another name.
CALLED = {"properties": "property", "instrument": "target"}


def in_options(text, args):
    """Name the options of a command where a message names parameters: ``--unit`` for ``unit=``.

    Parameters
    ----------
    text : str
    args : argparse.Namespace
        Of the command; parameters without an option of their name stay as they are.

    Returns
    -------
    str
    """

    def option(match):
        name = match["name"] if match["name"] in vars(args) else CALLED.get(match["name"])
        if name not in vars(args):
            return match[0]
        value = match["value"] or ""
        if value[1:-1].isalnum():
            value = value[1:-1]
        return f"--{name.replace('_', '-')} {value}".rstrip()

    # in front of a brace stands one value for each instrument, of which the message says itself how to give it
    return re.sub(r"(?<![\w-])(?P<name>[a-z]\w*)=(?P<value>'[^']*'|\"[^\"]*\")?(?![{\w[=])", option, text)
