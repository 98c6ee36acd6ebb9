"""Reference data: read from CSV files, checked whole, then merged into what agents have edited."""

from centres.reference.loading import Outcome, load
from centres.reference.tables import BadReference

__all__ = ["BadReference", "Outcome", "load"]
