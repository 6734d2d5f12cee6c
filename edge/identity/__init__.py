"""Who is enrolled: the gallery, its key, and how often a card's owner may be asked. Off by default."""
