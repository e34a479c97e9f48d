from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.fargate.goal import Goal
from cdk_pull.fargate.sizes import check
from cdk_pull.image.profile import ImageProfile
from cdk_pull.report.plan import Task, make_plan
from cdk_pull.report.plan_page import plan_page

if TYPE_CHECKING:
    from pathlib import Path

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_CUT = ["unshare", "--net", "--map-root-user"]
"""A network name space of its own, without an interface."""


def _cannot_run() -> str:
    if _CHROMIUM is None:
        return "not installed: chromium"
    done = subprocess.run([*_CUT, "true"], check=False, capture_output=True)
    return "" if done.returncode == 0 else "no network name space of its own, so the network cannot be cut"


pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(_cannot_run()), reason=_cannot_run() or "it can run")]

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--allow-file-access-from-files",
]

# Looks at the page as a screen of each width shows it; the page itself forbids scripts.
_PROBE = """<!DOCTYPE html><body style="margin:0"><script>
const WIDTHS = %s;
const visible = element => element.getClientRects().length > 0;
const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
  && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
function look(width) {
  return new Promise(done => {
    const frame = document.createElement("iframe");
    frame.style = `width:${width}px;height:1000px;border:0`;
    frame.onload = () => {
      const page = frame.contentDocument, root = page.documentElement;
      const drawings = [...page.querySelectorAll("svg")].filter(visible);
      const found = {width, wider: root.scrollWidth - width, drawings: drawings.length, collisions: [], outside: [],
        smallest: Infinity};
      for (const drawing of drawings) {
        const box = drawing.getBoundingClientRect();
        const texts = [...drawing.querySelectorAll("text")].map(text => [text.textContent, text.getBoundingClientRect(),
          parseFloat(frame.contentWindow.getComputedStyle(text).fontSize) * box.width / drawing.viewBox.baseVal.width]);
        texts.forEach(([words, at, size], index) => {
          found.smallest = Math.min(found.smallest, size);
          if (at.left < box.left - 2 || at.right > box.right + 2) found.outside.push(words);
          for (const [other, there] of texts.slice(index + 1))
            if (overlap(at, there)) found.collisions.push([words, other]);
        });
      }
      done(found);
    };
    frame.src = "page.html";
    document.body.append(frame);
  });
}
Promise.all(WIDTHS.map(look)).then(found => {
  const element = document.createElement("pre");
  element.id = "found";
  element.textContent = JSON.stringify(found);
  document.body.append(element);
});
</script>"""


def _chromium(folder: Path, *arguments: str) -> str:
    """Run the browser with a new profile and no network, and return what it prints."""
    assert _CHROMIUM is not None
    command = [*_CUT, _CHROMIUM, *_FLAGS, f"--user-data-dir={folder / 'profile'}", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    shutil.rmtree(folder / "profile", ignore_errors=True)
    return done.stdout


def _page(folder: Path, *, compressed: int, target: float | None, region: str | None, cpu: int) -> Path:
    profile = ImageProfile.of_size(compressed_bytes=compressed, uncompressed_bytes=3 * compressed)
    task = Task(
        name=f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/service@sha256:{'0123456789abcdef' * 4}",
        profile=profile,
        floor=check(cpu, 2 * cpu),
        goal=Goal(start_seconds=target),
        region=region,
    )
    path = folder / "page.html"
    path.write_text(plan_page(make_plan(task)), "utf-8")
    return path


@pytest.mark.parametrize(
    ("compressed", "target", "region", "cpu"),
    [
        (800_000_000, 60, "eu-west-1", 256),
        (2_400_000_000, 90, "us-east-1", 1024),
        (80_000_000, 20, "us-east-1", 256),
        (5_000_000_000, None, None, 256),
        (10_000, 300, "eu-west-1", 8192),
    ],
)
def test_every_screen_shows_the_page_whole(
    tmp_path: Path, *, compressed: int, target: float | None, region: str | None, cpu: int
) -> None:
    """At any width: no scrolling sideways, two drawings, no text upon another or cut, none too small to read."""
    _page(tmp_path, compressed=compressed, target=target, region=region, cpu=cpu)
    widths = [320, 375, 736, 737, 1024, 1920]
    probe = tmp_path / "probe.html"
    probe.write_text(_PROBE % json.dumps(widths), "utf-8")

    dom = _chromium(tmp_path, "--virtual-time-budget=20000", "--dump-dom", probe.as_uri())

    answer = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    assert answer is not None
    found: list[dict[str, Any]] = json.loads(unescape(answer[1]))
    assert [screen["width"] for screen in found] == widths
    for screen in found:
        assert (screen["wider"] <= 0, screen["drawings"], screen["collisions"], screen["outside"]) == (
            True,
            2,
            [],
            [],
        ), screen
        assert screen["smallest"] >= 9, screen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_browser_draws_the_choice_in_the_themes_colour(tmp_path: Path, scheme: str) -> None:
    """A screenshot holds the background and the accent of the theme that the reader's system asks for."""
    from matplotlib.image import imread  # noqa: PLC0415 - slow to import, and only here

    page = _page(tmp_path, compressed=800_000_000, target=60, region="eu-west-1", cpu=256)
    picture = tmp_path / "picture.png"
    preferred = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"

    _chromium(tmp_path, preferred, "--window-size=1100,1400", f"--screenshot={picture}", page.as_uri())

    pixels = (imread(picture)[:, :, :3] * 255).round().astype(int)
    paper, chosen = {"light": ("fcfcfa", "0b63c4"), "dark": ("14181f", "6cb2ff")}[scheme]
    for colour, least in ((paper, 500_000), (chosen, 1_000)):
        wanted = [int(colour[index : index + 2], 16) for index in (0, 2, 4)]
        assert (pixels == wanted).all(axis=2).sum() > least, colour
