"""The hash-chained record: what it has answered survives any power cut."""
