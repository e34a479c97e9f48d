"""Write docs/rules.md from the rules; a test holds that it is current."""

from __future__ import annotations

from pathlib import Path

from cdk_pull.rules.engine.page import document

PAGE = Path(__file__).parent.parent / "docs" / "rules.md"

if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
