"""Whether a reply asks for no more email, in words. Pure.

When in doubt, sending stops: a short reply with one line that can only mean it opts out. A longer text that speaks of
it may ask a question, so a person reads it.
"""

import re
import unicodedata

#: Characters of a reply without greeting lines that may still opt out by itself.
_SHORT = 300
#: Possessive quantifiers (`*+`, `?+`): a hostile line costs one pass. So longer alternatives stand first.
_WHAT = (
    r"(?:どうか|恐れ入りますが|すみませんが|お手数ですが|今後の?|以後の?|以降の?|この|本|貴社の?|御社の?|広告|宣伝|営業|ダイレクト"
    r"|メールマガジン|メルマガ|メール|ニュースレター|dm|ご案内|案内|お知らせ|の|は|を|から|、)*+"
)
_STOP = (
    r"(?:配信|送信|購読|登録|送付|受信)?+(?:を|の|は)?+"
    r"(?:停止|中止|解除|解約|拒否|不要|削除|結構|やめ|止め|送らないで|退会)"
)
_POLITE = (
    r"(?:希望|手続き?+|処理|お願い|願い|下さい|ください|いただけ|いただ|頂け|頂|致しま|いたしま|いたし|致し|します|しま|して|した|し|です|ます"
    r"|でしょうか|ませ|ます|たいと思|たい|と思|ほしい|欲しい|ように|よう|宜しく|よろしく|幸い|を|に|の|で|す|が|い|たく|く|存じ|れば|ば)*+"
)
_JAPANESE = re.compile(f"^{_WHAT}{_STOP}{_POLITE}$")
_ENGLISH = re.compile(
    r"^(please |kindly |pls )?(unsubscribe( me)?|opt[ -]?(me )?out|remove( me)?|stop|take me off)"
    r"( (from|off))?"
    r"( (your|this|the|all|my|mailing|email|e-mail|address|list|lists|emails|future|sending|me|mail|marketing|of))*+"
    r"( please| thanks| thank you)?$"
)
_MENTIONS = re.compile(
    r"配信(を)?(停止|解除)|購読(を)?(停止|解除)|登録(を)?解除|メール(は)?不要|送らないで|退会"
    r"|unsubscrib|opt[ -]?out|remove me|stop (sending|emailing|contacting)",
    re.IGNORECASE,
)
#: Lines that say nothing: greetings and names at the top of a Japanese business email.
_GREETING = re.compile(
    r"^(.{0,40}(様|さま|御中|殿|さん|各位)|(いつも)?(大変)?お世話に(なって(おり|い)ます|なります)|お疲れ様です|はじめまして"
    r"|.{0,40}(株式会社|有限会社|合同会社).{0,40}|.{0,30}(です|と申します)|(何卒)?(宜|よろ)しくお願い.{0,10}|(hi|hello|dear)\b.{0,40}"
    r"|(best|kind|regards|thanks|thank you|cheers|sincerely).{0,30}|以上)$"
)


def asks_to_stop(text: str) -> bool:
    """Whether the text, a few lines long, has one that can only mean an opt-out."""
    lines = [line for line in map(_plain, text.split("\n")[:40]) if line]
    meant = [line for line in lines if not _GREETING.match(line) or _is_opt_out(line)]
    return sum(map(len, meant)) <= _SHORT and any(map(_is_opt_out, meant))


def mentions_stop(text: str) -> bool:
    return bool(_MENTIONS.search(unicodedata.normalize("NFKC", text)[:5000]))


def _is_opt_out(line: str) -> bool:
    return len(line) <= 60 and bool(_JAPANESE.match(line.replace(" ", "")) or _ENGLISH.match(line))


def _plain(line: str) -> str:
    folded = unicodedata.normalize("NFKC", line)[:200].casefold()
    return " ".join(folded.strip(" \t.。!！、,「」『』\"'()（）<>*・-").split())
