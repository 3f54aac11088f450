"""The published schemas as SQLAlchemy Core tables, one module per owner."""
