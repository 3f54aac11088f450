"""The identity provider: what it tells of itself, and the exchange of a code for claims."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.deprecate import AuthlibDeprecationWarning
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import KeySet

from dosebus_web.settings import WebSettings

with warnings.catch_warnings():
    # Authlib prefers the successor of httpx; the house has one HTTP client, and this still takes it.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import OAuth2Client, OAuthError

SECONDS = 10.0
AWAY_SECONDS = 5.0
"""A provider that did not answer is not asked again for so long."""
LEEWAY_S = 60
"""How far the clocks of two servers may be apart."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key pair; a token signed with our own secret proves nothing about the provider."""
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class ProviderError(Exception):
    """The provider cannot be reached or says what cannot be believed. The text is for the log: it quotes no claim."""


@dataclass(frozen=True)
class Request:
    """A sign-in that was begun: where the browser goes, and what its answer must fit."""

    url: str
    state: str
    verifier: str


class Provider:
    """One provider, found by its issuer address.

    What it tells of itself is fetched once, its keys again when a token is signed with one that is not known.
    Raises ValueError for an issuer without HTTPS that is not on this machine.
    """

    def __init__(self, issuer: str, client_id: str, client_secret: str, scopes: str) -> None:
        if not _trusted(issuer):
            raise ValueError("the issuer of OpenID Connect must be an https address")
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._scopes = scopes
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] | None = None
        self._keys: KeySet | None = None
        self._away_until = 0.0

    def metadata(self) -> Mapping[str, Any]:
        """OpenID Connect Discovery 1.0, section 4. Raises ProviderError."""
        with self._lock:
            if self._metadata is None:
                # Who waits for a provider that is away must not hold up everybody else who asks.
                if time.monotonic() < self._away_until:
                    raise ProviderError("the provider did not answer a moment ago")
                self._away_until = time.monotonic() + AWAY_SECONDS
                found = _fetch(f"{self._issuer}/.well-known/openid-configuration")
                if str(found.get("issuer", "")).rstrip("/") != self._issuer:
                    raise ProviderError("the provider names another issuer than the one that is configured")
                self._metadata, self._away_until = found, 0.0
            return self._metadata

    def begin(self, redirect_uri: str, *, nonce: str, verifier: str) -> Request:
        """The address at which the person signs in. Raises ProviderError."""
        endpoint = self._endpoint("authorization_endpoint")
        with self._client(redirect_uri) as client:
            url, state = client.create_authorization_url(endpoint, code_verifier=verifier, nonce=nonce)
        return Request(url, state, verifier)

    def finish(self, redirect_uri: str, *, code: str, verifier: str, nonce: str) -> Mapping[str, Any]:
        """The claims of the person whose code this is, checked by signature, issuer, audience, time and nonce.

        Claims of the UserInfo endpoint are added where the token lacks them. Raises ProviderError.
        """
        endpoint = self._endpoint("token_endpoint")
        try:
            with self._client(redirect_uri) as client:
                token = client.fetch_token(endpoint, code=code, code_verifier=verifier)
                claims = self._claims(token, nonce)
                return {**self._userinfo(client, claims["sub"]), **claims}
        except (httpx.HTTPError, OAuthError, JoseError, ValueError, KeyError) as error:
            claim = f" of {error.claim}" if isinstance(error, ClaimError) else ""
            raise ProviderError(f"the exchange failed: {type(error).__name__}{claim}") from error

    def sign_out_url(self) -> str | None:
        """Where one signs out of the provider too; None where it offers nothing or does not answer."""
        try:
            url = self.metadata().get("end_session_endpoint")
        except ProviderError:
            return None
        return url if isinstance(url, str) and _trusted(url) else None

    def _client(self, redirect_uri: str) -> OAuth2Client:
        method = _auth_method(self.metadata())
        return OAuth2Client(
            client_id=self._client_id,
            client_secret=self._client_secret,
            token_endpoint_auth_method=method,
            scope=self._scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=SECONDS,
        )

    def _endpoint(self, name: str) -> str:
        endpoint = self.metadata().get(name)
        if not isinstance(endpoint, str):
            raise ProviderError(f"the provider tells no {name}")
        if not _trusted(endpoint):
            raise ProviderError(f"the provider's {name} is no https address")
        return endpoint

    def _claims(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        text = token["id_token"]
        try:
            read = jwt.decode(text, self._key_set(), algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            # The provider may have changed its keys since they were fetched.
            read = jwt.decode(text, self._key_set(fresh=True), algorithms=list(ALGORITHMS))
        options = {
            "iss": {"essential": True, "value": self.metadata()["issuer"]},
            "aud": {"essential": True, "value": self._client_id},
        }
        params = {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(read.claims, read.header, options, params)
        claims.validate(leeway=LEEWAY_S)
        return dict(claims)

    def _key_set(self, *, fresh: bool = False) -> KeySet:
        uri = self._endpoint("jwks_uri")
        with self._lock:
            if self._keys is None or fresh:
                self._keys = KeySet.import_key_set(_fetch(uri))  # type: ignore[arg-type]
            return self._keys

    def _userinfo(self, client: OAuth2Client, subject: str) -> dict[str, Any]:
        endpoint = self.metadata().get("userinfo_endpoint")
        if not isinstance(endpoint, str) or not _trusted(endpoint):
            return {}
        answer = client.get(endpoint)
        if answer.status_code != 200 or "json" not in answer.headers.get("content-type", ""):
            return {}
        told = answer.json()
        # OpenID Connect Core 5.3.2: what is told of another subject must not be used.
        return told if isinstance(told, dict) and told.get("sub") == subject else {}


def provider_of(settings: WebSettings) -> Provider | None:
    """The provider of the settings, if one is named. Raises ValueError for an issuer that cannot be trusted."""
    if not settings.oidc_issuer:
        return None
    secret = settings.oidc_client_secret.get_secret_value()
    return Provider(settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_scopes)


def _trusted(address: str) -> bool:
    """Whether an address is reached by HTTPS, or on this machine by HTTP."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL_HOSTS)


def _auth_method(metadata: Mapping[str, Any]) -> str:
    offered = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"


def _fetch(url: str) -> dict[str, Any]:
    try:
        answer = httpx.get(url, timeout=SECONDS, headers={"accept": "application/json"})
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderError(f"the provider does not answer: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise ProviderError("the provider's answer is no JSON object")
    return found
