from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_pull.agent.readers.linux import read
from cdk_pull.agent.script.bash.world import ECS_CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("if [ -f x ]; then once; fi", None),
        ("if [ -f x ]; then once; elif [ -f y ]; then once; else once; fi", "once"),
        ("if [ -f x ]; then once; elif [ -f y ]; then always; else once; fi", None),
        ("if false; then always; elif false; then always; else once; fi", "once"),
        ("if [ -f x ]; then exit 1; fi\nonce", "once"),
        ("if [ -f x ]; then exit 0; fi\nonce", None),
        ("if [ -f x ]; then\nonce\nelse\nexit 1\nfi", "once"),
        ("case b in a) always;; b|c) once;; *) always;; esac", "once"),
        ("case b in a) always;; esac\nonce", "once"),
        ("case $X in a) once;; *) once;; esac", "once"),
        ("case $X in a) ls;; *) ls;; esac\nonce", "once"),
        ("case b in x) always;; 'b') once; esac", "once"),
        ("for i in 1 2; do once; done", "once"),
        ("for i in once always; do echo ECS_IMAGE_PULL_BEHAVIOR=$i >> $F; done", "always"),
        ("for i in once always; do echo ECS_IMAGE_PULL_BEHAVIOR=$i >> $F; break; done", "once"),
        ("for i in always once; do if [ $i = always ]; then continue; fi; $i; done", "once"),
        ("for i in *; do once; done", None),
        ("for i in $LIST; do once; done", None),
        ("for i in $LIST; do ls; done\nonce", "once"),
        ("for i in; do always; done\nonce", "once"),
        ("for ((i=0;i<3;i++)); do once; done", "once"),
        ("while true; do once; break; done", "once"),
        ("until curl -s x; do sleep 1; done\nonce", "once"),
        ("while read line; do echo $line >> $F; done < /x\nonce", "once"),
        (
            "once() { return; always; }\nonce\nonce() { echo; }\necho ECS_IMAGE_PULL_BEHAVIOR=once >> $F",
            "once",
        ),
        ("exit\nonce", "default"),
        ("(exit 0; always)\nonce", "once"),
        ("(cd /x; A=1)\nonce", "once"),
    ],
)
def test_ways(config: Callable[[str], str | None], script: str, value: str | None) -> None:
    """Where all the ways that a script may go agree there is a value; where they differ it is unknown."""
    assert config(script) == value


def test_too_many_ways(config: Callable[[str], str | None]) -> None:
    """A script that branches too often to follow is unknown, and known again from the next line on."""
    branches = "".join(f"if [ -f {number} ]; then echo A={number} >> $F; fi\n" for number in range(8))
    assert config(branches) is None
    assert config(f"{branches}once") == "once"


def test_what_the_grammar_does_not_know(config: Callable[[str], str | None]) -> None:
    """A command after a here-document's beginning, which the grammar takes for no command, makes the file unknown."""
    assert config("cat <<E >> /etc/ecs/ecs.config; once\nA=b\nE\n") is None


def test_too_many_ways_after_one_that_ended() -> None:
    """A way that has ended does not make what follows unreachable."""
    ways = "".join(f"if [ -f {number} ]; then A{number}=1; fi\n" for number in range(8))
    script = f"#!/bin/bash\nif [ -f ready ]; then exit 0; fi\n{ways}echo ECS_IMAGE_PULL_BEHAVIOR=once >> {ECS_CONFIG}\n"
    assert read(script).warnings == ()


def test_return_outside_of_functions(config: Callable[[str], str | None]) -> None:
    """Bash complains of a return outside of functions, and goes on; inside it ends the function alone."""
    assert config("return 0\nonce\n") == "once"
    assert config("f() { once; return 0; always; }\nf\n") == "once"


def test_words_after_a_redirection(config: Callable[[str], str | None]) -> None:
    """Words after a redirection are arguments, also on the next line of one that goes on."""
    assert config("echo >> $F ECS_IMAGE_PULL_BEHAVIOR=once\n") == "once"
    assert config("printf 2>/dev/null '%s\\n' >> $F ECS_IMAGE_PULL_BEHAVIOR=once\n") == "once"
    assert config("echo ECS_IMAGE_PULL_BEHAVIOR=once >> $F \\\nsystemctl daemon-reload\n") == "default"
