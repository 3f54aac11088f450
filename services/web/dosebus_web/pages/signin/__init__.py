"""The signin pages."""
