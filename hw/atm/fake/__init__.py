"""A simulated machine at the other end of the wire."""
