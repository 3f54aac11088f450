"""The versioned API."""
