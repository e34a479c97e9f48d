"""User data that is still a template of Terraform or Jinja: what the template fills in is unknown, and told as such.

Source: Terraform language, string templates: ``${…}`` interpolates, ``%{ … }`` is a directive, ``$${`` and ``%%{`` are
literal. Jinja: ``{{ … }}``, ``{% … %}`` and ``{# … #}``. A cloud-config under ``## template: jinja`` is not meant here:
cloud-init fills that in on the instance.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from cdk_pull.agent.instance import detect
from cdk_pull.agent.pieces import Marks
from cdk_pull.agent.readers.reading import Unknown, compute
from cdk_pull.agent.user_data import read_any
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, replace

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["Language", "language_of", "read_template", "system_of"]


@dataclass(frozen=True, slots=True)
class Language:
    """A template language.

    Attributes:
        name: for messages.
        endings: of files that are written in it.
        sure: what shows it in a text of any name.
        value: what is filled in.
        directive: what decides whether lines are there, with its word.
        literal: what stands for the beginning of a value or directive, by its escaped form.
    """

    name: str
    endings: frozenset[str]
    sure: re.Pattern[str]
    value: re.Pattern[str]
    directive: re.Pattern[str]
    literal: tuple[tuple[str, str], ...] = ()


_TERRAFORM: Final = Language(
    name="Terraform",
    endings=frozenset({".tpl", ".tftpl", ".tmpl"}),
    sure=lazy_pattern(r"(?<!%)%\{~?\s*(?:if|for|else|endif|endfor)\b|\$\$\{"),
    value=lazy_pattern(r"(?<!\$)\$\{[^{}\n]*(?:\{[^{}\n]*\}[^{}\n]*)*\}"),
    directive=lazy_pattern(r"(?<!%)%\{~?\s*(if|for|else|endif|endfor)\b[^}\n]*\}"),
    literal=(("$${", "${"), ("%%{", "%{")),
)
_JINJA: Final = Language(
    name="Jinja",
    endings=frozenset({".j2", ".jinja", ".jinja2"}),
    sure=lazy_pattern(r"\{%-?\s*(?:if|for|set|else|elif|endif|endfor|include)\b"),
    value=lazy_pattern(r"\{\{.*?\}\}|\{%-?\s*(?:set|include)\b.*?%\}"),
    directive=lazy_pattern(r"\{%-?\s*(if|for|else|elif|endif|endfor)\b.*?%\}"),
)


def language_of(text: str, name: str = "") -> Language | None:
    """Return the language that a text is a template of; None where it is none.

    Args:
        text: the text.
        name: the file's name, whose ending tells, too.
    """
    if text.lstrip().lower().startswith("## template: jinja"):
        return None
    ending = PurePath(name).suffix.lower()
    for language in (_TERRAFORM, _JINJA):
        if ending in language.endings or language.sure.search(text) is not None:
            return language
    return None


def system_of(text: str, language: Language) -> OperatingSystem | None:
    """Return the operating system that a template's text is for."""
    return detect(_filled(text, language, Marks[_Value]()))


def read_template(text: str, language: Language, os: OperatingSystem | None) -> Reading:
    """Return the settings that the agent really has, as far as they do not depend on what the template fills in."""
    marks = Marks[_Value]()
    filled = _filled(text, language, marks)
    names = tuple(str(each) for each in marks.pieces)
    reading = read_any(filled, os, names)
    decided = {name: line for name, line in reading.lines.items() if line in _conditional(text, language)}
    unknown = [
        replace(
            each,
            reason=each.reason.replace("is known only at deployment", f"is filled in by {language.name}"),
        )
        for each in reading.unknown
    ]
    unknown += [
        Unknown(name, line, f"{language.name} decides whether the line is there")
        for name, line in decided.items()
    ]
    settings = {name: value for name, value in reading.settings.items() if name not in decided}
    return compute(
        settings,
        reading.os or "linux",
        lines=reading.lines,
        unknown=unknown,
        warnings=reading.warnings,
        agent=reading.agent,
    )


@dataclass(frozen=True, slots=True)
class _Value:
    """What a template fills in."""

    text: str

    def __str__(self) -> str:
        return self.text


def _filled(text: str, language: Language, marks: Marks[_Value]) -> str:
    """Return the text with a mark for each value, and without directives; its lines stay its lines."""
    return "\n".join(marks.text(_parts(line, language)) for line in text.split("\n"))


def _parts(line: str, language: Language) -> Iterator[str | _Value]:
    position = 0
    for start, end, found in _pieces(line, language):
        yield _unescaped(line[position:start], language)
        if found:
            yield _Value(found)
        position = end
    yield _unescaped(line[position:], language)


def _pieces(line: str, language: Language) -> Iterator[tuple[int, int, str]]:
    """Yield where a line has values and directives; a choice within the line is one value."""
    directives = list(language.directive.finditer(line))
    spans: list[tuple[int, int, str]] = []
    if len(directives) > 1:
        first, last = directives[0].start(), directives[-1].end()
        spans.append((first, last, line[first:last]))
    elif directives:
        spans.append((directives[0].start(), directives[0].end(), ""))
    for found in language.value.finditer(line):
        if not any(start <= found.start() < end for start, end, _ in spans):
            spans.append((found.start(), found.end(), found[0]))
    yield from sorted(spans)


def _unescaped(text: str, language: Language) -> str:
    for escaped, meant in language.literal:
        text = text.replace(escaped, meant)
    return text


def _conditional(text: str, language: Language) -> set[int]:
    """Return the lines that a directive decides about."""
    found: set[int] = set()
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        words = [each[1] for each in language.directive.finditer(line)]
        depth += sum(word in {"if", "for"} for word in words) - sum(word.startswith("end") for word in words)
        if depth > 0 and not words:
            found.add(number)
    return found
