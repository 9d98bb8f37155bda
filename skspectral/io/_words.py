"""The words that files use for the unit of an axis and for what a spectrum holds."""

import re

import numpy as np

__all__ = ["percent_where_it_must_be", "quantity_from_text", "unit_from_text"]

_MICRO = str.maketrans({"µ": "u", "μ": "u", "⁻": "-", "¹": "1", "\u2212": "-", "\u2013": "-"})

_UNITS = {
    "nm": {"nm", "nanometer", "nanometers", "nanometre", "nanometres"},
    "um": {"um", "micron", "microns", "micrometer", "micrometers", "micrometre", "micrometres"},
    "cm-1": {
        *("cm-1", "1/cm", "cm^-1", "cm**-1", "/cm", "wavenumber", "wavenumbers", "inversecm", "kayser"),
        *("reciprocalcm", "reciprocalcentimeters", "inversecentimeters", "reciprocalcentimetres"),
    },
    "Raman shift": {"ramanshift", "ramanshifts", "ramanshiftcm-1", "ramanshift1/cm", "deltacm-1"},
}

_QUANTITIES = {
    "absorbance": {"absorbance", "absorbanceunits", "absorbanceunit", "abs", "ab", "log1/t", "log101/t", "extinction"},
    "log 1/R": {"log1/r", "log101/r", "-logr", "-log10r", "logr", "apparentabsorbance", "pseudoabsorbance"},
    "reflectance": {"reflectance", "reflectivity", "reflection", "reflectancefactor", "r"},
    "% reflectance": {
        "%reflectance",
        "reflectance%",
        "percentreflectance",
        "%r",
        "%reflection",
        "reflectanceinpercent",
    },
    "transmittance": {"transmittance", "transmission", "transmissivity", "t"},
    "% transmittance": {
        *("%transmittance", "transmittance%", "percenttransmittance", "%t", "%transmission", "transmission%"),
        *("percenttransmission", "transmittanceinpercent"),
    },
    "Kubelka-Munk": {"kubelka-munk", "kubelkamunk", "kubelka-monk", "kubelkamunkunits", "km", "k-m", "fr"},
    "counts": {
        *(
            "counts",
            "count",
            "intensity",
            "ramanintensity",
            "arbitraryintensity",
            "singlebeam",
            "single-beam",
            "energy",
        ),
        *("rawcounts", "digitalnumber", "dn", "relativeintensity", "countspersecond", "counts/s", "raw"),
    },
}


def unit_from_text(text):
    """Unit of an axis, one of `UNITS`, from what a file calls it; None where no unit is recognised.

    A word in brackets or after a comma or slash counts before the rest: ``"Wavelength (nm)"`` is nm,
    ``"Raman shift / cm-1"`` a Raman shift.
    """
    plain = str(text).translate(_MICRO).lower()
    inside = re.findall(r"[(\[]([^)\]]*)[)\]]", plain) + re.split(r",|/ | in ", plain)[1:]
    whole, *parts = [_squeezed(part) for part in (plain, *inside)]
    if "raman" in whole and "shift" in whole:
        return "Raman shift"
    for unit, words in _UNITS.items():
        if any(part in words for part in (whole, *parts)):
            return unit
    return None


def quantity_from_text(text):
    """What a spectrum holds, one of `QUANTITIES`, from what a file calls it; ``"unknown"`` where it is not known."""
    squeezed = _squeezed(str(text).translate(_MICRO).lower())
    for quantity, words in _QUANTITIES.items():
        if squeezed in words:
            return quantity
    # A qualified word, as in "diffuse reflectance" or "absorbance (corrected)", and no other quantity beside it.
    named = {key for key in ("absorbance", "reflectance", "transmittance") if key in squeezed}
    if len(named) != 1 or "log" in squeezed:
        return "unknown"
    quantity = named.pop()
    percent = "%" in squeezed or "percent" in squeezed
    return f"% {quantity}" if percent and quantity != "absorbance" else quantity


def percent_where_it_must_be(quantity, X):
    """Name the percentage where a file says reflectance or transmittance and its values are percent.

    Fractions lie between 0 and 1 (a little above with noise or fluorescence); a file whose values exceed 2 can only
    hold percent. Returns the quantity and what to note, or None.
    """
    if quantity not in ("reflectance", "transmittance"):
        return quantity, None
    largest = float(np.nanmax(X, initial=0.0))
    if largest <= 2.0:
        return quantity, None
    return f"% {quantity}", f"the file says {quantity}; values up to {largest:.4g} can only be percent"


def _squeezed(text):
    """The text without blanks and brackets."""
    return re.sub(r"[\s()\[\]{}]", "", text)
