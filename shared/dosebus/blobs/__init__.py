"""The object store: bytes under the name of their own SHA-256."""
