"""The tables that other services than their owner may read, as SQLAlchemy Core tables."""
