"""What tells open pages that something happened."""
