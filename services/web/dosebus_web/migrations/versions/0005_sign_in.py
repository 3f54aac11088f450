"""Sign-in by an identity provider."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let accounts belong to a person at a provider, and keep sign-ins that were begun there."""
    op.execute("""
ALTER TABLE web.account ADD COLUMN oidc_issuer text, ADD COLUMN oidc_subject text,
    ADD CONSTRAINT account_oidc_person UNIQUE (oidc_issuer, oidc_subject);
CREATE TABLE web.oidc_sign_in (
    state_hash text NOT NULL, nonce text NOT NULL, verifier text NOT NULL, go_on text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL, PRIMARY KEY (state_hash)
);
""")
