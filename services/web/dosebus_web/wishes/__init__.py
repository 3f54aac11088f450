"""What people and programs ask other services for: the same for pages and API."""
