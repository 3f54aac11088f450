"""PostgreSQL: one schema, role and migration history per owner."""
