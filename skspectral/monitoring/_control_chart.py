"""Control charts of the bias and the SEP of check samples."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from ..exceptions import CheckLogError, TooFewCheckSamplesError
from ._charts import CHARTS, cusum, ewma, shewhart, shewhart_of_groups
from ._control_state import ControlState
from ._deviates import bias_deviates, expectations, spread_deviates
from ._model_checks import validated_sep
from ._run_lengths import bias_design, spread_design

__all__ = ["ControlChart"]

# readings that an SEP is estimated from before any is judged: with fewer, a drift hides in the estimate itself
LEAST_FOR_SEP = 20
# readings in a group whose SEP is one point of the Shewhart chart
GROUP = 5


@dataclass(frozen=True)
class ControlChart:
    r"""Shewhart, CUSUM and EWMA charts of the bias and the SEP of check samples over time.

    Errors (predicted minus reference) are turned into deviates that are independent and standard normal as long as
    nothing changes. The limits of each chart follow from the run length that is asked for, by theory: in a stable
    state each alarms falsely once in ``arl`` readings on average.

    Parameters
    ----------
    sep : float, optional
        Standard error of prediction from the validation, in the unit of the property. Without it, it is estimated from
        the first 20 readings, which are then not judged, and from all that follow.
    sep_df : float, optional
        Degrees of freedom of ``sep``: validation samples minus one. By default ``sep`` is taken as known exactly, and
        the charts alarm falsely more often than they say where it rests on few samples.
    bias : float, default=0.0
        Bias of a calibration that is in order, in the unit of the property.
    repeatability : float, optional
        Standard deviation of repeated readings of one sample (packing included), in the unit of the property; needed
        where samples are read again. Each reading is then compared with the earlier ones of the same sample. As most
        of the SEP belongs to the sample and stays, a control sample that is read again and again shows a drift far
        sooner than new samples do.
    shift : float, default=0.5
        Drift that the CUSUM and EWMA of bias are made for, in units of the SEP.
    ratio : float, default=1.5
        Growth of the SEP that those of SEP are made for.
    arl : float, default=370.0
        Average run length of each chart: readings between false alarms. 370 is that of limits at three standard
        deviations.
    charts : sequence of {"shewhart", "cusum", "ewma"}, default=all

    Raises
    ------
    ValueError
        If a parameter is out of range.

    See Also
    --------
    skspectral.plotting.ControlChartDisplay : Draws the charts over their dates.

    Notes
    -----
    *Shewhart.* Bias: single readings. SEP: the standard deviation of successive groups of five readings, whose limit
    :math:`\sqrt{F(1 - \alpha; 4, \nu)}` is that of ISO 12099 with :math:`\alpha = 5 / \mathrm{arl}`. *CUSUM.*
    :math:`S_i = \max(0, S_{i-1} + u_i - k)` with ``k`` half the shift. *EWMA.*
    :math:`Z_i = (1 - \lambda) Z_{i-1} + \lambda u_i`, with the :math:`\lambda` that finds the shift soonest. Limits of
    the last two solve the integral equation of their run length. The charts of SEP look at the size of single deviates,
    and answer to a large bias too.

    With new samples only, a drift of half an SEP cannot be found in ten readings by any chart: even a single test of
    their mean, made to alarm falsely in one of twenty such tens, finds it in less than half of the cases. With a
    control sample whose repeatability is a third of the SEP it is found in most.

    References
    ----------
    ISO 12099 (2017), Animal feeding stuffs, cereals and milled cereal products: guidelines for the application of near
    infrared spectrometry.

    Page, E. S. (1954), Continuous inspection schemes, Biometrika 41, 100-115. doi:10.1093/biomet/41.1-2.100

    Crowder, S. V. (1987), A simple method for studying run-length distributions of exponentially weighted moving
    average charts, Technometrics 29, 401-407. doi:10.1080/00401706.1987.10488267

    Quesenberry, C. P. (1991), SPC Q charts for start-up processes and short or long runs, Journal of Quality
    Technology 23, 213-224. doi:10.1080/00224065.1991.11979327

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.monitoring import CheckSamples, ControlChart
    >>> dates = np.datetime64("2026-01-05") + 7 * np.arange(30)
    >>> error = np.random.default_rng(0).normal(0, 0.3, 30) + np.where(np.arange(30) < 15, 0, 0.4)
    >>> state = ControlChart(sep=0.3).check(CheckSamples(dates, np.zeros(30), error))
    >>> state.alarm, str(state.alarms[0].date.date())
    (True, '2026-06-01')
    """

    sep: float | None = None
    sep_df: float | None = None
    bias: float = 0.0
    repeatability: float | None = None
    shift: float = 0.5
    ratio: float = 1.5
    arl: float = 370.0
    charts: tuple = CHARTS

    def __post_init__(self):
        object.__setattr__(self, "charts", (self.charts,) if isinstance(self.charts, str) else tuple(self.charts))
        ranges = {
            "sep": (self.sep is None or 0 < self.sep < np.inf, "positive"),
            "sep_df": (self.sep_df is None or self.sep_df >= 1, "at least 1"),
            "bias": (np.isfinite(self.bias), "finite"),
            "repeatability": (self.repeatability is None or self.repeatability > 0, "positive"),
            "shift": (0.1 <= self.shift <= 5, "between 0.1 and 5 times the SEP"),
            "ratio": (1.1 <= self.ratio <= 5, "between 1.1 and 5"),
            "arl": (20 <= self.arl <= 100_000, "between 20 and 100000 readings"),
            "charts": (bool(self.charts) and set(self.charts) <= set(CHARTS), f"some of {', '.join(CHARTS)}"),
        }
        for name, (holds, what) in ranges.items():
            if not holds:
                raise ValueError(f"{name} must be {what}, got {getattr(self, name)!r}.")
        if self.sep_df is not None and self.sep is None:
            raise ValueError("sep_df says how well sep is known, and there is no sep.")
        if self.repeatability is not None and not (self.sep is not None and self.repeatability < self.sep):
            raise ValueError(
                f"repeatability must come with a sep that is larger, got repeatability={self.repeatability!r} and "
                f"sep={self.sep!r}."
            )

    @classmethod
    def for_model(cls, model, target_name, *, target=None, **settings):
        """Take SEP and its degrees of freedom from the validation of a deployed model.

        Parameters
        ----------
        model : skspectral.TransferredModel
        target_name : str
            The property.
        target : object, optional
            The instrument, where the model serves several.
        **settings : dict
            Further parameters of the chart.

        Returns
        -------
        ControlChart

        Raises
        ------
        ValueError
            If the model has no such property, no such instrument, or no validated SEP of it.
        """
        return cls(*validated_sep(model, target_name, target), **settings)

    @property
    def limits_(self):
        """Limits and settings of every chart, in standard deviations of a reading, by figure and chart."""
        shift = self.shift if self.repeatability is None else self.shift * self.sep / self.repeatability
        # a shift of many standard deviations is found at once by any chart
        bias = bias_design(float(min(shift, 3.0)), float(self.arl))
        spread = spread_design(float(self.ratio), float(self.arl))
        return {"bias": bias, "SEP": spread}

    @property
    def shewhart_limits(self):
        """How far one error may be from the bias, and how large the SEP of a group of five may be.

        In the unit of the property where ``sep`` is given, else in units of the SEP.
        """
        sep = 1.0 if self.sep is None else self.sep
        single = float(norm.isf(1 / (2 * self.arl)))
        return single * sep, shewhart_of_groups(np.zeros(0), GROUP, self.arl).limit * sep

    def check(self, samples):
        """Judge readings of check samples in the order of their dates.

        Parameters
        ----------
        samples : CheckSamples
            Of one property.

        Returns
        -------
        ControlState

        Raises
        ------
        TooFewCheckSamplesError
            If there is no reading, or ``sep`` is not given and there are not more than 20.
        CheckLogError
            If there are several properties, or a sample is read again and ``repeatability`` is not given.
        """
        if len(set(samples.target_name)) > 1:
            raise CheckLogError(f"Judge one property at a time: of(...) {', '.join(samples.properties)}.")
        reference = LEAST_FOR_SEP if self.sep is None else 0
        if len(samples) <= reference:
            raise TooFewCheckSamplesError(
                f"There are {len(samples)} readings of check samples"
                + (
                    f"; to estimate the SEP, {LEAST_FOR_SEP} are needed before the first is judged. Give sep=, the "
                    "standard error of the validation, and the first reading is judged already."
                    if reference
                    else ": nothing to judge."
                )
            )
        self._check_repeats(samples)
        error = samples.error - self.bias
        sep = 1.0 if self.sep is None else self.sep
        mean, sd = expectations(error, samples.sample, sep=sep, repeatability=self.repeatability)
        known = 0 if self.sep is None else np.inf if self.sep_df is None else self.sep_df
        deviates, scale, df = bias_deviates((error - mean) / sd, known)
        if not (scale[reference:] > 0).all():
            raise CheckLogError(
                "The first check samples have no error at all, so that no SEP can be estimated; are predictions and "
                "references the same column? If not, give sep."
            )
        judged = np.arange(len(samples)) >= reference
        single = norm.isf(1 / (2 * self.arl))
        width = np.where(np.isinf(df), single, t.isf(norm.sf(single), np.maximum(df, 1))) * scale * sd
        return ControlState(
            samples=samples,
            chart=self,
            judged=judged,
            deviates=np.where(judged, deviates, np.nan),
            expected=mean + self.bias,
            limit=np.where(judged, width, np.nan),
            sep=float(scale[-1] * sep),
            series=self._series(deviates[reference:], reference),
        )

    def _check_repeats(self, samples):
        names, counts = np.unique(samples.sample.astype(str), return_counts=True)
        if self.repeatability is not None or not (counts > 1).any():
            return
        error = samples.error
        within = [error[samples.sample == name] for name in names[counts > 1]]
        df = sum(len(values) - 1 for values in within)
        pooled = np.sqrt(sum(((values - values.mean()) ** 2).sum() for values in within) / df)
        raise CheckLogError(
            f"Sample {str(names[np.argmax(counts)])!r} is read {counts.max()} times. Much of its error belongs to the "
            "sample and comes again with each reading, which the charts must know: give repeatability=, the standard "
            f"deviation of repeated readings (in these data {pooled:.3g}, from {df} repeats, any drift included), and "
            "sep=. If these are different samples, give each a name of its own."
        )

    def _series(self, deviates, offset):
        limits, spread, series = self.limits_, spread_deviates(deviates), []
        if "shewhart" in self.charts:
            series += [shewhart(deviates, limits["bias"]["shewhart"]), shewhart_of_groups(deviates, GROUP, self.arl)]
        if "cusum" in self.charts:
            series += [cusum(deviates, *limits["bias"]["cusum"], figure="bias")]
            series += [cusum(spread, *limits["SEP"]["cusum"], figure="SEP")]
        if "ewma" in self.charts:
            series += [ewma(deviates, *limits["bias"]["ewma"], figure="bias")]
            series += [ewma(spread, *limits["SEP"]["ewma"], figure="SEP")]
        for one in series:
            one.at[:] += offset
        return [one for figure in ("bias", "SEP") for one in series if one.figure == figure]
