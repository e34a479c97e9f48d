"""For the tests of an app: ``assert_pulls_well``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.ecr import check_account, check_region
from cdk_pull.records import replace
from cdk_pull.report.formats import render
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.not_evaluated import summarize
from cdk_pull.rules.engine.runner import Options, Result, check
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.template.assembly import from_document
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.load import load
from cdk_pull.windows.window import to_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

__all__ = ["Checkable", "NotEvaluatedWarning", "assert_pulls_well"]


class NotEvaluatedWarning(UserWarning):
    """What ``assert_pulls_well`` could not judge, in a test that passes."""


@runtime_checkable
class _HasJson(Protocol):
    """``aws_cdk.assertions.Template``."""

    def to_json(self) -> Mapping[str, Any]: ...


@runtime_checkable
class _HasDirectory(Protocol):
    """``aws_cdk.cx_api.CloudAssembly``, which ``app.synth()`` returns."""

    @property
    def directory(self) -> str: ...


@runtime_checkable
class _HasNode(Protocol):
    """``aws_cdk.Stack``, ``aws_cdk.Stage`` and ``aws_cdk.App``."""

    @property
    def node(self) -> Any: ...


Checkable: TypeAlias = "Mapping[str, Any] | _HasJson | _HasDirectory | _HasNode | Path | str"


def assert_pulls_well(
    template: Checkable,
    *,
    fail_on: str = "warning",
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    date: date | str | None = None,
    images: Mapping[str, Mapping[str, Any]] | None = None,
    account: str | None = None,
    region: str | None = None,
) -> None:
    """Fail a test when a template pulls images slowly, stale, from afar, or not at all.

    Args:
        template: an app, a stage or a stack (nested stacks included), which is synthesized; what ``app.synth()`` returned;
            an ``aws_cdk.assertions.Template``, in which acknowledgements are not seen; a template as a mapping; or the
            path of a template or of a ``cdk.out``.
        fail_on: the least severity that fails: ``error``, ``warning`` or ``info``.
        select: ids, or beginnings of ids, of the rules to run; all by default.
        ignore: those of rules not to run.
        date: the day to judge Windows images by; without one the report says that those rules were not evaluated.
        images: what is known of images, such as ``{"web:1": {"compressed": "800MB", "uncompressed": "2.4GB"}}``.
        account: of every stack, in place of the assembly's.
        region: of every stack, in place of the assembly's.

    Raises:
        AssertionError: with every finding, its place and its fix.
        NotEvaluatedWarning: as a warning of Python's, with what could not be judged and what to do about it.
        InvalidValueError: for an option that is none, or what is no template.
        TemplateError: for a template that cannot be checked, where nothing else is wrong.
    """
    for check_given, given in ((check_account, account), (check_region, region)):
        if given is not None:
            check_given(given)
    levels = [severity.value for severity in Severity]
    if fail_on not in levels:
        raise InvalidValueError("fail_on is not a severity", fail_on, allowed=levels)
    options = Options(
        select=select,
        ignore=ignore,
        today=to_date(date) if date is not None else None,
        facts=ImageFactsBook.of_context({"images": {} if images is None else images}),
    )
    result = _result(template, options, account, region)
    failing = tuple(result.at_least(Severity(fail_on)))
    if result.errors and not failing:
        raise TemplateError("; ".join(result.errors))
    if failing:
        shown = replace(result, findings=failing, suppressed=())
        raise AssertionError(f"images are not pulled well\n\n{render(shown, 'text')}")
    for gap in summarize(result.not_evaluated):
        warnings.warn(f"not evaluated: {gap} ({gap.named})", NotEvaluatedWarning, stacklevel=2)


def _result(template: Checkable, options: Options, account: str | None, region: str | None) -> Result:
    if isinstance(template, _HasNode):
        return _of_construct(template, options, account, region)
    if isinstance(template, _HasJson):
        # Of a stack without resources CDK gives no such section.
        template = {"Resources": {}, **template.to_json()}
    elif isinstance(template, _HasDirectory):
        template = template.directory
    if isinstance(template, str | Path):
        loaded = load([template], account=account, region=region)
        result = check(loaded.assemblies, options)
        return replace(result, errors=(*loaded.errors, *result.errors))
    return check([from_document(template, account=account, region=region)], options)


def _of_construct(construct: _HasNode, options: Options, account: str | None, region: str | None) -> Result:
    from cdk_pull.cdk.synth.synthesized import synthesized  # noqa: PLC0415 - for who has aws_cdk

    found = synthesized(construct)
    if found is None:
        raise InvalidValueError(
            "cannot be checked", construct, allowed="an app, a stage, a stack, a template, or the path of one"
        )
    directory, path = found
    result = _result(directory, options, account, region)
    if not path:
        return result

    def within(stack: str) -> bool:
        return f"{stack}/".startswith(f"{path}/")

    return replace(
        result,
        findings=tuple(each for each in result.findings if within(each.stack)),
        suppressed=tuple(each for each in result.suppressed if within(each.stack)),
        not_evaluated=tuple(each for each in result.not_evaluated if within(each.stack)),
    )
