"""Tokens of people with scopes that are groups, attempts by kind and name, and an audit log that only grows."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TOKENS = """
ALTER TABLE web.api_token ADD COLUMN created_by text,
    ADD COLUMN account_id bigint REFERENCES web.account (id) ON DELETE CASCADE;
CREATE INDEX ix_web_api_token_account_id ON web.api_token (account_id);
UPDATE web.api_token SET scopes = array_replace(scopes, 'read', 'view');
"""

ATTEMPTS = """
ALTER TABLE web.sign_in_attempt ADD COLUMN kind text DEFAULT 'password' NOT NULL, ADD COLUMN name_digest text;
CREATE INDEX sign_in_attempt_name_at ON web.sign_in_attempt (name_digest, at);
"""

AUDIT = """
CREATE INDEX audit_username ON web.audit (username, id DESC);
CREATE INDEX audit_subject ON web.audit (subject, id DESC);
CREATE FUNCTION web.audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log only grows';
END $$;
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON web.audit
    FOR EACH STATEMENT EXECUTE FUNCTION web.audit_only_grows();
"""


def upgrade() -> None:
    """Change the tables."""
    op.execute(TOKENS)
    op.execute(ATTEMPTS)
    op.execute(AUDIT)
