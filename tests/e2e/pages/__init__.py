"""Every page in a real browser: the ways through it, what it shows, who can use it, how it looks."""
