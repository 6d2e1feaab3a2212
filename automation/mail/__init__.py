"""Mail as it comes in: bytes to what they say. Pure: no database, no network, and nothing here ever raises."""
