"""The exports pages."""
