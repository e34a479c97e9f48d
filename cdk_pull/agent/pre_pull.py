"""The commands that pull images on an instance before the ECS agent takes tasks.

The agent starts after user data has ended, so that an image that user data pulls is on the instance before the first
task, and under ``prefer-cached`` no task pulls it again. The commands end within their time whatever a registry does,
and fail nothing: an image that could not be pulled is pulled by its task, as without them.

Sources: the ECS-optimized Amazon Linux 2023 AMI has Docker and no AWS CLI; Amazon Linux has
``amazon-ecr-credential-helper`` in its own repositories; the ECS-optimized Windows AMIs have the AWS Tools for
PowerShell.
"""

from __future__ import annotations

import json
from typing import Final

from cdk_pull.agent.pieces import known_parts
from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

__all__ = ["BOOTSTRAP", "PrePull"]

BOOTSTRAP: Final = "settings.bootstrap-containers.cdk-pull"
"""The table of the bootstrap container in Bottlerocket's user data."""

_PLAIN: Final = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")

_MARKER: Final = "# cdk-pull: pull images before the ECS agent "

# A blank after each brace that a percent sign or a number sign would follow: Jinja's statements and comments begin so.
_LINUX: Final = """\
# cdk-pull: pull images before the ECS agent takes tasks. Ends within {seconds} s; a failure fails nothing.
(
set +eu
exec </dev/null
say() {{ echo "cdk-pull: $*"; }}
end=$(( $(date +%s) + {seconds} ))
bounded() {{ left=$(( end - $(date +%s) )); [ "$left" -gt 0 ] || return 124; timeout -k 2 "$left" "$@"; }}
bounded systemctl start docker || say "Docker does not start"
set -- {images}
export DOCKER_CONFIG=/run/cdk-pull
mkdir -p "$DOCKER_CONFIG"
helpers=
for image; do case ${{image%%/*}} in *.dkr[.-]ecr[.-]*) helpers="$helpers,\\"${{image%%/*}}\\":\\"ecr-login\\"";; esac; done
if [ -n "$helpers" ]; then
printf '{{"credHelpers":{{ %s }}}}' "${{helpers#,}}" > "$DOCKER_CONFIG/config.json"
command -v docker-credential-ecr-login >/dev/null || bounded dnf install -y -q amazon-ecr-credential-helper \\
|| {{ amazon-linux-extras enable docker && bounded yum install -y -q amazon-ecr-credential-helper; }} >/dev/null 2>&1 \\
|| say "amazon-ecr-credential-helper cannot be installed: images of Amazon ECR are left to their tasks"
fi
for image; do
(
start=$(date +%s)
out=$(bounded docker pull -q "$image" 2>&1)
case $? in
0) say "pulled $image in $(( $(date +%s) - start )) s";;
124|137) say "stopped pulling $image after $(( $(date +%s) - start )) s: its task pulls it";;
*) say "cannot pull $image: $out: its task pulls it";;
esac
) &
done
wait
rm -rf "$DOCKER_CONFIG"
) || :
"""

_WINDOWS: Final = """\
# cdk-pull: pull images before the ECS agent starts. Ends within {seconds} s; a failure fails nothing.
& {{
$ErrorActionPreference = 'Continue'
$end = (Get-Date).AddSeconds({seconds})
$images = @({images})
try {{
foreach ($name in ($images | ForEach-Object {{ ($_ -split '/')[0] }} | Where-Object {{ $_ -match '\\.dkr[.-]ecr[.-]' }} | Select-Object -Unique)) {{
(Get-ECRLoginCommand -Region ($name -split '\\.')[3] -RegistryId ($name -split '\\.')[0]).Password | docker login --username AWS --password-stdin $name 2>&1 | Out-Null
}}
}} catch {{ Write-Host "cdk-pull: cannot log in to Amazon ECR: $_" }}
$jobs = $images | ForEach-Object {{ Start-Job -Name $_ -ArgumentList $_ -ScriptBlock {{ param($image) docker pull -q $image 2>&1; if ($LASTEXITCODE) {{ throw "status $LASTEXITCODE" }} }} }}
$left = [int][Math]::Max(1, ($end - (Get-Date)).TotalSeconds)
Wait-Job -Job $jobs -Timeout $left | Out-Null
foreach ($job in $jobs) {{ Write-Host "cdk-pull: $($job.Name): $($job.State)" }}
Remove-Job -Job $jobs -Force
}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrePull:
    """Images to pull when an instance boots.

    Attributes:
        images: exactly as the task definitions name them; marks and CDK's tokens may be in them.
        within_seconds: when to stop pulling, from 10 to 1,800.
        bottlerocket_image: of the bootstrap container that pulls them on Bottlerocket; empty where there is none.

    Raises:
        InvalidValueError: if there is no image, an image holds what no image name can, or the time is out of bounds.
    """

    images: tuple[str, ...]
    within_seconds: int
    bottlerocket_image: str = ""

    def __post_init__(self) -> None:
        if not self.images:
            raise InvalidValueError("no image to pull", (), allowed="at least one image name")
        for image in (*self.images, *([self.bottlerocket_image] if self.bottlerocket_image else [])):
            if not _PLAIN.fullmatch("x".join(known_parts(image))):
                raise InvalidValueError(
                    "invalid image name",
                    image,
                    allowed="the name as in the task definition, such as 'nginx:1.27'",
                )
        bounds = facts_of("ec2_pre_pull")["within_seconds"]
        if not bounds["minimum"] <= self.within_seconds <= bounds["maximum"]:
            raise InvalidValueError(
                "invalid within",
                f"{self.within_seconds} s",
                allowed=f"{bounds['minimum']} s to {bounds['maximum']} s",
            )

    def linux(self) -> str:
        """Return the lines of a shell script on Amazon Linux 2023 or 2."""
        return _LINUX.format(seconds=self.within_seconds, images=self._quoted(" "))

    def windows(self) -> str:
        """Return the lines of PowerShell, for before ``Initialize-ECSAgent``."""
        return _WINDOWS.format(seconds=self.within_seconds, images=self._quoted(", "))

    def bottlerocket(self) -> str:
        """Return what the bootstrap container reads as its user data: JSON, before base64."""
        found = {"images": list(dict.fromkeys(self.images)), "within_seconds": self.within_seconds}
        # Marks have to stay as they are.
        return json.dumps(found, ensure_ascii=False)

    def is_in(self, user_data: str) -> bool:
        """Tell whether user data has a pre-pull already."""
        return _MARKER in user_data or BOOTSTRAP in user_data

    def _quoted(self, between: str) -> str:
        # Nothing that the pattern admits ends a quotation, in bash or in PowerShell.
        return between.join(f"'{image}'" for image in dict.fromkeys(self.images))
