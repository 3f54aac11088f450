"""The pages of patient sizes."""
