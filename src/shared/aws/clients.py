"""AWS clients with their timeouts and retries said out loud: the defaults differ between releases of botocore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, InvalidRegionError, NoRegionError, ProfileNotFound

from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime import BedrockRuntimeClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_kms import KMSClient

#: As many connections as turns run at once in one process; more would wait for a free one.
_CONNECTIONS = 64
#: DynamoDB and KMS answer in milliseconds; what takes seconds has failed, and is worth a second try.
_DATA_READ_SECONDS = 5
_DATA_ATTEMPTS = 3
#: The longest silence of a model's stream before it counts as lost.
_MODEL_READ_SECONDS = 30
#: One second try, after a random pause, for throttling and lost connections. Not more: botocore's standard mode counts
#: a read timeout as transient too (``TransientRetryableChecker``) and cannot be told otherwise, so that each attempt
#: may add its whole silence, and pay for the prompt again.
_MODEL_ATTEMPTS = 2


@contextmanager
def _explained() -> Iterator[None]:
    """Raises ``ConfigurationError`` for a region, profile or file of AWS settings that no client can be made from."""
    try:
        yield
    except NoRegionError:
        raise ConfigurationError(
            "No AWS region is set. Set AWS_REGION, such as AWS_REGION=eu-west-1, or give the profile of AWS_PROFILE "
            "a region with: aws configure"
        ) from None
    except InvalidRegionError as error:
        raise ConfigurationError(
            f"{error.kwargs.get('region_name')!r} is not an AWS region; set AWS_REGION to one, such as eu-west-1."
        ) from None
    except ProfileNotFound as error:
        raise ConfigurationError(
            f"There is no AWS profile {error.kwargs.get('profile')!r} here. Set AWS_PROFILE to one of those that "
            "this command lists, or unset it: aws configure list-profiles"
        ) from None
    except (BotoCoreError, ValueError) as error:  # a bad AWS_ENDPOINT_URL is a plain ValueError
        raise ConfigurationError(
            f"No AWS client can be made from the AWS settings found here ({type(error).__name__}). Check AWS_REGION, "
            "AWS_PROFILE, AWS_ENDPOINT_URL and the AWS credentials, or set them up anew with: aws configure"
        ) from None


class AwsClients:
    """Makes clients of one Region. Endpoints and credentials come from where botocore looks for them.

    Everything here raises ``ConfigurationError`` where AWS is not set up; nothing here calls it.
    """

    @_explained()
    def __init__(self, region: str | None) -> None:
        self._session = Session(region_name=region)

    @_explained()
    def dynamodb(self) -> DynamoDBClient:
        """For the conversations table."""
        return self._session.client("dynamodb", config=_config(_DATA_READ_SECONDS, _DATA_ATTEMPTS))

    @_explained()
    def kms(self) -> KMSClient:
        """For the data keys."""
        return self._session.client("kms", config=_config(_DATA_READ_SECONDS, _DATA_ATTEMPTS))

    @_explained()
    def bedrock_runtime(self) -> BedrockRuntimeClient:
        """For the models."""
        return self._session.client("bedrock-runtime", config=_config(_MODEL_READ_SECONDS, _MODEL_ATTEMPTS))


def _config(read_seconds: float, attempts: int) -> Config:
    return Config(
        connect_timeout=3,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=_CONNECTIONS,
    )
