"""The incidents on the page: a list to search in, and each one as a story with its film."""
