"""Changes of the published alert configuration that keep what was before."""
