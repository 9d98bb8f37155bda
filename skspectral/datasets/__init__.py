"""Spectra of the same samples on several instruments: published sets and simulated ones, all in long form."""

from ._corn import fetch_corn
from ._fetch import get_data_home
from ._simulated import make_instruments
from ._sugarcane import fetch_sugarcane
from ._tablets import fetch_tablets

__all__ = ["fetch_corn", "fetch_sugarcane", "fetch_tablets", "get_data_home", "make_instruments"]
