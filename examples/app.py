"""Every example as one CDK app; `make synth` runs it through cdk.json."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent


def builders() -> dict[str, Callable[[cdk.App], None]]:
    """Return each example's `build`, by the name of its file."""
    names = sorted(path.stem for path in HERE.glob("*.py") if path != Path(__file__))
    return {name: import_module(f"examples.{name}").build for name in names}


def main() -> None:
    """Synthesize all examples into the folder that the CDK CLI names."""
    app = cdk.App()
    for build in builders().values():
        build(app)
    app.synth()


if __name__ == "__main__":
    main()
