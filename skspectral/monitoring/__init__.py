"""Watch a calibration in routine, by check samples and by the spectra alone.

Check samples, whose references are known, go into a log (`CheckLog`), and a `ControlChart` says from when on their
errors have a bias or scatter more than they should. `SpectralDrift` looks at spectra without references, and
`update` mends the model.
"""

from ._check_samples import CheckSamples
from ._control_chart import ControlChart, ControlState
from ._log import CheckLog
from ._spectral_drift import DriftState, SpectralDrift
from ._update import update

__all__ = ["CheckLog", "CheckSamples", "ControlChart", "ControlState", "DriftState", "SpectralDrift", "update"]
