"""The objects pages."""
