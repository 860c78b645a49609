"""The page in a browser: no error, no request, tables that sort, runs that show."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dlfun.report.html import write_report
from tests.report import records

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no headless Chromium here")

PROBE = """
<script>
const said = {};
const column = (i) => [...scores.tBodies[0].rows].map((row) => row.cells[i].textContent).join();
const scores = document.querySelector("#scores .w7 table");
const [arm, accuracy] = scores.querySelectorAll("th button");
accuracy.focus();
said.focused = document.activeElement === accuracy;
accuracy.click();
said.rising = column(1);
said.sort = accuracy.parentElement.getAttribute("aria-sort");
accuracy.click();
said.falling = column(0);
said.down = accuracy.parentElement.getAttribute("aria-sort");
arm.click();
said.names = column(0);
said.cleared = accuracy.parentElement.getAttribute("aria-sort");
const box = document.querySelector("#curves input");
const runs = box.closest("figure").querySelector(".runs.r0");
const other = box.closest("figure").querySelector(".runs.r1");
said.before = getComputedStyle(runs).display;
box.click();
said.after = getComputedStyle(runs).display + getComputedStyle(other).display;
said.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
said.outside = performance.getEntriesByType("resource")
  .filter((entry) => !entry.name.startsWith("data:")).length;
fetch("https://example.org/").catch(() => { document.title = "blocked"; });
document.body.dataset.said = JSON.stringify(said);
</script>
"""


def opened(file: Path, profile: Path) -> subprocess.CompletedProcess:
    """What the browser makes of a page, and what it logs."""
    command = [
        str(BROWSER), "--headless=new", "--disable-gpu", "--enable-logging=stderr", "--v=0",
        f"--user-data-dir={profile}", "--window-size=500,900", "--virtual-time-budget=1000",
        "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.insert(1, "--no-sandbox")
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


def test_the_page_works_in_a_browser(tmp_path):
    made = records.make_record(tmp_path / "study")
    file = write_report(made, [made])
    probed = tmp_path / "probed.html"
    probed.write_text(file.read_text(encoding="utf-8").replace("</body>", f"{PROBE}</body>"))
    ran = opened(probed, tmp_path / "profile")
    assert ran.returncode == 0, ran.stderr[-2000:]
    logged = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
    # The one request was the probe's own, and the policy of the page stopped it.
    assert all("example.org" in line for line in logged), logged
    text = html.unescape(re.search(r"data-said=\"([^\"]*)\"", ran.stdout).group(1))
    said = json.loads(text)
    assert said == {
        "focused": True,
        "rising": "30.90,38.00,65.55,90.53,91.73",
        "sort": "ascending",
        "falling": "cnn,rnn,bpnn,vae,softmax",
        "down": "descending",
        "names": "bpnn,cnn,rnn,softmax,vae",
        "cleared": None,
        "before": "none",
        "after": "inlinenone",
        "overflow": 0,
        "outside": 0,
    }
    assert "<title>blocked</title>" in ran.stdout


MEASURE = """
<script>
const root = document.documentElement;
const cut = [...document.querySelectorAll(".scroll, .drawing")]
  .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1)
  .map((box) => box.getAttribute("aria-label"));
const high = (found) => document.querySelector(found).getBoundingClientRect().top;
parent.postMessage({ over: root.scrollWidth - root.clientWidth, cut,
  scores: high("#scores svg"), verdicts: high("#verdicts"), title: high("h1") }, "*");
</script>
"""

FRAMES = """
<script>
const said = [];
addEventListener("message", (event) => {
  said.push(event.data);
  document.body.dataset.said = JSON.stringify(said);
});
</script>
"""

SCREENS = ((1280, 800), (390, 844))


def test_nothing_is_cut_and_the_first_screen_has_the_finding_and_the_scores(tmp_path):
    """On a desk and on a telephone; frames, as no window of the browser is so narrow."""
    made = records.make_record(tmp_path / "study")
    text = write_report(made, [made]).read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(text.replace("</body>", f"{MEASURE}</body>"))
    frames = [
        f'<iframe src="page.html" style="width: {width}px; height: {height}px"></iframe>'
        for width, height in SCREENS
    ]
    frame = tmp_path / "frames.html"
    frame.write_text(f"<!doctype html><body>{FRAMES}{''.join(frames)}</body>")
    ran = opened(frame, tmp_path / "profile")
    said = json.loads(html.unescape(re.search(r"data-said=\"([^\"]*)\"", ran.stdout).group(1)))
    assert len(said) == len(SCREENS)
    for found in said:
        assert found["over"] <= 0
        assert found["cut"] == []
        assert 0 < found["title"] < found["scores"] < 800 < found["verdicts"]
