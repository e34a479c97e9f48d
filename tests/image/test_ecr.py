from __future__ import annotations

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.ecr import EcrRegistry, check_account, check_region, registry_kind, repository_arn

ACCOUNT = "111122223333"

PRIVATE = [
    ("dkr.ecr", "us-east-1", "amazonaws.com"),
    ("dkr.ecr", "us-gov-west-1", "amazonaws.com"),
    ("dkr.ecr-fips", "us-east-1", "amazonaws.com"),
    ("dkr-ecr", "ap-southeast-5", "on.aws"),
    ("dkr-ecr-fips", "us-west-2", "on.aws"),
    ("dkr.ecr", "cn-north-1", "amazonaws.com.cn"),
    ("dkr-ecr", "cn-northwest-1", "on.amazonwebservices.com.cn"),
    ("dkr.ecr", "eusc-de-east-1", "amazonaws.eu"),
    ("dkr.ecr", "us-iso-east-1", "c2s.ic.gov"),
    ("dkr.ecr", "us-isob-east-1", "sc2s.sgov.gov"),
    ("dkr.ecr", "eu-isoe-west-1", "cloud.adc-e.uk"),
    ("dkr.ecr", "us-isof-south-1", "csp.hci.ic.gov"),
]


@pytest.mark.parametrize(("service", "region", "suffix"), PRIVATE)
def test_private_hosts(service: str, region: str, suffix: str) -> None:
    """Every form of a private registry's host is read, in any case and with the port spelled out."""
    host = f"{ACCOUNT}.{service}.{region}.{suffix}"
    expected = EcrRegistry(account=ACCOUNT, region=region, service=service, suffix=suffix)
    assert EcrRegistry.of_host(host) == expected
    assert EcrRegistry.of_host(host.upper() + ":443") == expected
    assert str(expected) == host
    assert registry_kind(host) == "ecr"


@pytest.mark.parametrize(
    "host", ["public.ecr.aws", "public.ecr.aws:443", "ecr-public.aws.com", "Public.ECR.aws"]
)
def test_public_hosts(host: str) -> None:
    """Amazon ECR Public is told by either of its hosts."""
    assert registry_kind(host) == "ecr-public"
    assert EcrRegistry.of_host(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "docker.io",
        "",
        "11112222333.dkr.ecr.us-east-1.amazonaws.com",
        "1111222233334.dkr.ecr.us-east-1.amazonaws.com",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com.example.com",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com:8443",
        "111122223333.dkr.ecr.us-east-1.on.aws",
        "111122223333.dkr-ecr.us-east-1.amazonaws.com",
        "111122223333.dkr.ecr..amazonaws.com",
        "111122223333.dkr.ecr.amazonaws.com",
        "x.111122223333.dkr.ecr.us-east-1.amazonaws.com",
        "111122223333xdkr.ecr.us-east-1.amazonaws.com",
        "api.ecr.us-east-1.amazonaws.com",
        "quay.public.ecr.aws",
    ],
)
def test_other_hosts(host: str) -> None:
    """A host that merely resembles Amazon ECR is another registry."""
    assert EcrRegistry.of_host(host) is None
    assert registry_kind(host) == "other"


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-east-1", "eusc-de-east-1", "il-central-1"])
def test_regions(region: str) -> None:
    """A Region's name passes."""
    assert check_region(region) == region


def test_accounts() -> None:
    """An account is twelve digits."""
    assert check_account("011122223333") == "011122223333"
    with pytest.raises(InvalidValueError) as caught:
        check_account("11122223333")
    assert (
        str(caught.value) == "account is malformed: '11122223333'; allowed: 12 digits, such as '111122223333'"
    )


@pytest.mark.parametrize("region", ["", "us-east", "US-EAST-1", "us-east-1a", "us_east_1", "eu-west-1\n"])
def test_malformed_regions(region: str) -> None:
    """What cannot be a Region's name is refused."""
    with pytest.raises(InvalidValueError, match=r"Region is malformed: .*; allowed: a Region's name"):
        check_region(region)


@pytest.mark.parametrize(
    ("image", "arn"),
    [
        (
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.0",
            "arn:aws:ecr:eu-west-1:111122223333:repository/web",
        ),
        (
            "111122223333.dkr-ecr.eu-west-1.on.aws/a/b_c.d@sha256:" + "a" * 64,
            "arn:aws:ecr:eu-west-1:111122223333:repository/a/b_c.d",
        ),
        (
            "${Token[A.1]}.dkr.ecr.${Token[R.2]}.${Token[S.3]}/${Token[P.4]}:1",
            "arn:aws:ecr:${Token[R.2]}:${Token[A.1]}:repository/${Token[P.4]}",
        ),
        ("111122223333.dkr.ecr.eu-west-1.example.com/web:1", None),
        ("11112222333.dkr.ecr.eu-west-1.amazonaws.com/web:1", None),
        ("nginx:1", None),
        ("public.ecr.aws/a/b:1", None),
        ("${Token[WHOLE.1]}", None),
    ],
)
def test_repository_arn(image: str, arn: str | None) -> None:
    """The repository of an image is taken from its name, tokens included."""
    assert repository_arn(image, "aws", unknown=r"\$\{Token\[[^\]]*\]\}") == arn
