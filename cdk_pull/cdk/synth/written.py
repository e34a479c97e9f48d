"""A stack's template as CDK would write it now, with what ``add_property_override`` has put into it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
import jsii
from aws_cdk import cx_api

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["logical_ids", "written_template"]


def written_template(stack: cdk.Stack) -> dict[str, Any]:
    """Return a stack's template.

    Overrides are shown nowhere else. The app has to be complete: CDK keeps what a lazy value comes to here. It costs
    less than asking for the properties of its resources.
    """
    with tempfile.TemporaryDirectory() as folder:
        synthesizer = cdk.LegacyStackSynthesizer()
        synthesizer.bind(stack)
        # Protected in JavaScript, where every synthesizer of somebody's own calls it.
        synthesizer._synthesize_template(cast("cdk.ISynthesisSession", _Session(folder)))  # noqa: SLF001
        text = (Path(folder) / stack.template_file).read_text(encoding="utf-8")
    return {"Resources": {}, **json.loads(text)}


def logical_ids(stack: cdk.Stack, resources: Sequence[cdk.CfnResource]) -> list[str]:
    """Return the logical ids of resources of a stack, in one call."""
    # As values of a map, because CDK drops from a list what comes out empty.
    ids = stack.resolve({str(index): each.logical_id for index, each in enumerate(resources)})
    return [ids[str(index)] for index in range(len(resources))]


@jsii.implements(cdk.ISynthesisSession)
class _Session:
    """Where to write."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._assembly = cx_api.CloudAssemblyBuilder(folder)

    @property
    def assembly(self) -> cx_api.CloudAssemblyBuilder:
        """The assembly that is written."""
        return self._assembly

    @property
    def outdir(self) -> str:
        """Its folder."""
        return self._folder

    @property
    def validate_on_synth(self) -> bool:
        """Whether to validate."""
        return False
