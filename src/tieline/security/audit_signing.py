"""Signs the checkpoints of the audit chain with a key that never enters the database; anybody can check with the public half.

Source: Ed25519, RFC 8032.
"""

from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tieline.domain.audit_chain import Checkpoint
from tieline.security.secret_box import SecretBox

PURPOSE = "audit checkpoints"


class AuditSigner:
    """Signs as this installation."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def of(cls, box: SecretBox) -> Self:
        """Derive the key from the installation's own."""
        return cls(Ed25519PrivateKey.from_private_bytes(box.derive(PURPOSE)))

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Return the signature of what a checkpoint states."""
        return self._key.sign(checkpoint.statement)

    @property
    def checker(self) -> "AuditChecker":
        """Return the public half."""
        return AuditChecker(self._key.public_key())


class AuditChecker:
    """Tells genuine checkpoints from others."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read a public key as `text` writes it. Raises: ValueError."""
        return cls(Ed25519PublicKey.from_public_bytes(bytes.fromhex(written)))

    @property
    def text(self) -> str:
        """Return the public key in hexadecimal digits, 64 of them."""
        return self._key.public_bytes_raw().hex()

    def __call__(self, checkpoint: Checkpoint) -> bool:
        """Say whether this installation signed a checkpoint."""
        try:
            self._key.verify(checkpoint.signature, checkpoint.statement)
        except InvalidSignature:
            return False
        return True
