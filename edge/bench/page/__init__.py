"""The bench page: stand in front of the simulated cabin with a mouse, a keyboard and four telephones."""
