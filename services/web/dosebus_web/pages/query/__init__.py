"""The query pages."""
