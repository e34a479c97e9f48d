"""What fixes a finding in the text of its template: the same fixes as PullFixes makes, as edits of the file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.agent.cfn import locate, read_value
from cdk_pull.agent.fixes.apply import first_edit
from cdk_pull.agent.fixes.case import Case
from cdk_pull.agent.fixes.hunks import hunks
from cdk_pull.agent.fixes.in_template import texts_of
from cdk_pull.agent.pieces import joined, readable
from cdk_pull.agent.user_data import read_user_data
from cdk_pull.errors import UnsupportedError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, replace
from cdk_pull.rules.engine.finding import FileFix, Region
from cdk_pull.rules.fixes.declaration import FIXED_USER_DATA, MIXIN
from cdk_pull.template.changes import NewItem, NewString, NewValue, Removed, changed
from cdk_pull.template.context import section, value_at
from cdk_pull.template.ecs.capacity import INIT_CALL, Capacity
from cdk_pull.template.edits import CannotEditError, edits_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_pull.agent.cfn import Located
    from cdk_pull.agent.fixes.case import Edit as TextEdit
    from cdk_pull.agent.fixes.case import Replacement
    from cdk_pull.agent.readers.reading import AgentWarning
    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.rules.engine.finding import Problem
    from cdk_pull.rules.engine.registry import Rule
    from cdk_pull.template.changes import Change
    from cdk_pull.template.model import PathStep, Resource

__all__ = ["file_fix"]

_CROSSES: Final = "the edit crosses a piece that CloudFormation fills in: change it by hand"
_ELSEWHERE: Final = "the text of the user data is not in the template: change it where it comes from"
# What cfn-init does the checks have read: its call does no more, and has to be as long as it is.
_FOLLOWED: Final = "cfn_init"
_FILLED_IN: Final = lazy_pattern(r"\$\{[^{}]*\}")


def file_fix(problem: Problem, rule: Rule, subject: object, resource: Resource) -> FileFix | None:
    """Return what fixes a problem in the text of its template; None where nothing fixes it.

    Args:
        problem: what the rule says.
        rule: the rule.
        subject: what it looked at.
        resource: what the problem is about.
    """
    source = resource.template.source
    if source is None or rule.autofix is None:
        return None
    what, safe = "", bool(rule.autofix.safe)
    try:
        if problem.patches:
            properties = section(resource.body, "Properties")
            said = (each.what(value_at(properties, each.path)) for each in problem.patches)
            what = ", ".join(filter(None, said))
            paths = [
                (*resource.template.place(resource.logical_id), "Properties", *each.path)
                for each in problem.patches
            ]
            changes: list[Change] = [
                NewValue(path, each.value) for path, each in zip(paths, problem.patches, strict=True)
            ]
        elif problem.warning is not None and isinstance(subject, Capacity):
            found = _in_user_data(problem.warning, problem, subject)
            if found is None:
                return None
            what, safe, changes = found
        else:
            return None
        _require_editable(resource)
        edits = edits_of(source, changes)
    except CannotEditError as error:
        return FileFix(what=what, safe=safe, refused=str(error))
    regions = tuple(Region(*source.position_of(each.start), *source.position_of(each.end)) for each in edits)
    return FileFix(what=what, safe=safe, edits=edits, regions=regions) if edits else None


def _require_editable(resource: Resource) -> None:
    if resource.is_cdks:
        raise CannotEditError(f"CDK writes this template: change the app, or apply {MIXIN} to it")
    if resource.template.place(resource.logical_id) != ("Resources", resource.logical_id):
        raise CannotEditError("Fn::ForEach creates the resource: change the loop by hand")


def _in_user_data(
    warning: AgentWarning, problem: Problem, capacity: Capacity
) -> tuple[str, bool, list[Change]] | None:
    """Return what fixes a warning: in a few words, whether it is safe, and the changes; None where nothing fixes it.

    The checks read the user data with the values of parameters in it, and with what cfn-init does; a fix can change
    only what stands in the template.
    """
    if capacity.resource.type not in FIXED_USER_DATA or capacity.os is None:
        return None
    if problem.path != capacity.path:
        raise CannotEditError("cfn-init writes this line: change it in AWS::CloudFormation::Init")
    value = value_at(capacity.resource.body, capacity.path)
    texts = list(texts_of(value))
    if not texts:
        base64 = "the user data is base64: write it as Fn::Base64 of the text"
        raise CannotEditError(base64 if isinstance(value, str) else _ELSEWHERE)
    found = _case(warning, problem.quote, capacity, texts)
    edit = first_edit(found.case, capacity.os)
    if edit is None:
        return None
    changes = _changes(edit, found)
    if edit.what and found.path != texts[0][0] and not _helps(value, found.path, changes, capacity.os):
        return None
    place = (*capacity.resource.template.place(capacity.resource.logical_id), *capacity.path, *found.path)
    return edit.what, edit.safe, [replace(each, path=(*place, *each.path)) for each in changes]


@dataclass(frozen=True, slots=True)
class _Found:
    """A warning in one of the texts of user data.

    Attributes:
        path: of the text, below the value under UserData.
        inner: what CloudFormation computes it from.
        located: the text, with the place of each character.
        case: the warning in it.
    """

    path: tuple[PathStep, ...]
    inner: Any
    located: Located
    case: Case


def _case(
    warning: AgentWarning,
    quote: str,
    capacity: Capacity,
    texts: Sequence[tuple[tuple[PathStep, ...], object]],
) -> _Found:
    """Return where a warning of the checks stands in the template."""
    found: list[_Found] = []
    why = _ELSEWHERE
    for path, inner in texts:
        try:
            located = locate(inner)
        except UnsupportedError:
            continue
        why, text = (
            "the value comes from elsewhere, such as a parameter: change it there",
            located.marked.text,
        )
        if capacity.follows_init:
            text = text.replace(INIT_CALL, _FOLLOWED)
        reading = read_user_data(text, capacity.os or "linux")
        cases = [Case(text, each, reading) for each in reading.warnings]
        found += [
            _Found(path, inner, located, each) for each in cases if _kind(each.warning) == _kind(warning)
        ]
    alike = [each for each in capacity.reading.warnings if _kind(each) == _kind(warning)]
    number = next(number for number, each in enumerate(alike) if each is warning)
    if len(found) == len(alike):
        return found[number]
    # Of what depends on a condition, the checks read one side, and the template has both.
    same = (each for each in found if _shown(each.case.line) == _shown(quote))
    if (one := next(same, None)) is None:
        raise CannotEditError(why)
    return one


def _kind(warning: AgentWarning) -> tuple[str, str | None]:
    return warning.code, warning.variable


def _shown(line: str) -> str:
    return _FILLED_IN.sub("${…}", readable(line)).strip()


def _changes(edit: TextEdit, found: _Found) -> list[NewItem | NewString | Removed]:
    """Return the changes of the template's strings that make an edit of the text."""
    changes = [
        change
        for hunk in hunks(edit)
        for change in _leaves(hunk._replace(text=hunk.text.replace(_FOLLOWED, INIT_CALL)), found)
    ]
    after = locate(changed(found.inner, changes)).marked
    if joined(after.parts()) != joined(found.located.marked.parts(edit.text.replace(_FOLLOWED, INIT_CALL))):
        raise CannotEditError(_CROSSES)
    return changes


def _leaves(hunk: Replacement, found: _Found) -> Iterator[NewItem | NewString | Removed]:
    """Yield what a change of the text is in each of the strings that it is put together from."""
    places = found.located.places
    if hunk.start == hunk.end:
        yield _inserted(hunk, found)
        return
    text = hunk.text
    here = places[hunk.start : hunk.end]
    separators = here.count(None)
    if separators and text:
        raise CannotEditError(_CROSSES)
    spans: dict[tuple[PathStep, ...], tuple[int, int]] = {}
    for path, at in filter(None, here):
        spans[path] = (spans[path][0] if path in spans else at, at + 1)
    for path, (start, end) in spans.items():
        item = path[:-1] if path[-1:] == ("Fn::Sub",) else path
        is_whole = (start, end) == (0, len(str(value_at(found.inner, path))))
        if separators and is_whole and item[-3:-1] == ("Fn::Join", 1):
            # A whole line goes with what separates it from the next.
            yield Removed(item)
        else:
            yield NewString(path, start, end, _spelled(text, path, found.located))
        text = ""


def _inserted(hunk: Replacement, found: _Found) -> NewItem | NewString:
    """Return an insertion: a string more where a Fn::Join has one for each line, or characters in one that is there."""
    places = found.located.places
    behind = places[hunk.start - 1] if hunk.start else None
    before = places[hunk.start] if hunk.start < len(places) else None
    follows = before is None or (behind is not None and hunk.text.startswith("\n"))
    if (place := behind if follows else before) is None:
        raise CannotEditError(_CROSSES)
    path, at = (place[0], place[1] + 1) if follows else place
    item = path[:-1] if path[-1:] == ("Fn::Sub",) else path
    is_edge = at == (len(str(value_at(found.inner, path))) if follows else 0)
    line = hunk.text.removeprefix("\n") if follows else hunk.text.removesuffix("\n")
    separated = item[-3:-1] == ("Fn::Join", 1) and value_at(found.inner, (*item[:-2], 0)) == "\n"
    if separated and is_edge and line != hunk.text and "\n" not in line:
        return NewItem(item, _spelled(line, item, found.located), after=follows)
    return NewString(path, at, at, _spelled(hunk.text, path, found.located))


def _spelled(text: str, path: tuple[PathStep, ...], located: Located) -> str:
    """Return a text as the string at a path has it: in a Fn::Sub, a variable of the shell has an exclamation mark."""
    in_sub = path[-1:] == ("Fn::Sub",) or path[-2:] == ("Fn::Sub", 0)
    spelled = ""
    for part in located.marked.parts(text):
        match part:
            case str():
                spelled += part.replace("${", "${!") if in_sub else part
            case {"Ref": str() as name} if in_sub:
                spelled += f"${{{name}}}"
            case {"Fn::GetAtt": [str() as name, str() as attribute]} if in_sub:
                spelled += f"${{{name}.{attribute}}}"
            case _:
                raise CannotEditError(_CROSSES)
    return spelled


def _helps(
    value: object,
    path: tuple[PathStep, ...],
    changes: Sequence[NewItem | NewString | Removed],
    os: OperatingSystem,
) -> bool:
    """Tell whether a change of one of several texts leaves less to warn of in the whole."""
    after = changed(value, [replace(each, path=(*path, *each.path)) for each in changes])
    before = Counter(map(_kind, read_value(value, os).warnings))
    return "Fn::If" in path or Counter(map(_kind, read_value(after, os).warnings)) < before
