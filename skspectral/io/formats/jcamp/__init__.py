"""JCAMP-DX files."""

from ._blocks import looks_like_jcamp, read_jcamp

__all__ = ["looks_like_jcamp", "read_jcamp"]
