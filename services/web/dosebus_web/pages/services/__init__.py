"""The services pages."""
