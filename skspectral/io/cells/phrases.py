"""What labels and preambles say: units of an axis, quantities of a spectrum."""

import re

__all__ = ["axis_word", "names_axis", "other_unit", "program_says", "quantity_of", "unit_of", "unusual_axis"]

_UNITS = [
    ("Raman shift", r"raman|\braman ?shift\b|δ ?cm|delta ?cm"),
    ("cm-1", r"cm ?\^? ?\(?[-−⁻–] ?[1¹]\)?|\b1 ?/ ?cm\b|wave ?numbers?\b|wellenzahl|\bcm[._-]?1\b"),  # noqa: RUF001
    ("um", r"\b[uµμ]m\b|microm(?:et(?:er|re)s?)?\b|\bmicrons?\b|(?<![a-z])[uµμ]m(?![a-z])"),
    ("nm", r"(?<![a-z])nm(?![a-z])|nanomet(?:er|re)s?"),
]  # fmt: skip
_UNITS = [(unit, re.compile(pattern)) for unit, pattern in _UNITS]

# units that axes may have elsewhere; to take their numbers as nm or cm-1 would be wrong by orders of magnitude
_OTHER_UNITS = re.compile(
    r"(?<![^\W\d_])(?:(?P<angstrom>å|angstr[oöø]ms?)|(?P<hertz>[gt]?hz|(?:giga|tera)hertz)|(?P<energy>m?ev)|mm|pm|kk|"
    r"(?P<pixel>px|pixels?))(?![^\W\d_])"
)

_PERCENT = r"(?:%|percent|per cent|prozent)"
_QUANTITIES = [
    ("log 1/R", r"log[\s_]*(?:10)?[\s_]*\(?\s*1\s*/\s*r|-\s*log[\s_]*(?:10)?[\s_]*\(?\s*r\b"),
    ("absorbance", r"log[\s_]*(?:10)?[\s_]*\(?\s*1\s*/\s*t"),
    ("Kubelka-Munk", r"kubelka|\bk[ -]?m units?\b|\bf\(r"),
    ("% reflectance", rf"{_PERCENT}\s*_?(?:r\b|refl)|(?:refl\w*|\br)\s*_?[\[(]?\s*{_PERCENT}|reflectance_pct"),
    ("% transmittance", rf"{_PERCENT}\s*_?(?:t\b|trans)|(?:transm\w*|\bt)\s*_?[\[(]?\s*{_PERCENT}|transmittance_pct"),
    ("absorbance", r"absorb|extinktion|(?<![a-z])abs(?![a-z])|(?<![a-z.])au(?![a-z])"),
    ("reflectance", r"reflect|(?<![a-z])refl?(?![a-z])|reflexion|rreflect"),
    ("transmittance", r"transmi|(?<![a-z])trans(?![a-z])"),
    ("counts", r"(?<![a-z])counts?(?![a-z])|raw dn|digital numbers?"),
]
_QUANTITIES = [(name, re.compile(pattern)) for name, pattern in _QUANTITIES]
_AXIS = re.compile(
    r"(?:wave ?_?lengths?|waves?|wl|wvl|wn|lambda|λ|wave ?_?numbers?|wellenl(?:ä|ae)ngen?|wellenzahl(?:en)?|"
    r"longueurs? d'onde|longitud(?:es)? de onda|lunghezz[ae] d'onda|comprimentos? de onda|golflengtes?|"
    r"nombres? d'onde?|raman ?_?shift|x|freq(?:uency)?|bands?|channels?)?"
    r"[\s_.:/-]*(?:[\[(]?\s*(?:nm|[uµμ]m|microns?|nanomet(?:er|re)s?|cm ?\^?[-−⁻]?[1¹]|1/cm)\s*[\])]?)?"  # noqa: RUF001
)

_SPEAKS_OF_AXIS = re.compile(
    r"wave ?_?(?:length|number)|wellenl|wellenz|raman ?_?shift|frequen|frequenz|photon ?_?energ"
)
_UNUSUAL = re.compile(r"(?<![a-z])(?:freq(?:s|uenc(?:y|ies))?|frequenz(?:en)?|energ(?:y|ies|ien?))(?![a-z])")


def unit_of(text):
    """Name the unit of an axis that a text speaks of, "" where it speaks of none or of several."""
    text = str(text).lower()
    found = [unit for unit, pattern in _UNITS if pattern.search(text)]
    if found[:1] == ["Raman shift"]:
        return "Raman shift"
    return found[0] if len(found) == 1 else ""


def other_unit(text):
    """Name a unit of an axis that a text speaks of and that is none of ours, such as THz; "" where there is none."""
    match = _OTHER_UNITS.search(str(text).lower())
    return match[0] if match else ""


def quantity_of(text):
    """Name the quantity that a text speaks of, "unknown" where it speaks of none or of several."""
    text = str(text).lower()
    found = [name for name, pattern in _QUANTITIES if pattern.search(text)]
    families = {name.removeprefix("% ") for name in found if name != "counts"} or set(found)
    return found[0] if len(families) == 1 else "unknown"


def axis_word(text):
    """Whether a label names an axis and nothing else: ``Wavelength (nm)``, ``cm-1``, but not a blank."""
    text = str(text).strip().lower()
    return bool(text) and bool(_AXIS.fullmatch(text))


def names_axis(text):
    """Whether a label speaks of the axis, among other things: ``wavenumber (cm-1) / sample``, ``Frequency (THz)``."""
    return axis_word(text) or bool(_SPEAKS_OF_AXIS.search(str(text).lower()))


def unusual_axis(text):
    """Whether a text calls an axis a frequency or an energy, which may be a wavenumber, too, and is no wavelength."""
    return bool(_UNUSUAL.search(str(text).lower()))


_PROGRAMS = [
    (r"winisi", "", "absorbance", "the file does not name the quantity; WinISI exports log 1/R, taken as absorbance"),
    (r"vision air", "", "absorbance", "the file does not name the quantity; Vision Air exports absorbance"),
    (r"xaxis mode: wavelengths", "nm", "", "the file does not name the unit; this program writes wavelengths in nm"),
]


def program_says(text, suffix):
    """Unit, quantity and a note that follow from the program that wrote a file, "" each where nothing does."""
    if suffix == ".dpt":
        return "cm-1", "", "the file does not name the unit; tables of data points (.dpt) are taken as cm-1"
    for pattern, unit, quantity, note in _PROGRAMS:
        if re.search(pattern, text.lower()):
            return unit, quantity, note
    return "", "", ""
