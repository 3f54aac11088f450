"""The `web` schema: accounts, sessions, tokens, saved views and the audit log. No other service reads it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

SCHEMA = "web"
metadata = sa.MetaData(schema=SCHEMA)
Instant = sa.DateTime(timezone=True)

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("username", sa.Text, nullable=False, unique=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("groups", ARRAY(sa.Text), nullable=False),
    sa.Column("locale", sa.Text, nullable=False, server_default="en"),
    sa.Column("theme", sa.Text, nullable=False, server_default="auto"),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("must_change_password", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("failed_sign_ins", sa.Integer, nullable=False, server_default="0"),
    sa.Column("locked_until", Instant),
    sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("last_sign_in_at", Instant),
    sa.Column("oidc_issuer", sa.Text),
    sa.Column("oidc_subject", sa.Text),
    sa.CheckConstraint("username = lower(username)", name="account_username_lower"),
    sa.UniqueConstraint("oidc_issuer", "oidc_subject", name="account_oidc_person"),
)
"""Who may sign in. `oidc_issuer` and `oidc_subject`: who it is at an identity provider; such an account has no
password."""

oidc_sign_in = sa.Table(
    "oidc_sign_in",
    metadata,
    sa.Column("state_hash", sa.Text, primary_key=True),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("verifier", sa.Text, nullable=False),
    sa.Column("go_on", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
)
"""Sign-ins that were begun at an identity provider and wait for their answer."""

session = sa.Table(
    "session",
    metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("csrf_token", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("last_seen_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("address", sa.Text),
    sa.Column("user_agent", sa.Text),
)
"""A signed-in browser. The cookie's value is kept only as SHA-256."""

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("token_hash", sa.Text, nullable=False, unique=True),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("expires_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.Column("last_used_at", Instant),
    sa.Column("created_by", sa.Text),
    sa.Column("account_id", sa.ForeignKey(account.c.id, ondelete="CASCADE"), index=True),
)
"""What programs send instead of a password. `scopes` are groups. A token with an account is that person's and never
may more than the person; one without belongs to a service."""

sign_in_attempt = sa.Table(
    "sign_in_attempt",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, server_default="password"),
    sa.Column("name_digest", sa.Text),
    sa.Index("sign_in_attempt_address_at", "address", "at"),
    sa.Index("sign_in_attempt_name_at", "name_digest", "at"),
)
"""What failed (`password`, `oidc`, `token`) an address, and sign-ins that were begun elsewhere (`oidc-begun`), so that
guessing over many names is slowed too. `name_digest`: the first letters of a digest of the name that was typed, so
that names nobody has lock as those of accounts do."""

saved_view = sa.Table(
    "saved_view",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("account_id", sa.ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("listing", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.UniqueConstraint("account_id", "listing", "name"),
)

option = sa.Table(
    "option",
    metadata,
    sa.Column("account_id", sa.ForeignKey(account.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", JSONB, nullable=False),
)
"""What somebody chose to see, by the name of the choice: `columns.ct`, `charts.rf`, `home`."""

private_search = sa.Table(
    "private_search",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("listing", sa.Text, nullable=False),
    sa.Column("items", JSONB, nullable=False),
    sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
)
"""What somebody searched for that must not stand in an address: accession numbers, patient IDs and names."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("address", sa.Text),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text),
    sa.Column("details", JSONB, nullable=False, server_default="{}"),
    sa.Index("audit_at", sa.text("at DESC"), sa.text("id DESC")),
    sa.Index("audit_username", "username", sa.text("id DESC")),
    sa.Index("audit_subject", "subject", sa.text("id DESC")),
)
"""Who did what. `subject` and `details` hold ids and settings, never patient data. A trigger refuses every change of
what stands."""

standard_name_rejection = sa.Table(
    "standard_name_rejection",
    metadata,
    sa.Column("modality_type", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("raw_key", sa.Text, primary_key=True),
    sa.Column("standard_name_id", sa.BigInteger, primary_key=True, autoincrement=False),
)
"""Suggested standard names that somebody turned down. Without a foreign key: a name that was deleted may come back."""

standard_name_change = sa.Table(
    "standard_name_change",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("modality_type", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("steps", JSONB, nullable=False),
    sa.Column("undoes", sa.ForeignKey("web.standard_name_change.id"), unique=True),
    sa.Index("standard_name_change_of_kind", "modality_type", "kind", sa.text("id DESC")),
)
"""Every change of standard names with what each row was and became, so that it can be undone exactly."""

size_upload = sa.Table(
    "size_upload",
    metadata,
    sa.Column("upload_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("web.account.id", ondelete="CASCADE"), nullable=False),
    sa.Column("blob_key", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("uploaded_at", Instant, nullable=False, server_default=sa.func.now()),
)
"""Tables of patient sizes that were uploaded and not yet imported: only who uploaded one may see it."""
