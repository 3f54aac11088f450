"""The pages of standard names."""
