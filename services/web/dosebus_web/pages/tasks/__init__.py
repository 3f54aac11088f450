"""The page of everything that runs in the background."""
