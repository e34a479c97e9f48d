"""In which stack the rules of a registry stand, so that every stack that uses them can depend on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from cdk_pull.cdk.synth.constructs import identity, stage_of
from cdk_pull.cdk.synth.environment import top_level
from cdk_pull.cdk.synth.written import written_template
from cdk_pull.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from constructs import IConstruct

__all__ = ["home_of"]


def home_of(users: Sequence[cdk.Stack], stage: IConstruct, secrets: Sequence[cdk.Stack]) -> cdk.Stack:
    """Return the stack for the rules that some stacks of one account and Region use.

    It is the stack of a rule's secret, or else the first of the users that depends on no other one.

    Args:
        users: the stacks, as they are deployed, in the order of the tree.
        stage: of the stacks.
        secrets: the stacks that make the secrets of the rules.

    Raises:
        UnsupportedError: if the stack of a secret depends on a stack that uses the rules.
    """
    candidates = list({identity(each): each for each in map(top_level, secrets)}.values()) or list(users)
    others = {identity(each) for each in users}
    if len(candidates) == 1 and others <= {identity(candidates[0])}:
        return candidates[0]
    dependencies = _dependencies(stage)
    for each in candidates:
        if not (_reached(identity(each), dependencies) - {identity(each)}) & others:
            return each
    first = candidates[0].node.path
    raise UnsupportedError(
        f"{first} has the secret of a pull-through cache and depends on a stack whose tasks pull through the cache; "
        "make the secret in a stack of its own"
    )


def _reached(start: str, dependencies: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for each in dependencies.get(waiting.pop(), ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found


def _dependencies(stage: IConstruct) -> dict[str, set[str]]:
    """Return which stacks each stack of a stage depends on, by what it says and by what it refers to."""
    own = identity(stage)
    stacks = [
        each
        for each in stage.node.find_all()
        if isinstance(each, cdk.Stack) and identity(stage_of(each)) == own
    ]
    deployed = {identity(each): identity(top_level(each)) for each in stacks}
    found: dict[str, set[str]] = {each: set() for each in deployed.values()}
    documents = {identity(each): written_template(each) for each in stacks}
    makers: dict[str, set[str]] = {}
    for key, document in documents.items():
        for name in _names(document):
            makers.setdefault(name, set()).add(deployed[key])
    for stack in stacks:
        key = identity(stack)
        found[deployed[key]] |= {identity(top_level(each)) for each in stack.dependencies}
        names = _names(documents[key])
        # Before CDK has resolved the references between stacks, they read like those within one.
        for name in set(_references(documents[key])) - names:
            found[deployed[key]] |= makers.get(name, set()) - {deployed[key]}
    return found


def _names(document: Mapping[str, Any]) -> set[str]:
    return {name for section in ("Resources", "Parameters") for name in document.get(section, {})}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        match value:
            case {"Ref": str() as name} if len(value) == 1:
                yield name
            case {"Fn::GetAtt": [str() as name, *_]} if len(value) == 1:
                yield name
            case _:
                for each in value.values():
                    yield from _references(each)
