"""The pictures from before and after an incident, hashed, in limited time and space."""
