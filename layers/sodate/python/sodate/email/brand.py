"""`brand` of playbook.yaml: how pages and emails of the company look. Pure."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from sodate.contrast import readable_or, text_color_on
from sodate.playbook.model import Definition
from sodate.web.branding import DEFAULT_COLOR, Branding
from sodate.web.branding import Logo as ShownLogo

Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
#: An image of another scheme or host name would widen what the pages may load.
LogoUrl = Annotated[
    str, StringConstraints(pattern=r"^https://[A-Za-z0-9.-]+(:\d{1,5})?/[^\s\x00-\x1f\\]*$", max_length=1000)
]
LinkUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s\x00-\x1f\\]+$", max_length=1000)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$")]


#: The darkest ground of light emails, and a link that can be read there when the brand's colour cannot.
LIGHT, LINK = "#f4f5f6", "#1f4e8c"


class Logo(Definition):
    """An image that public pages and emails load. Its size is known before it is there, so that no text moves."""

    url: LogoUrl
    width: int = Field(ge=16, le=600, description="In CSS pixels, as it is shown.")
    height: int = Field(ge=16, le=200, description="In CSS pixels, as it is shown.")


class BrandLink(Definition):
    label: Label
    url: LinkUrl


class Brand(Definition):
    """All of it is optional; without it, pages are in a plain green."""

    color: Color = Field(default=DEFAULT_COLOR, description="Of buttons and lines: `#rrggbb`.")
    logo: Logo | None = None
    links: tuple[BrandLink, ...] = Field(
        default=(), max_length=5, description="At the foot of every public page: privacy policy, 特定商取引法 …"
    )

    @property
    def branding(self) -> Branding:
        logo = ShownLogo(self.logo.url, self.logo.width, self.logo.height) if self.logo else None
        return Branding(self.color.lower(), logo, tuple((link.label, link.url) for link in self.links))

    @property
    def merge_fields(self) -> dict[str, Any]:
        """`{{ brand.… }}` of templates. Without a logo its three fields are absent: `{% if brand.logo %}`."""
        fields: dict[str, Any] = {
            "color": self.color,
            "text_color": text_color_on(self.color),
            "link_color": readable_or(self.color, LIGHT, LINK),
            "links": [{"label": link.label, "url": link.url} for link in self.links],
        }
        if self.logo is not None:
            size = {"logo_width": self.logo.width, "logo_height": self.logo.height}
            fields |= {"logo": self.logo.url, **size}
        return fields


#: Names of the merge fields, with and without a logo.
MERGE_FIELDS = ("color", "text_color", "link_color", "links", "logo", "logo_width", "logo_height")
