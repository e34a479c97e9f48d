"""Which registries are Amazon ECR, the account and Region that their host names hold, and what they cost.

Sources: data/ecr_hosts.json, data/ecr_prices.json.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, NamedTuple

from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.records import dataclass

__all__ = [
    "EcrPrices",
    "EcrRegistry",
    "RegistryKind",
    "check_account",
    "check_region",
    "ecr_mistake",
    "ecr_prices",
    "registry_kind",
    "repository_arn",
]

RegistryKind = Literal["ecr", "ecr-public", "other"]

_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
# The port that a host name may spell out without becoming another registry.
_HTTPS = ":443"


@dataclass(frozen=True, slots=True, kw_only=True)
class EcrRegistry:
    """One private Amazon ECR registry.

    Attributes:
        account: twelve digits.
        region: such as ``eu-west-1``.
        service: ``dkr.ecr``, ``dkr-ecr`` (IPv4 and IPv6), or the FIPS endpoints ``dkr.ecr-fips`` and ``dkr-ecr-fips``.
        suffix: the DNS suffix, such as ``amazonaws.com`` or ``on.aws``.
    """

    account: str
    region: str
    service: str
    suffix: str

    @classmethod
    def of_host(cls, host: str) -> EcrRegistry | None:
        """Return the registry behind a host name, or None when it is not a private Amazon ECR registry."""
        match = _private_host().fullmatch(host.lower().removesuffix(_HTTPS))
        if match is None:
            return None
        account, service, region, suffix = match.groups()
        form = {"service": service, "suffix": suffix}
        return (
            cls(account=account, region=region, **form) if form in facts_of("ecr_hosts")["private"] else None
        )

    @property
    def dual_stack(self) -> bool:
        """Whether its host answers by IPv6, too."""
        return self.service.startswith("dkr-ecr")

    def __str__(self) -> str:
        return f"{self.account}.{self.service}.{self.region}.{self.suffix}"


def registry_kind(host: str) -> RegistryKind:
    """Tell a private Amazon ECR registry, Amazon ECR Public and every other registry apart."""
    if EcrRegistry.of_host(host):
        return "ecr"
    return "ecr-public" if host.lower().removesuffix(_HTTPS) in facts_of("ecr_hosts")["public"] else "other"


def ecr_mistake(host: str) -> str:
    """Return what is wrong with a host that is named as a private Amazon ECR registry is; empty where it is none, or right."""
    match = _like_private_host().fullmatch(host.lower().removesuffix(_HTTPS))
    if match is None or EcrRegistry.of_host(host):
        return ""
    account, region = match.groups()
    if re.fullmatch("[0-9]{12}", account, re.ASCII) is None:
        return f"{account!r} is not an account of twelve digits" if account else "the account is missing"
    return (
        ""
        if re.fullmatch(_REGION, region)
        else f"{region!r} is not a Region"
        if region
        else "the Region is missing"
    )


def check_region(region: str) -> str:
    """Return a Region's name.

    Raises:
        InvalidValueError: for a string that cannot be one.
    """
    if not (isinstance(region, str) and re.fullmatch(_REGION, region)):
        raise InvalidValueError("Region is malformed", region, allowed="a Region's name, such as 'eu-west-1'")
    return region


def check_account(account: str) -> str:
    """Return an AWS account's number.

    Raises:
        InvalidValueError: for a string that cannot be one.
    """
    if not (isinstance(account, str) and re.fullmatch("[0-9]{12}", account, re.ASCII)):
        raise InvalidValueError("account is malformed", account, allowed="12 digits, such as '111122223333'")
    return account


class EcrPrices(NamedTuple):
    """US dollars in us-east-1, for an order of magnitude.

    Attributes:
        storage: of one GB for a month.
        transfer: of one GB to another Region; within the Region it is free.
    """

    storage: float
    transfer: float


@cache
def ecr_prices() -> EcrPrices:
    """Return what Amazon ECR costs."""
    prices = facts_of("ecr_prices")
    return EcrPrices(prices["storage_gb_month"], prices["transfer_to_another_region_gb"])


def repository_arn(image: str, partition: str, *, unknown: str = "") -> str | None:
    """Return the ARN of the repository of an image in private Amazon ECR; None for any other image.

    Args:
        image: its name.
        partition: of the ARN.
        unknown: a regular expression for a piece that only the deployment knows, such as a token of CDK. It stands for an
            account, a Region, a DNS suffix, or any part of the repository's name.
    """
    host, _, rest = image.partition("/")
    found = _private_host(unknown).fullmatch(host)
    piece = f"|(?:{unknown})" if unknown else ""
    name = re.fullmatch(rf"((?:[a-z0-9._/-]{piece})+)(?:[:@].*)?", rest, re.DOTALL)
    if found is None or name is None:
        return None
    account, _, region, _ = found.groups()
    return f"arn:{partition}:ecr:{region}:{account}:repository/{name[1]}"


def _alternatives(key: str) -> str:
    forms = {re.escape(form[key]) for form in facts_of("ecr_hosts")["private"]}
    return "|".join(sorted(forms, key=len, reverse=True))


@cache
def _private_host(unknown: str = "") -> re.Pattern[str]:
    services, suffixes = map(_alternatives, ("service", "suffix"))
    piece = f"|(?:{unknown})+" if unknown else ""
    return re.compile(rf"([0-9]{{12}}{piece})\.({services})\.({_REGION}{piece})\.({suffixes}{piece})")


@cache
def _like_private_host() -> re.Pattern[str]:
    services, suffixes = map(_alternatives, ("service", "suffix"))
    return re.compile(rf"([^/]*?)\.?(?:{services})\.?([^/]*?)\.?(?:{suffixes})")
