"""Texts out and in: each one arrives in time, or is given up by name."""
