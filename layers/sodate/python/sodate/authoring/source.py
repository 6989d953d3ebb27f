"""Reading files of a playbook: inside the directory only, UTF-8 text only, of a sensible size."""

from dataclasses import dataclass, field
from pathlib import Path

from sodate.playbook.problem import Problem, did_you_mean

MAX_BYTES = 256 * 1024


@dataclass
class Source:
    """A playbook directory. Remembers what was read, so that files nobody reads can be reported."""

    root: Path
    used: set[str] = field(default_factory=set)

    def text(self, name: str, *, wanted_by: tuple[str, int, str] | None = None) -> str | Problem:
        """The text of `name` (relative to the root, `/` separated), or what is wrong with it.

        `wanted_by` is file, line and field of the reference, when the name was written by somebody.
        """
        file, line, at = wanted_by or (name, 1, "")

        def wrong(message: str, hint: str) -> Problem:
            return Problem(file, line, at, message, hint, rule="file")

        try:
            path = (self.root / name).resolve()
            if not path.is_relative_to(self.root.resolve()):
                return wrong(f"`{name}` lies outside the playbook directory", "copy the file into the playbook")
            if not path.is_file():
                return wrong(f"there is no file `{name}`", self._near(name))
            if path.stat().st_size > MAX_BYTES:
                return wrong(f"`{name}` is larger than {MAX_BYTES // 1024} KB", "nothing people write is that large")
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            return wrong(f"`{name}` is not UTF-8 text", "save it as UTF-8 (a Shift_JIS or binary file?)")
        except (OSError, ValueError, RuntimeError) as error:
            return wrong(f"`{name}` cannot be read", str(getattr(error, "strerror", "") or error)[:120])
        self.used.add(self.relative(path))
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def relative(self, path: Path) -> str:
        return path.resolve().relative_to(self.root.resolve()).as_posix()

    def listing(self, folder: str = "") -> list[str]:
        """File names below `folder`, hidden ones left out, sorted."""
        base = self.root / folder
        found = (p.relative_to(self.root).as_posix() for p in base.rglob("*") if not p.is_dir())
        return sorted(name for name in found if not any(part.startswith(".") for part in name.split("/")))

    def _near(self, name: str) -> str:
        folder = (self.root / name).parent
        beside = [p.relative_to(self.root).as_posix() for p in folder.iterdir()] if folder.is_dir() else []
        return did_you_mean(name, beside, "create it, or correct the name")
