"""What image headers tell of dose."""
