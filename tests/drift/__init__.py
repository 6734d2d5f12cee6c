"""Months of a camera that gets worse slowly, or does not: what is told, when, and how often for nothing."""
