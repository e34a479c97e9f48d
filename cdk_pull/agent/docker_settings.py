"""Docker's settings on an instance that matter to a pull: what user data merges into daemon.json.

Docker reads them when it starts, and how many layers it downloads at once also when it is reloaded, so that it does not
matter whether it runs already. Sources: data/ec2_pre_pull.json. cloud-init, which runs user data, is written in Python, so
that there is a Python on every instance that runs these commands.
"""

from __future__ import annotations

from typing import Final

from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.records import dataclass

__all__ = ["DOWNLOADS_KEY", "DockerCommands"]

DOWNLOADS_KEY: Final = "max-concurrent-downloads"
"""The key in daemon.json."""

_MARKER: Final = "# cdk-pull: Docker downloads up to "

# Docker does not start where a flag and the file have the same key: a flag of the AMI's stays as it is.
_LINUX: Final = """\
# cdk-pull: Docker downloads up to {downloads} layers of an image at once. A failure fails nothing.
(
set +eu
say() {{ echo "cdk-pull: $*"; }}
if grep -qs -e --{key} /etc/sysconfig/docker; then say "/etc/sysconfig/docker has --{key}: left as it is"; exit; fi
mkdir -p /etc/docker
"$(command -v python3 || command -v python)" -c '
import json, os
path = "{path}"
text = open(path).read() if os.path.exists(path) else ""
settings = json.loads(text) if text.strip() else dict()
settings["{key}"] = {downloads}
text = json.dumps(settings, indent=2)
with open(path, "w") as file: file.write(text)
' 2>/dev/null || {{ say "{path} cannot be read as a JSON object: left as it is"; exit; }}
say "{key} is {downloads} in {path}"
if systemctl is-active -q docker; then timeout 30 systemctl reload docker || say "Docker does not reload"; fi
) || :
"""


@dataclass(frozen=True, slots=True)
class DockerCommands:
    """The commands that set how many layers of one image Docker downloads at once.

    Attributes:
        max_concurrent_downloads: from 1; Docker's own default is 3.

    Raises:
        InvalidValueError: if it is not a whole number from 1.
    """

    max_concurrent_downloads: int

    def __post_init__(self) -> None:
        value, least = (
            self.max_concurrent_downloads,
            facts_of("ec2_pre_pull")["max_concurrent_downloads"]["minimum"],
        )
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InvalidValueError(
                "invalid max_concurrent_downloads", value, allowed=f"a whole number from {least}"
            )

    def linux(self) -> str:
        """Return the lines of a shell script: all else in daemon.json stays as it is."""
        return _LINUX.format(
            downloads=self.max_concurrent_downloads,
            key=DOWNLOADS_KEY,
            path=facts_of("ec2_pre_pull")["daemon_json"]["linux"],
        )

    def is_in(self, user_data: str) -> bool:
        """Tell whether user data has the commands already."""
        return _MARKER in user_data
