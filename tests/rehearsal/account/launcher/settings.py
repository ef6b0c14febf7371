"""What the launcher is told at start, as a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

#: The account and the Region of the rehearsal. The stand-ins of the contract tests use the same.
ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Settings:
    """Ports are on loopback; files stand in ``folder``."""

    folder: str
    port: int
    proxy_port: int
    registry_port: int
    bedrock_port: int
    certificate: str
    runtime_python: str
    access_key: str
    secret_key: str

    @property
    def endpoint(self) -> str:
        """Where the AWS CLI and every client find the account."""
        return f"http://127.0.0.1:{self.port}"

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)))

    @staticmethod
    def load(file: Path) -> Settings:
        return Settings(**json.loads(file.read_text()))

    def log(self, name: str) -> Path:
        """A log of JSON lines: ``calls``, ``functions``, ``refusals``."""
        return Path(self.folder) / f"{name}.jsonl"

    def client_environment(self) -> dict[str, str]:
        """What a script or a function needs to find the account where AWS would be, without any credentials."""
        proxy = f"http://127.0.0.1:{self.proxy_port}"
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "HTTP_PROXY": proxy,
            "http_proxy": proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SSL_CERT_FILE": self.certificate,
            "CURL_CA_BUNDLE": self.certificate,
            "AWS_CA_BUNDLE": self.certificate,
            "REQUESTS_CA_BUNDLE": self.certificate,
        }
