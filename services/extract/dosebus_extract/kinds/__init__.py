"""One module per kind of object."""
