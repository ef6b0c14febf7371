"""AWS clients with their timeouts and retries said out loud: the defaults differ between releases of botocore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boto3.session import Session
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime import BedrockRuntimeClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_kms import KMSClient

_ATTEMPTS = 3
#: As many connections as turns run at once in one process; more would wait for a free one.
_CONNECTIONS = 64
#: DynamoDB and KMS answer in milliseconds; what takes seconds has failed, and is worth a second try.
_DATA_READ_SECONDS = 5


class AwsClients:
    """Makes clients of one Region. Endpoints and credentials come from where botocore looks for them."""

    def __init__(self, region: str | None) -> None:
        self._session = Session(region_name=region)

    def dynamodb(self) -> DynamoDBClient:
        """For the conversations table."""
        return self._session.client("dynamodb", config=_config(_DATA_READ_SECONDS))

    def kms(self) -> KMSClient:
        """For the data keys."""
        return self._session.client("kms", config=_config(_DATA_READ_SECONDS))

    def bedrock_runtime(self, read_seconds: float) -> BedrockRuntimeClient:
        """For the models; ``read_seconds`` is the longest silence of a stream."""
        return self._session.client("bedrock-runtime", config=_config(read_seconds))


def _config(read_seconds: float) -> Config:
    return Config(
        connect_timeout=3,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        max_pool_connections=_CONNECTIONS,
    )
