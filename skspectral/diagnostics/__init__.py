"""What to look at before a transfer is trusted.

Are the transferred spectra like those of the source (`q_and_t2`, `transfer_difference`)? Are the predictions free of
bias (`transfer_tests`)? Does a new spectrum look like what the model was made from (`TargetLimits`), and how far may
its prediction be off (`TransferIntervals`)? Are the standards enough (`standards_curve`), does one of them decide alone
(`influence_of_standards`), and do their spectra belong together (`find_wrong_pairs`)?
"""

from ._difference import TransferDifference, transfer_difference
from ._influence import StandardsInfluence, influence_of_standards
from ._intervals import TransferIntervals
from ._limits import QT2Result, SpectralLimits, q_and_t2
from ._prediction_tests import TransferTests, transfer_tests
from ._standards_curve import standards_curve
from ._stopping import StandardsCurve, StandardsGain
from ._target_limits import TargetCheck, TargetLimits
from ._wrong_pairs import WrongPairs, find_wrong_pairs

__all__ = [
    "QT2Result",
    "SpectralLimits",
    "StandardsCurve",
    "StandardsGain",
    "StandardsInfluence",
    "TargetCheck",
    "TargetLimits",
    "TransferDifference",
    "TransferIntervals",
    "TransferTests",
    "WrongPairs",
    "find_wrong_pairs",
    "influence_of_standards",
    "q_and_t2",
    "standards_curve",
    "transfer_difference",
    "transfer_tests",
]
