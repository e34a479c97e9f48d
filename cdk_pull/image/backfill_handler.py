"""The Lambda function that copies what was pushed before replication; CloudFormation asks it.

It signs its requests itself: the SDK of the Lambda runtime may be older than the operation.
"""

import json
import os
import urllib.request
from typing import Any
from urllib.error import HTTPError

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

__all__ = ["handler"]

_TARGET = "AmazonEC2ContainerRegistry_V20150921.StartReplicationBackfill"
_TYPE = "application/x-amz-json-1.1"


def handler(event: dict[str, Any], _: Any) -> None:
    """Start a backfill for each destination, and tell CloudFormation how it went."""
    status, reason = "SUCCESS", "nothing to do"
    try:
        if event["RequestType"] != "Delete":
            wanted = event["ResourceProperties"]["Destinations"]
            before = event.get("OldResourceProperties", {})
            same = event["ResourceProperties"].get("Filters") == before.get("Filters")
            known = before.get("Destinations", []) if same else []
            reason = "; ".join(_start(each) for each in wanted if each not in known) or reason
    except Exception as error:  # noqa: BLE001 - CloudFormation would wait for an hour
        status, reason = "FAILED", f"{type(error).__name__}: {error}"
    body = {
        "Status": status,
        "Reason": reason[:1000],
        "PhysicalResourceId": event.get("PhysicalResourceId", "cdk-pull-backfill"),
        **{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own
        event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"
    )
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - the same


def _start(destination: dict[str, str]) -> str:
    """Start one backfill; one that is under way is as good."""
    where = f"{destination['registryId']} in {destination['region']}"
    region = os.environ["AWS_REGION"]
    suffix = os.environ.get("URL_SUFFIX", "amazonaws.com")
    url = os.environ.get("AWS_ENDPOINT_URL_ECR", f"https://api.ecr.{region}.{suffix}")
    signed = AWSRequest(
        "POST",
        url,
        data=json.dumps({"destination": destination}).encode(),
        headers={"Content-Type": _TYPE, "X-Amz-Target": _TARGET},
    )
    credentials = boto3.Session().get_credentials()
    if credentials is None:
        raise RuntimeError("no credentials")
    SigV4Auth(credentials, "ecr", region).add_auth(signed)
    request = urllib.request.Request(url, signed.data, dict(signed.headers), method="POST")  # noqa: S310 - Amazon ECR
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
            found = json.load(answer)
    except HTTPError as error:
        text = error.read().decode(errors="replace")
        if "ReplicationBackfillInProgress" in text:
            return f"a backfill to {where} is under way"
        raise RuntimeError(f"backfill to {where}: {error.code} {text}") from None
    return f"backfill {found.get('replicationBackfillId', '')} to {where} is {found.get('status', 'started')}"
