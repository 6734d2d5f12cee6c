"""Observations over time into facts: who is there, what of the face is seen, what is wrong."""

from edge.judge.judge import Fact, Judge

__all__ = ["Fact", "Judge"]
