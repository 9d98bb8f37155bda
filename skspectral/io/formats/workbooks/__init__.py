"""Workbooks cell by cell, with what their cells say beyond their values."""

from .sheets import read_sheets

__all__ = ["read_sheets"]
