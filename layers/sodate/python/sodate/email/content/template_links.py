"""The links of a stored template, and which of them a clicked URL is.

A link may hold merge fields in its path or query, so each lead has a URL of its own. Results name the link as the
template has it: few names, without personal data.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser

#: The name of a URL that no link of the template explains.
OTHER_LINKS = "(other links)"
#: Links made per lead; clicks on them are no engagement (`consent.links.is_ours`).
_OF_LEAD = re.compile(r"\{\{-?\s*(unsubscribe_url|preferences_url|opt_in_url)\s*-?\}\}")
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
#: What differs from lead to lead; of an `{% if %}`, all its branches.
_MERGED = re.compile(r"\{%.*%\}|\{\{.*?\}\}", re.DOTALL)
#: Noncharacters of Unicode. They carry Liquid, which may hold quotes, through the HTML parser.
_STAND_IN = re.compile("\ufdd0(\\d+)\ufdd1")


@dataclass(frozen=True)
class TemplateLinks:
    """The links of one version. `html`: compiled, with its Liquid."""

    html: str = ""

    def name(self, url: str) -> str:
        return next((text for text, pattern in self._patterns if pattern.fullmatch(url)), OTHER_LINKS)

    @cached_property
    def _patterns(self) -> list[tuple[str, "re.Pattern[str]"]]:
        """The one with the most literal characters first: of two that match a URL, it is the closer one."""
        tags = _LIQUID.findall(self.html)
        numbers = iter(range(len(tags)))
        reader = _Reader()
        reader.feed(_LIQUID.sub(lambda _: f"\ufdd0{next(numbers)}\ufdd1", self.html))
        reader.close()
        hrefs = {_STAND_IN.sub(lambda match: tags[int(match[1])], href).strip() for href in reader.targets}
        literals = {href: _MERGED.split(href) for href in hrefs if not _OF_LEAD.fullmatch(href)}
        ordered = sorted(literals.items(), key=lambda one: (-len("".join(one[1])), one[0]))
        return [(text, re.compile(".*".join(map(re.escape, parts)), re.DOTALL)) for text, parts in ordered]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("a", "area"):
            self.targets += [value for name, value in attributes if name == "href" and value]
