"""Checks that any transfer estimator, ours or yours, must pass."""

from ._discovery import all_estimators, all_transfer_estimators
from .checks import CHECKS, check_transfer_estimator

__all__ = ["CHECKS", "all_estimators", "all_transfer_estimators", "check_transfer_estimator"]
