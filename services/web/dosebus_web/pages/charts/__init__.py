"""The chart pages."""
