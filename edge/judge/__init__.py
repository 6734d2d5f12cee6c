"""Observations over time into facts: who is there, what of the face is seen, what is wrong."""
