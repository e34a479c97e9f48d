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
      const page = frame.contentDocument, root = page.documentElement, style = frame.contentWindow.getComputedStyle;
      const tracks = [...page.querySelectorAll(".track")].filter(visible);
      const cells = [...page.querySelectorAll("th, td, .fall b, .fall i, .fall .track, dd, summary")].filter(visible);
      const boxes = cells.filter(cell => !cell.closest("thead") && cell.textContent + cell.innerHTML !== "")
        .map(cell => [cell.textContent, cell.getBoundingClientRect()]);
      const found = {width, wider: root.scrollWidth - width, tracks: tracks.length, collisions: [], outside: [],
        narrowest: Math.min(...tracks.map(track => track.getBoundingClientRect().width)),
        smallest: Math.min(...cells.map(cell => parseFloat(style(cell).fontSize))),
        paper: style(page.body).backgroundColor, chosen: style(page.querySelector("tr.chosen .dot")).backgroundColor};
      boxes.forEach(([words, at], index) => {
        if (at.left < -1 || at.right > width + 1) found.outside.push(words);
        for (const [other, there] of boxes.slice(index + 1)) if (overlap(at, there)) found.collisions.push([words, other]);
      });
      for (const track of tracks) {
        const box = track.getBoundingClientRect();
        for (const mark of track.children) {
          const at = mark.getBoundingClientRect();
          if (at.left < box.left - 7 || at.right > box.right + 7) found.outside.push(track.getAttribute("aria-label"));
        }
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
    """At any width: no scrolling sideways, every bar to be seen, no cell upon another or cut, none too small to read."""
    _page(tmp_path, compressed=compressed, target=target, region=region, cpu=cpu)
    widths = [320, 375, 736, 737, 1024, 1920]
    found = _look(tmp_path, widths)
    assert [screen["width"] for screen in found] == widths
    for screen in found:
        assert (screen["wider"] <= 0, screen["collisions"], screen["outside"]) == (True, [], []), screen
        assert screen["tracks"] >= 4, screen
        assert screen["narrowest"] >= 60, screen
        assert screen["smallest"] >= 12, screen


@pytest.mark.parametrize(
    ("scheme", "paper", "chosen"),
    [("light", "rgb(252, 252, 250)", "rgb(11, 99, 196)"), ("dark", "rgb(20, 24, 31)", "rgb(108, 178, 255)")],
)
def test_the_browser_draws_the_choice_in_the_themes_colour(
    tmp_path: Path, scheme: str, paper: str, chosen: str
) -> None:
    """The background and the accent are those of the theme that the reader's system asks for."""
    _page(tmp_path, compressed=800_000_000, target=60, region="eu-west-1", cpu=256)
    preferred = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    (screen,) = _look(tmp_path, [1024], preferred)
    assert (screen["paper"], screen["chosen"]) == (paper, chosen)


def _look(folder: Path, widths: list[int], *arguments: str) -> list[dict[str, Any]]:
    probe = folder / "probe.html"
    probe.write_text(_PROBE % json.dumps(widths), "utf-8")
    dom = _chromium(folder, *arguments, "--virtual-time-budget=20000", "--dump-dom", probe.as_uri())
    answer = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    assert answer is not None
    found: list[dict[str, Any]] = json.loads(unescape(answer[1]))
    return found
