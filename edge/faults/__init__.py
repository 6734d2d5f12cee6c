"""Every fault by name, with its cause, what it means for the door, and the remedy."""
