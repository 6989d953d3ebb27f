"""Reading files of a playbook: inside the directory only, UTF-8 text only, of a sensible size."""

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from sodate.messages import Message
from sodate.playbook.problem import Problem

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
                return wrong(
                    Message("`{name}` lies outside the playbook directory", name=name),
                    Message("copy the file into the playbook"),
                )
            if not path.is_file():
                return wrong(Message("there is no file `{name}`", name=name), self._near(name))
            self.used.add(self.relative(path))
            if path.stat().st_size > MAX_BYTES:
                return wrong(
                    Message("`{name}` is larger than {most} KB", name=name, most=MAX_BYTES // 1024),
                    Message("split it; nothing people write is that large"),
                )
            content = path.read_bytes()
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return wrong(Message("`{name}` is not UTF-8 text", name=name), _looks_like(content))
        except (OSError, ValueError, RuntimeError) as error:
            why = str(getattr(error, "strerror", "") or error)[:120]
            return wrong(Message("`{name}` cannot be read", name=name), Message("look at the file: {why}", why=why))
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def peek(self, name: str) -> str:
        """The text of a file that is there, for a look before it is read; empty when it is none."""
        try:
            path = self.root / name
            return path.read_bytes().decode("utf-8-sig") if path.stat().st_size <= MAX_BYTES else ""
        except (OSError, ValueError):
            return ""

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
        alike = [one for one in beside if Path(one).suffix == Path(name).suffix]
        close = get_close_matches(name, alike, n=1, cutoff=0.8)
        if close:
            return Message("create it, or correct the name: did you mean `{close}`?", close=close[0])
        return Message("create it, or correct the name")


def _looks_like(content: bytes) -> Message:
    """What to do about bytes that are no UTF-8."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Message("it looks like UTF-16: save it as UTF-8")
    try:
        content.decode("cp932")
    except UnicodeDecodeError:
        return Message("save it as UTF-8 (is it a text file?)")
    return Message("it looks like Shift_JIS: save it as UTF-8")
