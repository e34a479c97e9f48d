"""Which registries are Amazon ECR, and the account and Region that their host names hold.

Source: data/ecr_hosts.json.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from cdk_pull.errors import InvalidValueError

__all__ = ["EcrRegistry", "RegistryKind", "check_region", "registry_kind"]

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
        return cls(account=account, region=region, **form) if form in _facts()["private"] else None

    def __str__(self) -> str:
        return f"{self.account}.{self.service}.{self.region}.{self.suffix}"


def registry_kind(host: str) -> RegistryKind:
    """Tell a private Amazon ECR registry, Amazon ECR Public and every other registry apart."""
    if EcrRegistry.of_host(host):
        return "ecr"
    return "ecr-public" if host.lower().removesuffix(_HTTPS) in _facts()["public"] else "other"


def check_region(region: str) -> str:
    """Return a Region's name.

    Raises:
        InvalidValueError: for a text that cannot be one.
    """
    if not re.fullmatch(_REGION, region):
        raise InvalidValueError("Region is malformed", region, allowed="a Region's name, such as 'eu-west-1'")
    return region


@cache
def _private_host() -> re.Pattern[str]:
    alternatives = {
        key: "|".join(sorted({re.escape(form[key]) for form in _facts()["private"]}, key=len, reverse=True))
        for key in ("service", "suffix")
    }
    return re.compile(rf"([0-9]{{12}})\.({alternatives['service']})\.({_REGION})\.({alternatives['suffix']})")


@cache
def _facts() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(
        files("cdk_pull.data").joinpath("ecr_hosts.json").read_text(encoding="utf-8")
    )
    return facts
