"""A security key as staff plug into a computer, in memory: its signatures are real, and the test
decides whether it was unlocked by its owner or only touched."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from centres.models import User

ORIGIN, HOST = "http://localhost:8000", "localhost"
FLAG = AuthenticatorData.FLAG


class SecurityKey:
    def __init__(self, owner: User) -> None:
        self.owner, self.id = owner, sha256(owner.email.encode()).digest()
        self._private = ec.generate_private_key(ec.SECP256R1())
        data = {"name": "ma clé", "credential": self._credential()}
        Authenticator.objects.create(user=owner, type="webauthn", data=data)

    def _named(self, response: dict[str, str]) -> dict[str, Any]:
        name = websafe_encode(self.id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}

    def _credential(self) -> dict[str, Any]:
        public = ES256.from_cryptography_key(self._private.public_key())
        known = AttestedCredentialData.create(bytes(16), self.id, public)
        flags = FLAG.UP | FLAG.UV | FLAG.AT
        data = AuthenticatorData.create(sha256(HOST.encode()).digest(), flags, 0, known)
        client = CollectedClientData.create("webauthn.create", b"challenge", ORIGIN)
        attested = AttestationObject.create("none", data, {})
        return self._named(
            {"clientDataJSON": client.b64, "attestationObject": websafe_encode(attested)}
        )

    def sign(self, challenge: str, *, is_unlocked: bool = True) -> str:
        """What the browser posts of a challenge."""
        flags = FLAG.UP | FLAG.UV if is_unlocked else FLAG.UP
        data = AuthenticatorData.create(sha256(HOST.encode()).digest(), flags, 1)
        client = CollectedClientData.create("webauthn.get", challenge, ORIGIN)
        signature = self._private.sign(data + client.hash, ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": client.b64,
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": websafe_encode(user_pk_to_url_str(self.owner).encode()),
        }
        return json.dumps(self._named(response))
