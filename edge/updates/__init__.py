"""A newer version from a signed repository, beside the one that runs, and back again. Never near the door."""
