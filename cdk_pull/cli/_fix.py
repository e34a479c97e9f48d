"""``cdk-pull check --fix`` and ``--diff``: fixes template files, or shows what would change."""

from __future__ import annotations

import os
import sys
from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from cdk_pull.cli._streams import write_output
from cdk_pull.data.writing import update_whole
from cdk_pull.errors import CannotWriteError
from cdk_pull.printing import log_safe, printable
from cdk_pull.records import dataclass, replace
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.rules.fixes.fix_file import fix_file
from cdk_pull.rules.fixes.selected import SelectedFixes
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.load import Loaded, template_assembly
from cdk_pull.template.source import Source, decode_source, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from cdk_pull.rules.engine.finding import Finding
    from cdk_pull.template.assembly import Assembly

__all__ = ["Fixing", "fix_loaded", "print_diff"]

_BOM: Final = "\ufeff"


@dataclass(frozen=True)
class Fixing:
    """What was fixed, or would be.

    Attributes:
        loaded: the templates as they are then.
        fixed: a line for each finding that was fixed.
        left: a line for each one that was not, and why.
        diff: the unified diffs of the files.
        failed: whether a file could not be written.
    """

    loaded: Loaded
    fixed: tuple[str, ...]
    left: tuple[str, ...]
    diff: str
    failed: bool


def fix_loaded(loaded: Loaded, options: Options, unsafe: tuple[str, ...], *, write: bool) -> Fixing:
    """Fix the template files among what was loaded.

    Args:
        loaded: templates and cloud assemblies; the latter are CDK's, and stay.
        options: what to check by.
        unsafe: ids of rules, or their beginnings, to fix also by what is not safe.
        write: whether the files are written.

    Raises:
        InvalidValueError: for an id in ``unsafe`` that no rule with an unsafe fix has or begins with.
    """
    selected = {rule.id for rule in options.rules()}
    fixes = SelectedFixes.of((), (), unsafe)
    fixes = fixes.without([rule.id for rule, _ in fixes.rules if rule.id not in selected])
    assemblies: list[Assembly] = []
    fixed: list[str] = []
    diff: list[str] = []
    failures: list[str] = []
    texts: dict[Path, str] = {}
    for assembly in loaded.assemblies:
        after, template = assembly, assembly.templates[0]
        path, source = template.path, template.source
        if len(assembly.templates) == 1 and path is not None and source is not None:
            real = path.resolve()
            if real in texts:
                # Two names lead to one file, which was fixed under the first.
                same = Source(source.name, texts[real])
                after = template_assembly(same, path, template.context.environment)
            elif (result := fix_file(assembly, options, fixes)).made:
                text = result.text
                try:
                    if write:
                        _write(path, source, text)
                except (CannotWriteError, TemplateError) as error:
                    failures.append(str(error))
                else:
                    after, texts[real] = result.assembly, text
                    fixed += [f"{_place(each)}: fixed, {_what(each)}" for each in result.made]
                    diff += _diff(str(path), source.text, text)
        assemblies.append(after)
    left = dict.fromkeys((*failures, *_left(assemblies, options, fixes)))
    return Fixing(
        loaded=Loaded(assemblies, loaded.errors),
        fixed=tuple(fixed),
        left=tuple(left),
        diff="".join(diff),
        failed=bool(failures),
    )


def _left(assemblies: Iterable[Assembly], options: Options, fixes: SelectedFixes) -> Iterator[str]:
    """Yield why a finding that has a fix still stands, a line each."""
    also = {rule.id: unsafe for rule, unsafe in fixes.rules}
    options = replace(options, select=[rule.id for rule in options.rules() if rule.autofix], ignore=())
    if not options.select:
        return
    optional: dict[str, int] = {}
    for each in check(assemblies, replace(options, file_fixes=True)).findings:
        fix = each.file_fix
        if fix is None:
            continue
        if not fix.safe and not also.get(each.rule):
            optional[each.rule] = optional.get(each.rule, 0) + 1
        elif fix.refused:
            yield f"{_place(each)}: not fixed: {fix.refused}"
    if optional:
        number = sum(optional.values())
        ids = ",".join(sorted(optional))
        yield f"{number} unsafe fix{'es are' if number > 1 else ' is'} available with --unsafe-fixes {ids}"


def _place(finding: Finding) -> str:
    return f"{finding.file}:{finding.line or 1} {finding.rule}"


def _what(finding: Finding) -> str:
    return finding.file_fix.what if finding.file_fix else ""


def _diff(name: str, before: str, after: str) -> Iterator[str]:
    lines = (text.split("\n") for text in (before, after))
    old, new = ([f"{line}\n" for line in each[:-1]] + [each[-1]] * bool(each[-1]) for each in lines)
    shown = printable(name)
    for line in unified_diff(old, new, f"a/{shown}", f"b/{shown}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _write(path: Path, source: Source, text: str) -> None:
    """Write a file whole, in UTF-8 with the byte order mark that it had, if it is still as it was read."""

    def change() -> str:
        data = read_bytes(path)
        if decode_source(data, source.name).text != source.text:
            raise CannotWriteError(f"{path} has changed while it was checked; run again")
        return f"{_BOM if data.decode().startswith(_BOM) else ''}{text}"

    if not os.access(path, os.W_OK):
        raise CannotWriteError(f"{path} cannot be written (it is read-only); it is as it was")
    update_whole(path, change)


def print_diff(diff: str) -> None:
    """Print diffs as they are for another program, and made safe for a terminal."""
    if diff:
        diff = diff.removesuffix("\n")
        write_output(log_safe(diff) if sys.stdout.isatty() else diff)
