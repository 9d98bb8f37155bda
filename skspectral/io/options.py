"""Options of reading that may differ between instruments: one value for all, or {instrument: value}."""

from ..exceptions import ReadingOptionError

__all__ = ["checked_option", "option_of", "options_for", "refuse_strangers"]


def checked_option(given, check):
    """Check one value, or that of each instrument, by a function that brings it into its usual spelling."""
    if given is None:
        return None
    if isinstance(given, dict):
        return {str(name): check(value) for name, value in given.items() if value is not None}
    return check(given)


def option_of(given, instrument):
    """Give the value for an instrument, None where there is none; the instrument is None where it is not known."""
    if not isinstance(given, dict):
        return given
    return None if instrument is None else given.get(str(instrument))


def refuse_strangers(given, instruments, option):
    """Refuse values for instruments that there are none of, while others have none: a name is misspelt.

    Raises
    ------
    ReadingOptionError
    """
    if not isinstance(given, dict):
        return
    known = [str(name) for name in instruments if name is not None]
    strangers = [name for name in given if name not in known]
    if strangers and set(instruments) - {name for name in instruments if str(name) in given}:
        there = f"only {', '.join(map(repr, known))}" if known else "and the spectra name none: name them {name: file}"
        raise ReadingOptionError(
            f"{option} names the instrument {', '.join(map(repr, strangers))}, but there is none, {there}."
        )


def options_for(reading, instrument, targets):
    """Give the options of `read_spectra` for new files of one instrument.

    Parameters
    ----------
    reading : dict
        Options of the files that a model was made from.
    instrument : object or None
        Whose files they are, where it was said.
    targets : list
        Whose they can be.

    Returns
    -------
    dict
    """
    if instrument is None and len(targets) == 1:
        instrument = targets[0]
    if instrument is None:
        return dict(reading)
    chosen = {name: option_of(value, instrument) for name, value in reading.items()}
    return {name: value for name, value in chosen.items() if value is not None}
