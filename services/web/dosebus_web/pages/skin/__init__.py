"""The skin dose page."""
