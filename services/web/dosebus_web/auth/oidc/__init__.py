"""Sign-in by the hospital's identity provider (OpenID Connect Core 1.0, authorization code flow with PKCE)."""
