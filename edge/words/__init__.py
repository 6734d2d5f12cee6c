"""Every word that people read or hear, in every language."""
