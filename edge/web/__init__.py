"""What every page stands on: requests, guards, live parts, the frame of a page. Knows nothing of cabins"""
