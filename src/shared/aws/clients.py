"""AWS clients with their timeouts and retries said out loud: the defaults differ between releases of botocore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boto3.session import Session
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, InvalidRegionError, NoRegionError, ProfileNotFound

from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from types_boto3_bedrock_agent_runtime import AgentsforBedrockRuntimeClient
    from types_boto3_bedrock_runtime import BedrockRuntimeClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_kms import KMSClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_s3vectors import S3VectorsClient
    from types_boto3_sqs import SQSClient

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
#: The longest silence while a file comes or goes.
_FILE_READ_SECONDS = 20
#: Vectors and scores are computed; each answers within a second or two, or has failed.
_SEARCH_READ_SECONDS = 10
_SEARCH_ATTEMPTS = 2
#: A function that starts cold and wakes the index up takes this long. Who calls it waits until a deadline of its own.
_FUNCTION_READ_SECONDS = 60
#: Signatures of version 4, over the Region's own host, in us-east-1 too: signed URLs would else name the global one,
#: which sends a client on to the Region for a day after the bucket was made, and there the signature does not fit.
#: The web page's security policy allows the Region's host only.
_SIGNED_URLS = Config(
    signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
)


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
    def credentials(self) -> ReadOnlyCredentials | None:
        """The credentials as they are now, for what is no AWS client; renewed where they are about to expire."""
        found = self._session.get_credentials()
        return found.get_frozen_credentials() if found else None

    @_explained()
    def dynamodb(self) -> DynamoDBClient:
        """For the tables of conversations and documents."""
        return self._session.client("dynamodb", config=_config(_DATA_READ_SECONDS, _DATA_ATTEMPTS))

    @_explained()
    def kms(self) -> KMSClient:
        """For the data keys."""
        return self._session.client("kms", config=_config(_DATA_READ_SECONDS, _DATA_ATTEMPTS))

    @_explained()
    def bedrock_runtime(self) -> BedrockRuntimeClient:
        """For the models."""
        return self._session.client("bedrock-runtime", config=_config(_MODEL_READ_SECONDS, _MODEL_ATTEMPTS))

    @_explained()
    def bedrock_agent_runtime(self) -> AgentsforBedrockRuntimeClient:
        """For ordering passages anew."""
        return self._session.client("bedrock-agent-runtime", config=_config(_SEARCH_READ_SECONDS, _SEARCH_ATTEMPTS))

    @_explained()
    def s3(self) -> S3Client:
        """For the bucket of documents."""
        return self._session.client("s3", config=_config(_FILE_READ_SECONDS, _DATA_ATTEMPTS).merge(_SIGNED_URLS))

    @_explained()
    def s3vectors(self) -> S3VectorsClient:
        """For an index in a vector bucket."""
        return self._session.client("s3vectors", config=_config(_SEARCH_READ_SECONDS, _DATA_ATTEMPTS))

    @_explained()
    def sqs(self) -> SQSClient:
        """For the queue of ingestion."""
        return self._session.client("sqs", config=_config(_DATA_READ_SECONDS, _DATA_ATTEMPTS))

    @_explained()
    def lambda_(self) -> LambdaClient:
        """For the function that searches."""
        return self._session.client("lambda", config=_config(_FUNCTION_READ_SECONDS, _SEARCH_ATTEMPTS))


def _config(read_seconds: float, attempts: int) -> Config:
    return Config(
        connect_timeout=3,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=_CONNECTIONS,
    )
