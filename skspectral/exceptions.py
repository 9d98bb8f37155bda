"""Errors and warnings that name what is wrong with the data and what to do about it.

Every error is also a ``ValueError`` or an ``OSError``, so that code written against scikit-learn's conventions keeps
catching it.
"""

__all__ = [
    "AbsurdPredictionWarning",
    "AmbiguousInstrumentError",
    "AxisMismatchError",
    "AxisUnitError",
    "AxisUnitWarning",
    "ChannelMismatchError",
    "ChannelOrderWarning",
    "CheckLogError",
    "CheckLogWarning",
    "ConflictingReferenceError",
    "ConstantSpectraError",
    "CopiedSpectraWarning",
    "DatasetUnavailableError",
    "ExistingCalibrationError",
    "ImplausibleReferenceError",
    "ImplausibleSpectraError",
    "IndistinctSpectraError",
    "InstrumentSpellingWarning",
    "LabelsError",
    "MissingCodeWarning",
    "MissingReferenceError",
    "MissingWeightsError",
    "ModelFileError",
    "NoSourceError",
    "NoSpectraError",
    "NoStandardsError",
    "NonFiniteSpectraError",
    "NonLinearCalibrationError",
    "NotTransferredWarning",
    "OptionalDependencyError",
    "OtherInputsWarning",
    "PoorTransferWarning",
    "PopulationWarning",
    "QuantityError",
    "ReadingOptionError",
    "ReferenceUnitsWarning",
    "ReplicatesDisagreeError",
    "ReplicatesDisagreeWarning",
    "SkippedFilesWarning",
    "SpectraScaleWarning",
    "SuspectStandardsWarning",
    "TableError",
    "TableWarning",
    "TooFewCheckSamplesError",
    "TooFewStandardsError",
    "UnknownAxisWarning",
    "UnequalStepsWarning",
    "UnknownInstrumentError",
    "UnmeasuredRegionWarning",
    "UnpairedSamplesWarning",
    "UnsupportedFormatError",
    "UntrustedTypeError",
    "VersionMismatchWarning",
    "WavelengthRangeError",
    "WrongPairsWarning",
    "ZeroShotWarning",
]


class UnknownInstrumentError(ValueError):
    """A role names an instrument that no row was measured on."""


class AmbiguousInstrumentError(ValueError):
    """The roles of the instruments cannot be told from what was given, or contradict each other."""


class LabelsError(ValueError):
    """The labels of the rows, instrument or sample_id, are not one comparable label per spectrum."""


class NoSourceError(ValueError):
    """The method needs rows of the source instrument and got none."""


class NoStandardsError(ValueError):
    """Instruments were named, but no row of the target can be used by the method."""


class TooFewStandardsError(NoStandardsError):
    """There are standards, but fewer than the method or the splitter needs."""


class ExistingCalibrationError(ValueError):
    """The method fits the calibration anew, and was given an existing one that must stay as it is."""


class ConflictingReferenceError(ValueError):
    """One sample carries different reference values on two instruments."""


class ReplicatesDisagreeError(ValueError):
    """Rows of one sample on one instrument cannot be scans of one sample: the ids are not unique."""


class MissingReferenceError(ValueError):
    """No row that the method may learn from carries a reference value."""


class NonFiniteSpectraError(ValueError):
    """Spectra hold NaN, infinity, or values so large that their squares overflow."""


class ImplausibleSpectraError(ValueError):
    """A value dwarfs all other spectra, as a fill value does, or all values are too small to be squared."""


class IndistinctSpectraError(ValueError):
    """All spectra to calibrate on are the same up to rounding."""


class ImplausibleReferenceError(ValueError):
    """A reference dwarfs all others, or references are too large or too small to be squared."""


class ConstantSpectraError(ValueError):
    """A spectrum has the same value in every channel, as a failed scan has."""


class AxisMismatchError(ValueError):
    """A wavelength axis does not fit: another one than the model's, of wrong length, not increasing, or not finite."""


class AxisUnitError(AxisMismatchError):
    """An axis cannot be in the unit that it is said to be in, or there is no such unit."""


class ChannelMismatchError(AxisMismatchError):
    """Spectra have another number of channels than those seen in ``fit``."""


class WavelengthRangeError(ValueError):
    """A requested wavelength lies outside the measured range, or two ranges do not overlap."""


class NonLinearCalibrationError(ValueError):
    """The calibration is not an affine function of the spectrum, so it has no coefficient vector."""


class TableError(ValueError):
    """A file of spectra cannot be read as one: no table, damaged, or not what it says it is."""


class NoSpectraError(TableError):
    """A file was read, but holds no spectrum: references or other columns alone, or a background scan."""


class UnsupportedFormatError(TableError):
    """A file is of a format, or of a variant of one, that this package does not read."""


class QuantityError(ValueError):
    """Spectra are not of the quantity that is needed, or cannot be converted to it."""


class ReadingOptionError(ValueError):
    """An option of reading a file has a value that it cannot have."""


class DatasetUnavailableError(OSError):
    """A data set is neither in the local folders nor reachable for download."""


class MissingWeightsError(OSError):
    """Pretrained weights are not where they should be, or their checksum is wrong."""


class CheckLogError(ValueError):
    """A log of check samples, or a reading in it, cannot be used."""


class TooFewCheckSamplesError(ValueError):
    """There are fewer check samples or spectra than a control chart needs before it can judge."""


class ModelFileError(ValueError):
    """A file is no stored model, is damaged, or comes from a version that kept other things; or none can be stored."""


class UntrustedTypeError(ModelFileError):
    """A model file holds types that are not known to be harmless, and nothing of it was loaded."""


class OptionalDependencyError(ImportError):
    """A feature needs a package that is not installed."""


class CheckLogWarning(UserWarning):
    """A line of a log of check samples was left out (cut off, or written twice), or is doubtful."""


class AxisUnitWarning(UserWarning):
    """An axis looks as if it were in another unit than the one that it is said to be in."""


class ChannelOrderWarning(UserWarning):
    """Transformed spectra stand in the order of the model's axis, which is not that of the columns given."""


class AbsurdPredictionWarning(UserWarning):
    """Predictions lie a thousand times the extent of the references away from them."""


class MissingCodeWarning(UserWarning):
    """References or spectra hold numbers such as -9999 that programs write where there is no value."""


class NotTransferredWarning(UserWarning):
    """Roles were named, but no metadata was given: the result is the plain source calibration."""


class ReferenceUnitsWarning(UserWarning):
    """References of the two instruments look as if they were in different units, such as percent and fractions."""


class ReplicatesDisagreeWarning(UserWarning):
    """Rows of one sample on one instrument differ, in spectra or references, more than replicates should."""


class SkippedFilesWarning(UserWarning):
    """Some of many files could not be read and were left out, as was asked for."""


class CopiedSpectraWarning(UserWarning):
    """Spectra of two instruments or samples are equal to the last digit: one was copied, not measured."""


class SpectraScaleWarning(UserWarning):
    """Spectra are much larger or smaller than all that a model was fitted on, as percent are beside fractions."""


class OtherInputsWarning(UserWarning):
    """Results on file belong to other inputs: they were put under another name, and a new file was begun."""


class PoorTransferWarning(UserWarning):
    """Held-out pairs are predicted so far apart on the two instruments that little or nothing was transferred."""


class TableWarning(UserWarning):
    """Spectra were read, but something that the file says, or does not say, may be wrong."""


class SharedNameWarning(TableWarning):
    """Several files, or blocks of one file, name their sample alike: replicates of one, or a title that names none."""


class ZeroReferencesWarning(TableWarning):
    """Some references of a property are exactly zero and all others far from it: they may mean "not analysed"."""


class UnequalStepsWarning(UserWarning):
    """A moving window runs over channels whose steps jump, as if these were equal."""


class UnknownAxisWarning(UserWarning):
    """No wavelengths were given: channels are taken as equally spaced, and in the order in which they stand."""


class UnmeasuredRegionWarning(UserWarning):
    """Points were interpolated over a gap in the axis, where the instrument has measured nothing."""


class UnpairedSamplesWarning(UserWarning):
    """Ids were given for both instruments, and none is shared, or some differ in spelling alone."""


class VersionMismatchWarning(UserWarning):
    """A stored model was made with another minor version of skspectral or scikit-learn."""


class InstrumentSpellingWarning(UserWarning):
    """Rows were left out whose instrument is called almost like one that takes part."""


class SuspectStandardsWarning(UserWarning):
    """The target spectrum of a standard looks like that of another sample; it was used all the same."""


class WrongPairsWarning(UserWarning):
    """Standards whose spectra on the two instruments do not belong together were left out."""


class ZeroShotWarning(UserWarning):
    """The transfer rests on unpaired target spectra and assumes the same population of samples on both instruments."""


class PopulationWarning(UserWarning):
    """Unlabelled target spectra do not look like samples of the population that the source was calibrated on."""
