"""Every word that people read or hear, a file a language: SMS texts, prompts and the page."""
