"""The table: what the cabin does about everything that can happen. Pure."""
