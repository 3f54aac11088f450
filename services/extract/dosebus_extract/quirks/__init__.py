"""What vendors do otherwise, as declared rows."""
