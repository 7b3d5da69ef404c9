"""A certificate authority for tests: certificates for a front and for the machines that call it."""

import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tieline.kit.clock import utc_now

DAY = timedelta(days=1)


@dataclass
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        return f"sha256:{self.certificate.fingerprint(hashes.SHA256()).hex()}"

    def bundle(self, path: Path) -> Path:
        path.write_bytes(self.pem + self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return path

    def context(self, trusted: Path, folder: Path) -> ssl.SSLContext:
        """What a client that shows this certificate connects with."""
        context = ssl.create_default_context(cafile=trusted)
        context.load_cert_chain(self.bundle(folder / f"{self.certificate.serial_number}.pem"))
        return context


@dataclass
class Authority:
    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def subject(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    def root(self) -> Issued:
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        builder = self._builder(self.subject, self.key).add_extension(constraints, critical=True)
        return Issued(builder.sign(self.key, hashes.SHA256()), self.key)

    def issue(self, name: str, *, uris: tuple[str, ...] = (), address: str = "", ends_in: timedelta = DAY) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri) for uri in uris]
        names += [x509.IPAddress(ip_address(address))] if address else []
        builder = self._builder(subject, key, ends_in=ends_in)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return Issued(builder.sign(self.key, hashes.SHA256()), key)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ends_in: timedelta = DAY
    ) -> x509.CertificateBuilder:
        now = utc_now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now - DAY, now + ends_in - DAY))
            .not_valid_after(now + ends_in)
        )
