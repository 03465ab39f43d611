"""The documentation site builds without a warning, and every link in it leads somewhere."""

import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

ROOT = Path(__file__).parent.parent
ADDED = ("asciinema-player.css", "asciinema-player.min.js")
"""What `make docs` fetches before."""


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.links += [value for name in ("href", "src") if (value := values.get(name))]
        self.anchors |= {value for name in ("id", "name") if (value := values.get(name))}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("project")
    for name in ("docs", "guestshell", "mkdocs.yml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, project / name)
    zensical = str(Path(sys.executable).parent / "zensical")
    done = subprocess.run([zensical, "build", "--strict"], cwd=project, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return project / "site"


def test_every_link_leads_somewhere(site: Path) -> None:
    pages = {file: Page(file) for file in site.rglob("*.html") if file.name != "404.html"}
    assert len(pages) > 25
    broken = []
    for file, page in pages.items():
        place = file.relative_to(site).as_posix()
        for link in page.links:
            target = urlsplit(urljoin(f"http://site/{place}", link))
            if target.netloc != "site" or target.scheme != "http":
                continue
            found = site / unquote(target.path).lstrip("/")
            if found.is_dir():
                found /= "index.html"
            if not found.exists() and found.name not in ADDED:
                broken.append(f"{place}: {link}")
            elif target.fragment and found in pages:
                fragment = unquote(target.fragment)
                if fragment not in pages[found].anchors and not fragment.startswith("__"):
                    broken.append(f"{place}: {link}")
    assert not broken


def test_every_page_of_the_docs_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if page not in navigation] == []


def test_what_the_search_finds(site: Path) -> None:
    found = (site / "search.json").read_text(encoding="utf-8")
    for word in ("luks", "registry", "AsyncGuest", "evidence"):
        assert word.lower() in found.lower()
