"""Hours of normal use through the whole program: what it says although nothing happened."""
