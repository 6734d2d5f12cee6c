"""The words of the pages, one file a page with all its languages."""
