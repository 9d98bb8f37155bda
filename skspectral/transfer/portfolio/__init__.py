"""Many closed-form models at once, weighted by a prior and by what the standards say."""

from ._constants import portfolio_hash
from ._portfolio import TransferPortfolio

__all__ = ["TransferPortfolio", "portfolio_hash"]
