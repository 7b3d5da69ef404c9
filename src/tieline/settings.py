"""Every setting, with its unit and its reason; `.env.example` is generated from this class."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read by `main` only; everything below it receives plain values."""

    model_config = SettingsConfigDict(env_prefix="TIELINE_", env_file=".env", extra="ignore", frozen=True)

    database_url: Annotated[
        SecretStr | None,
        Field(description="Postgres 15 or newer, postgresql://user:password@host/name. Empty: the embedded server."),
    ] = None
    data_dir: Annotated[Path, Field(description="Where the embedded Postgres and generated secrets live; mode 0700.")] = Path(
        ".tieline"
    )
    auth: Annotated[
        Literal["on", "off"],
        Field(description="off: everyone is an administrator; refused unless listening on loopback."),
    ] = "on"
    host: Annotated[str, Field(description="Address to listen on. Loopback until a front proxy with TLS stands before it.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535, description="TCP port to listen on.")] = 8000
    public_url: Annotated[str, Field(description="How browsers reach us, for links; empty: taken from the request.")] = ""
    allowed_hosts: Annotated[
        str,
        Field(description="Comma-separated Host headers to accept; empty: loopback names only when on loopback, any otherwise."),
    ] = ""
    front_proxies: Annotated[
        str,
        Field(
            description="Comma-separated addresses or CIDR networks of proxies in front whose X-Forwarded-For says where a "
            "request comes from; empty: it comes from whoever connects."
        ),
    ] = ""
    client_cert_proxies: Annotated[
        str,
        Field(
            description="Comma-separated addresses or CIDR networks of proxies in front that verify clients' certificates and "
            "set or delete Client-Cert on every request (deploy/); empty: nobody's word on certificates is believed."
        ),
    ] = ""
    frame_ancestors: Annotated[
        str,
        Field(description="Comma-separated origins (the softphone's) that may show our pages in a frame; empty: none."),
    ] = ""
    private_networks: Annotated[
        str,
        Field(
            description="Comma-separated host=CIDR:port entries for on-premise systems on private addresses, "
            "for example erp.acme.lan=10.2.0.0/16:8443. Only whoever runs the server can set it."
        ),
    ] = ""
    home_region: Annotated[
        str,
        Field(
            pattern=r"^([A-Z]{2})?$",
            description="Country we keep data in, as CN. Connections whose region is another are asked nothing until their "
            "transfer is permitted. Empty: no system counts as abroad.",
        ),
    ] = ""
    outlets: Annotated[
        SecretStr,
        Field(
            description="Comma-separated name=address entries: message brokers that are told what happens, no personal data. "
            "kafka://host:port/topic (extra `bus`), amqps://user:password@host:port/vhost/exchange (`rabbitmq`), "
            "nats+tls://user:password@host:port/subject (`nats`)."
        ),
    ] = SecretStr("")
    sftp_known_hosts: Annotated[
        Path | None,
        Field(
            description="A file like OpenSSH's known_hosts: the keys of the machines that files are brought from and sent to "
            "(sftp://). No other is spoken to. Needs the extra `sftp`."
        ),
    ] = None
    sftp_key_file: Annotated[
        Path | None, Field(description="The private key we sign in with there, without passphrase, mode 0600.")
    ] = None
    sftp_password: Annotated[SecretStr | None, Field(description="The password there, where a key is not to be had.")] = None
    second_person: Annotated[
        str,
        Field(
            description="Actions that somebody else must approve first: all, or a comma-separated list of rules.loosen, "
            "identity.reveal, export.bulk, key.change. Empty: none, for a house of one administrator. Off where auth is off."
        ),
    ] = "all"
    sign_in_file: Annotated[
        Path | None,
        Field(
            description="YAML file of the providers people sign in by (OpenID Connect, WeCom, DingTalk) and of whom they make "
            "which agent, in which role; needs TIELINE_PUBLIC_URL. Empty: personal keys only. See docs/sign-in.md."
        ),
    ] = None
    break_glass_networks: Annotated[
        str,
        Field(
            description="Comma-separated addresses or CIDR networks from which a local administrator (tieline breakglass) may "
            "sign in while the providers are away; empty: from nowhere."
        ),
    ] = ""
    secret_key_file: Annotated[
        Path | None,
        Field(description="32 random bytes, base64, mode 0600, that seal stored secrets. Empty: made in the data directory."),
    ] = None
    pop_deadline_ms: Annotated[
        int,
        Field(ge=200, le=2000, description="Milliseconds after which a pop is declared complete; a line may set its own."),
    ] = 1500
    late_answer_ms: Annotated[
        int, Field(ge=0, le=30_000, description="Milliseconds during which a late answer still patches an open pop.")
    ] = 8000
    body_limit_bytes: Annotated[int, Field(ge=1024, description="Largest request body accepted, in bytes.")] = 1_048_576
    webhook_spool_mib: Annotated[
        int,
        Field(
            ge=0,
            le=65_536,
            description="MiB of webhooks kept in the data directory, sealed, while Postgres is away; 0: they get 503. "
            "The directory must outlive the process.",
        ),
    ] = 64
    requests_per_second: Annotated[
        int,
        Field(ge=0, description="Requests a second that one key, session or address may send to one process; 0: any number."),
    ] = 2000
    sign_ins_per_minute: Annotated[
        int, Field(ge=0, description="Requests a minute from one address to the doors where people sign in; 0: any number.")
    ] = 300
    database_pool_size: Annotated[int, Field(ge=2, le=100, description="Connections to Postgres per process.")] = 10
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(
            description="Least severe level that is written. Unset: commands that end by themselves and the demo write warnings."
        ),
    ] = "info"
    log_format: Annotated[Literal["json", "console"], Field(description="json for machines, console for people.")] = "json"

    @property
    def reached_at(self) -> str:
        """Return our address for links that customers are sent; empty: nobody outside can reach us as we are set up."""
        if self.public_url or not self.port or self.host not in {"127.0.0.1", "localhost", "::1"}:
            return self.public_url
        return f"http://{'[::1]' if self.host == '::1' else self.host}:{self.port}"


def env_example() -> str:
    """Return the text of `.env.example`: every variable with its unit and reason, commented out at its default."""
    lines = ["# Every setting of Tieline. All have a default: copy to .env and uncomment what you change.", ""]
    for name, field in Settings.model_fields.items():
        default = field.default
        lines += [f"# {field.description}", f"# TIELINE_{name.upper()}={'' if default is None else default}", ""]
    return "\n".join(lines)
