from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_pull.agent.readers import linux

if TYPE_CHECKING:
    from collections.abc import Callable

N = "ECS_IMAGE_PULL_BEHAVIOR"


@pytest.mark.parametrize(
    ("script", "value"),
    [
        (f"echo {N}=on'ce' >> $F", "once"),
        (f'echo "{N}"=o"n"ce >> $F', "once"),
        (f"echo {N}=on\\ce >> $F", "once"),
        (f"echo {N}=on\\\nce >> $F", "once"),
        (f"echo $'{N}=\\x6fnce' >> $F", "once"),
        (f"echo $'{N}=\\157nce' >> $F", "once"),
        (f"echo $'{N}=\\u006fnce\\q' >> $F", "default"),
        (f'A=once\necho "{N}=${{A}}" >> $F', "once"),
        (f"A=on; A+=ce\necho {N}=$A >> $F", "once"),
        (f"A=\necho {N}=${{A:-once}} >> $F", "once"),
        (f"A=\necho {N}=${{A-once}} >> $F", "default"),
        (f'echo {N}="${{A:-on}}ce" >> $F', "once"),
        (f"A=once\necho {N}=${{A:-always}} >> $F", "once"),
        (f"A=once\necho {N}=${{A#x}} >> $F", "once"),
        (f"echo {N}=$((1+1)) >> $F", "default"),
        (f"A=' {N}=once '\necho $A >> $F", "once"),
        (f"A=' {N}=once '\necho \"$A\" >> $F", "once"),
        (f"A='{N}=a  b'\necho $A >> $F; always", "always"),
        (f"f() {{ echo $1=$2 >> $F; }}\nf {N} once", "once"),
        (f"A=' once '\nprintf '{N}=%s\\n' $A >> $F", "once"),
        (f"g() {{ ls; }}\nf() {{ g x; echo {N}=$1 >> $F; }}\nf once", "once"),
        (f"f() {{ echo {N}=${{1:-always}}${{2:-ce}} >> $F; }}\nf on", "once"),
        (f"f() {{ echo $* >> $F; }}\nf {N}=once", "once"),
        (f"f() {{ echo $9 >> $F; }}\nf {N}=once", None),
        (f"echo {N}=$(echo once) >> $F", "once"),
        (f"echo {N}=`echo once` >> $F", "once"),
        (f"echo {N}=$(if [ -f x ]; then echo once; else echo always; fi) >> $F", None),
        (f"cat <<EOF >> $F\n{N}=`echo once`\nEOF", None),
        (f"cat <<EOF >> $F\n{N}=on\\\nce\nEOF", "once"),
        (f"cat <<\\EOF >> $F\n{N}=$A\nEOF", "default"),
        (f"cat <<EOF >> $F\nEOF\necho {N}=once >> $F", "once"),
        (f"cat <<EOF >> $F && once\n{N}=always\nEOF", "once"),
        (f"cat <<EOF | tee -a $F | cat\n{N}=once\nEOF", "once"),
        (f"cat <<EOF |\n{N}=once\nEOF\ntee -a $F", None),
        (f"cat <<A <<B >> $F\n{N}=once\nA\n{N}=always\nB", None),
        (f'echo {N}=once >> "$F" 2>> /dev/null', "once"),
        (f"echo {N}=once 2>> $F", "default"),
        (f"echo {N}=once >&2 >> $F", "once"),
        (f"echo {N}=once >> $F >&2", "default"),
        (f"echo {N}=once &>> $F", "once"),
        (f"> $F echo {N}=once", "once"),
        (f"cat < $F\n>> $F echo {N}=once", "once"),
        (f"echo {N}=once >> $UNKNOWN", "default"),
        (f"echo {N}=once > >(tee -a $F)", "default"),
        (f"echo {N}=once > /tmp/x\ncat < /tmp/x >> $F", "once"),
        (f"printf 'ECS_A=b\\n' >> $F && echo {N}=once >> $F || exit 1", "once"),
        (f"echo x | grep y || echo {N}=once >> $F", None),
    ],
)
def test_words(config: Callable[[str], str | None], script: str, value: str | None) -> None:
    """Quotes, variables, here-documents and redirections have bash's meaning; what is not computed is unknown."""
    assert config(script) == value


def test_names_that_may_be_meant() -> None:
    """A name with an unknown piece makes those variables unknown that it may be."""
    reading = linux.read(
        "#!/bin/bash\necho ECS_IMAGE_PULL_${X}=1 >> /etc/ecs/ecs.config\necho ${Y}_CHECK=1 >> /etc/ecs/ecs.config"
    )
    assert [each.variable for each in reading.unknown] == [
        "ECS_IMAGE_PULL_BEHAVIOR",
        "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT",
        "ECS_IMAGE_PULL_TIMEOUT",
        "ECS_WARM_POOLS_CHECK",
    ]
