from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

O = "ECS_IMAGE_PULL_BEHAVIOR=once"  # noqa: E741 - stands for the text in many cases below


@pytest.mark.parametrize(
    ("script", "value"),
    [
        (f"echo -e 'ECS_A=b\\n{O}' >> $F", "once"),
        (f"echo -e '{O}\\cxyz' >> $F", "once"),
        (f"echo -n -e '{O}\\x0a' >> $F", "once"),
        (f"echo -eE '{O}\\nECS_A=b' >> $F", "default"),
        (f"echo -x {O} >> $F", "default"),
        (f"printf -- '{O}\\n' >> $F", "once"),
        ("printf -v X %s once\necho ECS_IMAGE_PULL_BEHAVIOR=$X >> $F", "once"),
        ("printf '%s=%b\\n' ECS_IMAGE_PULL_BEHAVIOR 'onc\\x65' >> $F", "once"),
        ("printf 'ECS_IMAGE_PULL_BEHAVIOR=once\\nECS_A=%d%%\\n' 5 >> $F", "once"),
        ("printf 'ECS_IMAGE_PULL_BEHAVIOR=%q\\n' once >> $F", None),
        ("printf 'ECS_IMAGE_PULL_BEHAVIOR=%s%i\\n' once >> $F", "default"),
        ("printf >> $F\nonce", "once"),
        (f"cat - <<< {O} >> $F", "once"),
        (f"echo {O} | cat >> $F", "once"),
        (f"echo {O} > /a\ncat /a /a > $F", "once"),
        ("cat -n /a >> $F\nonce", "once"),
        ("cat /unknown >> $F", None),
        (f"echo {O} | tee /a $F /b", "once"),
        (f"echo {O} | tee --append $F", "once"),
        (f"echo {O} | tee -a $UNKNOWN\nonce", "once"),
        ("tee -a $F", None),
        (f"{{ echo {O} | cat; }} >> $F", "once"),
        ("once\nprintf ECS_CLUSTER= >> $F\ncat /unknown >> $F", None),
        (f"echo {O} > /tmp/ecs.config\ncp -f /tmp/ecs.config /etc/ecs", "once"),
        (f"echo {O} > /tmp/x\ninstall -m 644 /tmp/x $F", "once"),
        (f"echo {O} > /tmp/x\nmv /tmp/x $F", "once"),
        (f"echo {O} > /tmp/x\nmv /tmp/x /tmp/y\ncat /tmp/x >> $F", "default"),
        ("cp /unknown $F", None),
        ("once\ncp $F /tmp/x", "once"),
        ("cp /x\nonce", "once"),
        ("once\nrm -f $F", "default"),
        (f"echo {O} > /tmp/x\nrm /tmp/x /tmp/z\ncat /tmp/x >> $F", "default"),
        ("once\nsed -i s/once/always/ $F", "always"),
        ("once\nsed s/once/always/ $F > /dev/null", "once"),
        ("once\ngrep -v x $F > /tmp/x\nmv /tmp/x $F", "once"),
        ("once\nchmod 644 $F; chown root $F; touch $F; cat $F; source $F", "once"),
        ("curl -o $F https://example.com", None),
        ("dd of=$F", None),
    ],
)
def test_files(config: Callable[[str], str | None], script: str, value: str | None) -> None:
    """What a command writes, copies or removes is followed; what nobody knows makes the file unknown."""
    assert config(script) == value
