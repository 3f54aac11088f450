"""The studies pages."""
