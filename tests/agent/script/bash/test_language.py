"""The language of bash, as far as user data uses it, held against a real bash."""

from __future__ import annotations

from typing import Final

import pytest

from cdk_pull.agent.readers import ecs_config, linux
from tests.agent.linux_texts import B, F, executed

WORDS: Final = (
    ("ONCE", "echo NAME=once >> FILE"),
    ("ALWAYS", "echo NAME=always >> FILE"),
    ("NAME", B),
    ("FILE", F),
)


@pytest.mark.parametrize(
    "script",
    [
        "v() { local x=once; echo $x; }\necho NAME=$(v) >> FILE",
        "x=once; f() { local x=always; }; f; echo NAME=$x >> FILE",
        "x=once; f() { x=always; }; f; echo NAME=$x >> FILE",
        "f() { if true; then return; fi; ALWAYS; }; f; ONCE",
        "f() { return 1; }; f && ALWAYS || ONCE",
        "f() { false; }; if f; then ALWAYS; else ONCE; fi",
        "set -e; false; ALWAYS",
        "set -e\nls /nope && ALWAYS\nONCE",
        "false\nONCE",
        "case prod in p*) ONCE;; *) ALWAYS;; esac",
        "case abc in [a-c]*) ONCE;; esac",
        "for i in 1 2 3; do [ $i = 2 ] && break; ALWAYS; done; ONCE",
        "for i in a b; do case $i in a) continue;; esac; ONCE; done",
        "i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; ONCE",
        "i=0; until [ $i -ge 2 ]; do ((i++)); ONCE; done",
        "declare -A h; h[a]=once; echo NAME=${h[a]} >> FILE",
        "a=(always once); echo NAME=${a[1]} >> FILE",
        'a=(x once); for i in "${a[@]}"; do echo NAME=$i >> FILE; done',
        "x=always; echo NAME=${x/always/once} >> FILE",
        "x=onceX; echo NAME=${x%X} >> FILE",
        "x=; echo NAME=${x:-once} >> FILE",
        "echo NAME=${x:=once} >> FILE; echo NAME=$x >> FILE",
        "x=ONCE; echo NAME=${x,,} >> FILE",
        "echo once | while read v; do echo NAME=$v >> FILE; done",
        "read v <<< once; echo NAME=$v >> FILE",
        "while read v; do echo NAME=$v >> FILE; done <<E\nalways\nonce\nE",
        "printf -v x once; echo NAME=$x >> FILE",
        "x=$(printf once); echo NAME=$x >> FILE",
        "x=$(cat <<E\nonce\nE\n); echo NAME=$x >> FILE",
        "cat > /tmp/zz <<'E'\nONCE\nE\nbash /tmp/zz",
        "trap 'ONCE' EXIT; exit 3",
        "trap 'ONCE' EXIT; trap 'ALWAYS' EXIT",
        "( trap 'ONCE' EXIT; exit 0 )\nALWAYS",
        "exec 3>&1; ONCE",
        "{ ONCE; exit 0; }\nALWAYS",
        "( ONCE; exit 0 )\nALWAYS",
        "true || ALWAYS; ONCE",
        "! true && ALWAYS; ONCE",
        "[ 1 -eq 1 ] && ONCE",
        "[ 2 -gt 10 ] && ALWAYS; ONCE",
        "[[ abc == a* ]] && ONCE",
        "[[ -n '' ]] || ONCE",
        '[ -z "$U" ] && ONCE',
        "if [ -d /etc ]; then ONCE; fi",
        "if command -v bash >/dev/null; then ONCE; fi",
        "test x = x -a y = y && ONCE",
        "x=once y=always; echo NAME=$x >> FILE",
        "x=once; y=$x; x=always; echo NAME=$y >> FILE",
        "eval 'x=once'; echo NAME=$x >> FILE",
        "cd /etc/ecs; echo NAME=once >> ecs.config",
        "echo NAME=once | tee -a FILE >/dev/null",
        "sed -i 's/a/b/' FILE; ONCE",
        "ONCE; sed -i 's/once/always/' FILE",
        "ONCE; sed -i '/NAME/d' FILE",
        "echo -e 'NAME=once\\nX=y' >> FILE",
        "cat <<-E >> FILE\n\tNAME=once\n\tE",
        "f() { cat >> FILE; }; echo NAME=once | f",
        "select x in a; do ALWAYS; break; done < /dev/null; ONCE",
        "for ((i=0;i<2;i++)); do ONCE; done",
        "while true; do ONCE; break; done; ls",
        "until false; do ONCE; break; done",
        "bash -c 'exit 3'; ONCE",
        "bash -c 'exit 3' || ONCE",
        "(exit 1) && ALWAYS; ONCE",
        "x=1; (( x == 1 )) && ONCE",
        "let x=1; ONCE",
        "y() { echo NAME=once; }; y >> FILE",
        "{ echo NAME=always; } > FILE; ONCE",
        "ONCE & wait",
        "f() { ONCE; }; f &\nwait",
        "x='NAME=once'; echo $x >> FILE",
        "echo \"NAME\"='once' >> FILE",
        "IFS==; set -- NAME once; echo $1=$2 >> FILE",
        "set -- once; echo NAME=$1 >> FILE",
        "shift; ONCE",
        "f() { shift; echo NAME=$1 >> FILE; }; f a once",
        "f() { echo NAME=$# >> FILE; }; f a; ONCE",
        "f() { echo NAME=${@: -1} >> FILE; }; f a once",
        "exit\nONCE",
        "return\nONCE",
        "break\nONCE",
        "source /dev/null; ONCE",
        ". <(echo 'v=once'); echo NAME=$v >> FILE",
        "alias e=echo; ONCE",
        "ONCE; > FILE",
        "echo NAME=once > FILE; echo X=y > FILE",
        "install -m 644 /dev/null FILE; ONCE",
        "[ -f FILE ] && ONCE",
        "[ -s FILE ] || ONCE",
        "grep -q NAME FILE || ONCE",
        "ALWAYS; grep -q NAME FILE || ONCE",
        "timeout 5 bash -c 'ONCE'",
        "env X=once bash -c 'echo NAME=$X >> FILE'",
        "X=once bash -c 'echo NAME=$X >> FILE'",
        "export X=once; bash -c 'echo NAME=$X >> FILE'",
        "X=once; bash -c 'echo NAME=$X >> FILE'; ALWAYS",
        "xargs -I% sh -c 'echo NAME=% >> FILE' <<< once",
        "python3 -c \"open('FILE','a').write('NAME=once\\n')\"",
        "awk 'BEGIN{print \"NAME=once\"}' >> FILE",
        "f() { f2; }; f2() { ONCE; }; f",
        "unset x; echo NAME=${x-once} >> FILE",
        "x=$(false) || ONCE",
        "coproc { ls; }; ONCE",
        "if ! grep -q zzz /etc/passwd; then ONCE; fi",
    ],
)
def test_language(script: str) -> None:
    """What the reader claims to know is what a real bash has written.

    In the script, ``ONCE`` and ``ALWAYS`` set the behaviour, whose variable is ``NAME``, in ``FILE``.
    """
    for word, meaning in WORDS:
        script = script.replace(word, meaning)
    text = f"#!/bin/bash\nmkdir -p /etc/ecs\n{script}\n"
    reading = linux.read(text)
    hidden = {each.variable for each in reading.unknown if not each.named_only}
    if B not in hidden and (None not in hidden or B in reading.settings):
        assert reading.settings.get(B, "") == ecs_config.read(executed(text)).settings.get(B, "")
