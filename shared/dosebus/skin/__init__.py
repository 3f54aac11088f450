"""What extract writes and web reads of skin dose maps."""
