from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

O = "ECS_IMAGE_PULL_BEHAVIOR=once"  # noqa: E741 - stands for the text in many cases below
F = "/etc/ecs/ecs.config"


@pytest.mark.parametrize(
    ("script", "value"),
    [
        (f"sudo echo {O} >> $F", "once"),
        (f"sudo -u root -- bash -c 'echo {O} >> {F}'", "once"),
        (f"sudo env A=b nohup sh -c 'echo {O} >> {F}'", "once"),
        (f"timeout 10 bash -c 'echo {O} >> {F}'", "once"),
        (f"/usr/bin/sudo /bin/echo {O} >> $F", "once"),
        (f"command echo {O} >> $F", "once"),
        (f"time echo {O} >> $F", "once"),
        (f"eval 'echo {O} >> {F}'", "once"),
        (f"eval echo {O} '>>' {F}", "once"),
        (f"bash -ec 'echo {O} >> {F}'", "once"),
        (f"su - ec2-user -c 'echo {O} >> {F}'", "once"),
        (f"sudo -s <<EOF\necho {O} >> {F}\nEOF", "once"),
        (f"sudo su <<EOF\necho {O} >> {F}\nEOF", "once"),
        (f"bash <<'EOF'\necho {O} >> {F}\nEOF", "once"),
        (f"cat > /opt/x <<'EOF'\necho {O} >> {F}\nEOF\nbash /opt/x", "once"),
        ("bash /opt/unknown\nonce", "once"),
        ("bash -c\nonce", "once"),
        ("bash -c 'exit 0'\nonce", "once"),
        ("bash -c 'cd /x'\necho ECS_IMAGE_PULL_BEHAVIOR=once >> etc/ecs/ecs.config", "once"),
        ("cd /etc\ncd ecs\necho ECS_IMAGE_PULL_BEHAVIOR=once >> ./ecs.config", "once"),
        ("cd\nonce", "once"),
        ("sudo\nonce", "once"),
        ("trap once EXIT\nalways", "once"),
        ("trap once EXIT\ntrap - EXIT\nalways", "always"),
        ("trap once 0\nexit 3", "once"),
        ("trap once ERR\nalways", "always"),
        ("trap once EXIT\nexec true", "default"),
        (f"exec bash -c 'echo {O} >> {F}'\nalways", "once"),
        ("exec 3>&1\nonce", "once"),
        ("exec > /var/log/x 2>&1\nonce", "once"),
        ("set -x; shopt -s nullglob; unset X; declare -r Y=1\nonce", "once"),
    ],
)
def test_commands(config: Callable[[str], str | None], script: str, value: str | None) -> None:
    """Commands that run others, change the directory or end the script are followed."""
    assert config(script) == value


@pytest.mark.parametrize(
    ("script", "behavior"),
    [
        ("once; : > $F", "default"),
        ("once; cat /dev/null > $F", "default"),
        ("once; truncate -s 0 $F", "default"),
        ("once; truncate --size=0 $F", "default"),
        ("once; truncate -s 10 $F", None),
        ("once; rm -rf /etc/ecs", "default"),
        ("once; rm -f /etc/ecs/*.config", "default"),
        ("once; rm -f /etc/ecs/*.json /etc/ec", "once"),
        ("pushd /etc/ecs; echo ECS_IMAGE_PULL_BEHAVIOR=once > ecs.config; popd; rm -f ecs.config", "once"),
        ("cd /etc/ecs; cd /tmp; cd -; echo ECS_IMAGE_PULL_BEHAVIOR=once > ecs.config", "once"),
        ("echo ECS_IMAGE_PULL_BEHAVIOR=once > //etc//ecs/./ecs.config", "once"),
        ("exec >> $F\necho ECS_IMAGE_PULL_BEHAVIOR=once", None),
        ("exec 3>> $F\necho ECS_IMAGE_PULL_BEHAVIOR=once >&3", None),
        ("exec > /var/log/setup.log 2>&1\nonce", "once"),
        ("echo ECS_IMAGE_PULL_BEHAVIOR=once{,} >> $F", "default"),
        ("echo ECS_IMAGE_PULL_BEHAVIOR={once,always} >> $F", "default"),
        ("echo '{a,b}' > /dev/null; mkdir -p /data/{a,b}; once", "once"),
        ("sudo sh -c 'cat >> /etc/ecs/ecs.config' <<E\nECS_IMAGE_PULL_BEHAVIOR=once\nE", "once"),
    ],
)
def test_what_empties_moves_and_redirects(
    config: Callable[[str], str | None], script: str, behavior: str | None
) -> None:
    """Commands that empty ecs.config, change the folder or redirect a whole script are followed, or unknown."""
    assert config(script) == behavior
