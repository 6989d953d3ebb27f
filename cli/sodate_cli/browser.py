"""Pictures of an email by a browser of this machine, headless. The browser reaches no network and runs no script of
the email.
"""

import os
import re
import shutil
import subprocess
import tempfile
from html import escape
from pathlib import Path

from sodate.authoring.preview import WIDTHS
from sodate.messages import Message

#: Names a browser that is not found otherwise.
VARIABLE = "SODATE_BROWSER"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
_FLAGS = (
    "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync",
    # Names resolve to nothing, and addresses are asked of a proxy that is not there.
    "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>",
)  # fmt: skip
_SECONDS = 60
#: Chromium makes no higher picture.
_HIGHEST = 16_000
_HEIGHTS = (
    "<script>onload = () => document.title = Array.from(document.querySelectorAll('iframe'),"
    " frame => frame.contentDocument.documentElement.scrollHeight).join(' ')</script>"
)


class BrowserFailed(Exception):
    """The message says why there is no picture."""


def find_browser(given: Path | None) -> str | None:
    """`given`, else `$SODATE_BROWSER`, else a Chromium or Chrome on the path; None when there is none."""
    named = str(given) if given is not None else os.environ.get(VARIABLE)
    if named:
        return shutil.which(named)
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    return found or (str(_MAC) if _MAC.is_file() else None)


def pictures(browser: str, html: str, name: str, directory: Path) -> list[Path]:
    """Writes `<name>.desktop.png` and `<name>.phone.png`, each as high as the email.

    Raises: `BrowserFailed`.
    """
    with tempfile.TemporaryDirectory(prefix="sodate-") as folder:
        page = Path(folder) / "page.html"
        page.write_text(_page([_frame(html, width, 400) for width in WIDTHS.values()], _HEIGHTS), "utf-8")
        printed = _run(browser, folder, "--window-size=1600,1200", "--dump-dom", page.as_uri())
        heights = re.search(r"<title>(\d+) (\d+)</title>", printed)
        if heights is None:
            raise BrowserFailed(
                Message("{browser} did not show the email; try another one with --browser", browser=browser)
            )
        written = []
        for (kind, width), height in zip(WIDTHS.items(), map(int, heights.groups()), strict=True):
            high, picture = min(height, _HIGHEST), (directory / f"{name}.{kind}.png").resolve()
            page.write_text(_page([_frame(html, width, high)]), "utf-8")
            picture.unlink(missing_ok=True)
            _run(browser, folder, f"--window-size={width},{high}", f"--screenshot={picture}", page.as_uri())
            if not picture.is_file():
                raise BrowserFailed(
                    Message("{browser} wrote no picture; try another one with --browser", browser=browser)
                )
            written.append(directory / picture.name)
    return written


def _frame(html: str, width: int, height: int) -> str:
    """A browser window is 500 pixels wide at least, a frame is not. The sandbox runs no script of the email."""
    return (
        f'<iframe sandbox="allow-same-origin" srcdoc="{escape(html)}" width="{width}" height="{height}"'
        ' style="border:0;display:block"></iframe>'
    )


def _page(frames: list[str], script: str = "") -> str:
    head = '<!doctype html><meta charset="utf-8"><title></title><style>body{margin:0}</style>'
    return f"{head}{''.join(frames)}{script}"


def _run(browser: str, folder: str, *arguments: str) -> str:
    """A profile of its own, or a browser window that is open would answer instead."""
    flags = [*_FLAGS, f"--user-data-dir={folder}/profile"]
    if os.name == "posix" and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to run as root with it
    try:
        done = subprocess.run([browser, *flags, *arguments], capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrowserFailed(
            Message(
                "{browser} cannot be run ({reason}); name another one with --browser",
                browser=browser,
                reason=type(error).__name__,
            )
        ) from error
    return done.stdout.decode("utf-8", "replace")
