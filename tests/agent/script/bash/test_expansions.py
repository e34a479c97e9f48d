"""What bash computes out of variables, arrays, numbers and lines, held against a real bash."""

from __future__ import annotations

import shlex
import subprocess
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.agent.readers import ecs_config, linux
from tests.agent.linux_texts import B, F, executed

PUT: Final = f'put() {{ echo "{B}=$1" >> {F}; }}\n'


@pytest.mark.parametrize(
    "script",
    [
        # Parameters and their operators.
        'v=ONCE; put "${v,,}"',
        'v=once; v=${v^^}; put "${v,}"',
        'v=prefer_cached; put "${v/_/-}"',
        'v=p_r_e; put "${v//_/-}"',
        'v=a/once; put "${v#*/}"',
        'v=a/b/once; put "${v##*/}"',
        'v=once.env.x; put "${v%%.*}"',
        'v=once.env; put "${v%.env}"',
        'v=xonce; put "${v:1}"',
        'v=oncex; put "${v:0:4}"',
        'v=xonce; put "${v: -4}"',
        'v=oncexx; put "${v:0:-2}"',
        'v=; put "${v:-once}"',
        'v=x; put "${v:+once}"',
        'v=; put "${v:+always}"',
        'v=once; put "${v:?missing}"',
        ': ${v:=once}; put "$v"',
        'v=once; : ${v:=always}; put "$v"',
        'w=once; put "${v:-${w}}"',
        'x=once; n=x; put "${!n}"',
        'v=once; put "${#v}"',
        "v=always; unset v; put ${v:-once}",
        'v="once always"; put $v',
        'v="once always"; put "$v"',
        'printf -v v %s%s on ce; put "$v"',
        "v=once,always; IFS=,; put $v",
        "IFS=,; set -- $(echo always,once); unset IFS; put $2",
        # Arguments.
        'set -- a once; put "$#"',
        'f() { put "$2"; }; set -- always "on ce"; f "$@"',
        "f() { put \"$2\"; }; set -- 'a b' once; f $@",
        'f() { put "$1"; }; set -- once always; f "$*"',
        'f() { while [ $# -gt 1 ]; do shift; done; put "$1"; }; f a b once',
        'put "$#"',
        # Arrays.
        'a=(always once); put "${a[1]}"',
        'a=(always once); put "${a[-1]}"',
        'a=(x y); i=1; a[i]=once; put "${a[$i]}"',
        'a=(x); a+=(once y); put "${a[1]}"',
        'a=(on ce); put "${#a[@]}"',
        'a=("on ce" x); put "${a[0]}"',
        'a=(once x); put "$a"',
        'a=(on ce); IFS=; put "${a[*]}"',
        'a=(prefer cached); IFS=-; put "${a[*]}"',
        'a=(always once); for v in "${a[@]}"; do put $v; done',
        'a=(always once); for i in "${!a[@]}"; do put "${a[$i]}"; done',
        'declare -A s=([x]=once ["y"]=always); put "${s[x]}"',
        'declare -A s; s[one]=once; k=one; put "${s[$k]}"',
        'declare -A s=([x]=once); for k in "${!s[@]}"; do put "${s[$k]}"; done',
        'f() { local a=(always); }; a=(once); f; put "${a[0]}"',
        'f() { local -a a=(once); put "${a[@]}"; }; f',
        "mapfile -t a < <(printf 'always\\nonce\\n'); put \"${a[1]}\"",
        'readarray -t a <<EOF\nalways\nonce\nEOF\nput "${a[1]}"',
        "read -ra a <<< 'always once'; put \"${a[1]}\"",
        "put {always,once}",
        "for i in {1..3}; do put $i; done",
        "for i in on{ce,e}; do put $i; break; done",
        # Numbers.
        "put $((2 * 3 - 1))",
        "i=7; put $((i / 2 % 2))",
        "i=1; ((i++)); put $i",
        "i=1; ((i += 4)); put $i",
        "i=3; put $((i--)); put $i",
        "n=10; if (( n > 9 )); then put once; else put always; fi",
        "n=10; if (( n < 9 )); then put always; else put once; fi",
        "n=10; if [ $n -lt 9 ]; then put always; else put once; fi",
        "n=10; [[ $n -ge 10 && $n -le 10 ]] && put once",
        "n=2; ((n > 1 && n < 3)) && put once",
        "n=4; ((n > 1 && n < 3)) || put once",
        "n=9; ((n < 3 || n == 9)) && put once",
        "n=5; ((n < 3 || n == 9)) || put once",
        "for ((i = 0; i < 3; i++)); do put $i; done",
        "for ((i = 0; i < 3; i++)); do [ $i = 1 ] && continue; put $i; done",
        "for ((i = 3; i; i--)); do put $i; done",
        "i=0; while [ $i -lt 60 ]; do i=$((i + 1)); done; put once",
        "i=0; while ((i < 3)); do ((i++)); done; put $i",
        "put once; for ((i = 0; i < 0; i++)); do put always; done",
        # Conditions.
        "v=t3.large; [[ $v == t3.* ]] && put once",
        'v=t3.large; [[ $v == "t3.*" ]] && put always || put once',
        "v=t3.large; [[ $v != m5.* ]] && put once",
        "case $(date) in *) put once;; esac",
        # Lines.
        'read -r v <<< once; put "$v"',
        "read a b <<< 'x once y'; put \"$b\"",
        "v=always; read v <<< once; put $v",
        "IFS=: read -r a b <<< x:once; put $b",
        "read -r -p x -a a <<< 'once b'; put ${a[0]}",
        "IFS=:, read -r a b c <<< 'x:y,once'; put $c",
        "IFS=' :' read -r a b <<< 'x : once'; put $b",
        "read a <<< 'o\\nce'; put $a",
        'while IFS== read -r k v; do put "$v"; done <<EOF\na=always\nb=once\nEOF',
        "printf 'always\\nonce\\n' | while read -r v; do put $v; done",
        "printf 'once\\nalways' > /etc/ecs/l; while read -r v; do put $v; done < /etc/ecs/l",
        "printf 'always\\nonce' > /etc/ecs/l; while read -r v || [ -n \"$v\" ]; do put $v; done < /etc/ecs/l",
        "while read -r v; do put $v; break; done < <(printf 'once\\nalways\\n')",
        "cat <(echo a=b) > /etc/ecs/l; put once",
        f"cat <(echo {B}=once) >> {F}",
        "while IFS=, read -r a b; do put $b; done <<< 'x,once'",
        # Cases that go on.
        "case a in a) x=1;& b) put once;; esac",
        "case ab in a*) put always;;& *b) put once;; esac",
        "case ab in a*) put once;;& *c) put always;; esac",
        "case a in a) put always;& b) x=1;;& a) put once;; esac",
        # Loops inside loops.
        "for a in 1 2; do for b in once always; do put $b; break 2; done; done",
        "for a in 1 2; do for b in once always; do put $b; continue 2; done; done",
        "for a in 1 2; do while true; do put once; break 2; done; put always; done",
        "for a in once always; do for b in 1; do continue 2; done; put always; done; put once",
        # Filters.
        "put \"$(printf 'always\\nonce\\n' | tail -n 1)\"",
        "put \"$(printf 'always\\nonce\\nx\\n' | tail -n 2 | head -1)\"",
        "put \"$(printf 'once\\nalways\\n' | head -1)\"",
        "put \"$(printf 'once\\nalways\\n' | head -n1)\"",
        "put \"$(printf 'a\\nb\\nonce\\n' | tail -n +3)\"",
        "put \"$(printf 'always\\nonce\\n' | grep -v ^al)\"",
        "put \"$(printf 'always\\nonce\\n' | grep -E '^(on|x)ce?')\"",
        'put "$(echo ONCE | tr A-Z a-z)"',
        'put "$(echo prefer_cached | tr _ -)"',
        'put "$(echo a:once:b | cut -d: -f2)"',
        'put "$(echo a:once:b | cut -d : -f 2-)"',
        'put "$(echo b25jZQ== | base64 -d)"',
        "put \"$(echo xonce | sed 's/^x//')\"",
        "put \"$(echo a-b-c | sed -e 's/-/_/g' -e 's/c$/d/')\"",
        "put \"$(echo once=x | sed -E 's/([a-z]+)=([a-z])/\\2\\1/')\"",
        f"echo {B}=always >> {F}; sed -i 's/^\\({B}\\)=.*/\\1=once/' {F}",
        f"echo {B}=always >> {F}; sed -i.bak 's/always/once/' {F}",
        f"echo {B}=always >> {F}; sed -i 's|always|once|;s/x/y/' {F}",
        f"echo {B}=always >> {F}; sed -i '/^{B}=/d' {F}",
        f"echo {B}=always >> {F}; sed -i '/{B}/c {B}=once' {F}",
        f"echo A=b >> {F}; sed -i '$a {B}=once' {F}",
        f"echo {B}=once >> {F}; grep -v BEHAVIOR {F} > /etc/ecs/x; mv /etc/ecs/x {F}",
        'put "$(for i in 1 2 3 4 5 6 7 8 9 10 once x; do echo $i; done | head | tail -1)"',
        "put \"$(printf 'always\\nonce\\n' | grep -e once)\"",
        "put \"$(printf 'always\\nonce\\n' | sed 1d)\"",
        "put \"$(printf 'a\\nb\\nonce\\n' | sed -e 2d | head -2 | tail -1)\"",
        'put "$(echo a:b:once | cut -f 3- -d :)"',
        'put "$(echo a:b:once:d | cut -f3 -d:)"',
        'put "$(echo abc | cut -d: -f2)"',
        'put "$(echo o.n.c.e | tr -d .)"',
        'put "$(echo xoncey | tr -d yx)"',
        'put "$(echo ONCE | tr "[:upper:]" "[:lower:]")"',
        # What read makes of a line.
        "IFS=: read -r a v <<< 'x:once'; put \"$v\"",
        "IFS=', ' read -r a b c <<< 'x , once , y'; put \"$b\"",
        "IFS=, read -r a b <<< ' x, once'; put \"$b\"",
        "read -ra w <<< 'a once'; put \"${w[1]}\"",
        'read -p prompt v <<< once; put "$v"',
        "IFS= read -r v <<< ' once'; put \"$v\"",
        "read -r a b <<< 'x once  y '; put \"$b\"",
        # One value as an array of one.
        'v=once; put "${v[@]}"',
        'v=once; put "${#v[@]}"',
        # Where lines come from and go to.
        f"install -m 644 /dev/stdin {F} <<EOF\n{B}=once\nEOF",
        f"echo {B}=once | dd of={F} status=none",
        f"flock /etc/ecs/lock -c 'echo {B}=once >> {F}'",
        f"setsid sh -c 'echo {B}=once >> {F}'",
    ],
)
def test_computed(script: str) -> None:
    """What bash computes is known, and is what a real bash has written."""
    text = f"#!/bin/bash\nmkdir -p /etc/ecs\ntouch {F}\n{PUT}{script}\n"
    reading = linux.read(text)
    assert [each for each in reading.unknown if not each.named_only] == []
    assert reading.settings.get(B, "") == ecs_config.read(executed(text)).settings.get(B, "")


@pytest.mark.parametrize(
    "script",
    [
        "v=always; read v < /etc/hostname; put $v",
        "read -t 1 v <<< once; put $v",
        "{ read a; read b; } <<< once; put $b",
        "a=($(curl x)); put ${a[1]}",
        "a=(x); a+=($(curl x)); put ${a[1]}",
        "mapfile -t a < <(curl x); put ${a[0]}",
        "put $((RANDOM % 2))",
        "a=(once always); put ${a[$((RANDOM % 2))]}",
        "put $((0x10))",
        "v=$(curl x); put ${v,,}",
        "v=$(curl x); put ${v#a}",
        "v=once; put ${v//?/x}",
        "v=once; put ${v@Q}",
        "for ((i = 0; i < n; i++)); do put always; done; put $(curl x)",
        "while read -r v; do put $v; done < <(curl x)",
        "put $(printf 'a\\nb\\n' | sed -n 2p)",
        "put $(echo aaaa | sed -E 's/(a+)+$/b/')",
        "put $(echo once | tr -s c)",
        "put $(echo once | tr -d a-c)",
        "put $(echo once | tr -d '[:digit:]')",
        'put "$(echo ONCE | tr A-Z A-Z)"',
        'v=once; put "${v[0]}"',
        "read -n 2 v <<< once; put $v",
        "read -d c v <<< once; put $v",
        "put $(echo pnce | tr n-p m-o)",
        "put $(curl x | head -1)",
        "v=once; [[ $v =~ ^(o+)+$ ]] && put once",
        f"python3 - <<EOF\nopen('{F}', 'a').write('{B}=once')\nEOF",
        f"perl -e 'open F, \">>{F}\"'",
    ],
)
def test_not_computed(script: str) -> None:
    """What cannot be known, or is not followed, is unknown rather than wrong."""
    text = f"#!/bin/bash\n{PUT}{script}\n"
    assert linux.read(text).effective[B] is None


letters = st.text("ab.-_/ 01", max_size=6)
operators = st.sampled_from(["#", "##", "%", "%%", "/", "//", ",,", "^^", ":", ":-", ":+", "-", "+"])


@settings(max_examples=60, deadline=None)
@given(letters, st.lists(st.tuples(operators, st.text("ab*?.-0", max_size=3)), min_size=8, max_size=8))
def test_operators(value: str, expansions: list[tuple[str, str]]) -> None:
    """An operator makes of a value what it makes in a real bash, or is not computed."""
    lines = [f"v={shlex.quote(value)}"]
    lines += [f'echo "{number}=${{v{one}{other}}}"' for number, (one, other) in enumerate(expansions)]
    real = subprocess.run(
        ["bash"], input="\n".join(lines), capture_output=True, text=True, check=False, timeout=20
    )
    marked = linux.read("\n".join(["#!/bin/bash", *(f"{one} >> {F}" for one in lines)]))
    del marked  # it must not raise
    for number, (one, other) in enumerate(expansions):
        script = f'#!/bin/bash\nv={shlex.quote(value)}\necho "{B}=x${{v{one}{other}}}" >> {F}\n'
        found = linux.read(script)
        put = next((each for each in real.stdout.splitlines() if each.startswith(f"{number}=")), None)
        if put is not None and found.effective[B] is not None:
            assert found.settings[B] == f"x{put.partition('=')[2]}".strip()
