"""Who the mail is from. The four displays that 特定電子メール法 4条 demands come from here into every footer."""

from typing import Annotated

from pydantic import Field, StringConstraints

from sodate.playbook.model import Definition, HttpUrl, Language, Slug

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\r\n]+$")]
Address = Annotated[str, StringConstraints(pattern=r"^[!-9;-?A-~]+@[a-z0-9.-]+$", max_length=254)]


class Sender(Definition):
    name: Line = Field(description="Sender name (送信者の氏名又は名称), shown in From and in the footer.")
    from_address: Address
    reply_to: Address | None = None
    postal_address: Line = Field(description="住所 of the sender.")
    contact: Line = Field(description="Where complaints and questions go: address, URL or telephone.")
    website: HttpUrl | None = None
    language: Language = "ja"
    time_zone: str = "Asia/Tokyo"


class Topic(Definition):
    id: Slug
    name: Line
    description: Annotated[str, StringConstraints(max_length=500)] = ""


class Mailing(Definition):
    """`playbook.yaml`: the sender and the topics people can consent to."""

    sender: Sender
    topics: tuple[Topic, ...] = Field(min_length=1, max_length=50)
