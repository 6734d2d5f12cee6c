"""The lock and permit relays, and the gate that nothing passes while fire or exit is active."""
