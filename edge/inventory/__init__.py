"""What a version is made of, and which published weaknesses hit it. Reads files alone, asks no network."""
