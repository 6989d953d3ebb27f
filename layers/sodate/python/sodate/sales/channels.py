"""Chat payloads for Slack and Teams. Untrusted text stands only where the chat interprets no syntax.

Slack: `plain_text` objects read no mrkdwn, and `&<>` are escaped besides (mentions, links). Teams: a `TextRun` of an
Adaptive Card reads no Markdown, as a `TextBlock` would. Both limit sizes: 3,000 characters and 50 blocks (Slack), about
28 KB (Teams).
"""

from collections.abc import Iterator
from typing import Any

from sodate.sales.message import DigestMessage, HandoffMessage

Json = dict[str, Any]
_SECTION, _SHOWN_IN_CHAT = 2900, 10


def slack_payload(message: HandoffMessage | DigestMessage) -> Json:
    """`text` is what the notification shows."""
    if isinstance(message, HandoffMessage):
        return {"text": _slack(message.text)[:3000], "mrkdwn": False, "blocks": _slack_blocks(message)}
    shown, more = message.first(_SHOWN_IN_CHAT)
    blocks = [_plain(message.headline), *(block for signal in shown for block in _slack_blocks(signal))]
    blocks += [_plain(more)] if more else []
    return {"text": _slack(message.headline), "mrkdwn": False, "blocks": blocks[:50]}


def _slack_blocks(message: HandoffMessage) -> list[Json]:
    sections = ["\n".join([message.headline, *(line for line in message.who if line)])]
    sections += ["\n".join([part.title, *(f"• {line}" for line in part.lines)]) for part in message.parts]
    link = {"type": "mrkdwn", "text": f"<{message.link}|{message.link_title}>"}
    return [*map(_plain, sections), *([{"type": "section", "text": link}] if message.link else [])]


def _plain(text: str) -> Json:
    return {"type": "section", "text": {"type": "plain_text", "text": _slack(text[:_SECTION])[:3000], "emoji": False}}


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams_payload(message: HandoffMessage | DigestMessage) -> Json:
    if isinstance(message, HandoffMessage):
        body, actions = list(_teams_body(message)), [_open_url(message)] if message.link else []
    else:
        shown, more = message.first(_SHOWN_IN_CHAT)
        body = [_runs(message.headline, bold=True)]
        for signal in shown:
            body += [*_teams_body(signal), {"type": "ActionSet", "actions": [_open_url(signal)]}]
        body, actions = [*body, *([_runs(more)] if more else [])], []
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _teams_body(message: HandoffMessage) -> Iterator[Json]:
    yield _runs(message.headline, bold=True)
    for line in message.who:
        yield _runs(line)
    for part in message.parts:
        yield _runs(part.title, bold=True)
        for line in part.lines:
            yield _runs(f"• {line}")


def _runs(text: str, *, bold: bool = False) -> Json:
    weight = {"weight": "Bolder"} if bold else {}
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text or " ", **weight}]}


def _open_url(message: HandoffMessage) -> Json:
    return {"type": "Action.OpenUrl", "title": message.link_title, "url": message.link}
