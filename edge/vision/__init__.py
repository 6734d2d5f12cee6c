"""One frame into one observation: what is seen, nothing of doors."""
