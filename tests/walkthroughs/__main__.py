"""Follow the walkthroughs in a fresh clone, on a local cloud of its own. Exit code 1 at the first broken promise.

python -m tests.walkthroughs [PAGE …]
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.walkthroughs.page import FOLDER, PAGES, Step, missing_promise, steps_of

ROOT = Path(__file__).parents[2]


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in PAGES]:
        print(f"there is no page {unknown[0]!r}; the pages are {', '.join(PAGES)}")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="sodate-walkthroughs-"))
    clone = folder / "sodate"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    try:
        return 0 if all(_follow(name, clone, folder) for name in names or PAGES) else 1
    finally:
        subprocess.run([str(clone / "bin" / "sodate"), "local", "down"], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _follow(name: str, clone: Path, folder: Path) -> bool:
    steps = [step for step in steps_of((FOLDER / f"{name}.md").read_text(encoding="utf-8")) if not step.needs_aws]
    began = time.monotonic()
    script = folder / f"{name}.sh"
    script.write_text(_script(steps, folder / name), encoding="utf-8")
    (folder / name).mkdir()
    done = subprocess.run(
        ["bash", str(script)], cwd=clone, env=_environment(), capture_output=True, text=True, check=False
    )
    for number, step in enumerate(steps):
        file = folder / name / f"{number}.txt"
        output = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else None
        failed = output is None or (not (folder / name / f"{number}.done").exists())
        missing = None if output is None else missing_promise(step.promised, output)
        if failed or missing is not None:
            why = f"does not print {missing!r}" if missing is not None and not failed else f"fails ({done.returncode})"
            print(f"docs/walkthroughs/{name}.md:{step.line}: {why}\n{step.command}\n{output or done.stderr}")
            return False
    print(f"{name}: {len(steps)} blocks of commands, all promises kept, {time.monotonic() - began:.0f} s")
    return True


def _script(steps: list[Step], out: Path) -> str:
    """One shell for the whole page, as its reader has one: variables and the working directory stay."""
    blocks = [
        f"{{\n{step.command}\n}} > '{out}/{number}.txt' 2>&1\ntouch '{out}/{number}.done'"
        for number, step in enumerate(steps)
    ]
    return "set -eo pipefail\n" + "\n".join(blocks) + "\n"


def _environment() -> dict[str, str]:
    """Of a person at a terminal 120 columns wide, who has set nothing."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SODATE", "AWS", "PYTHON", "MAKE"))
    }
    kept.pop("VIRTUAL_ENV", None)
    return {**kept, "COLUMNS": "120", "LANG": "C.UTF-8"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
