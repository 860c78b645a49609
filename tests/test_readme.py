"""The README: short, its links lead somewhere, and its example in Python runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "BUILD.md", "REPRODUCED.md", "experiments/GUIDE.md", "experiments/RESULTS.md")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    titles = re.findall(r"^#+ (.*)$", text, flags=re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_is_read_in_ten_minutes():
    assert len((ROOT / "README.md").read_bytes()) < 12_000


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    page = ROOT / name
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    for link in found:
        if link.startswith(("https:", "http:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file() or target.is_dir(), link
        assert not anchor or anchor in anchors(target), link


def test_the_example_in_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
    short, count = re.subn(r"seeds=\d+", "seeds=5, steps=20", block)
    assert count == 1
    exec(compile(short, "README.md", "exec"), {"__name__": "readme"})
    assert re.match(r"(mine|cnn) ", capsys.readouterr().out)
    assert (tmp_path / "runs/mine/report.html").is_file()
