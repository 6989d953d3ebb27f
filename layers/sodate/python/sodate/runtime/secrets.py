"""The keys of a stage, read from Secrets Manager through `SecretCache`, and the signers of links that use them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sodate.consent.links import Links
from sodate.errors import Transient
from sodate.leads.address import address_key
from sodate.messages import Message
from sodate.privacy.links import DataLinks
from sodate.reply_address import ReplyAddresses
from sodate.runtime.secret_cache import SecretCache
from sodate.runtime.settings import Settings
from sodate.sales.links import FeedbackLinks
from sodate.signing import Signer, in_signing_order


class Secrets:
    """Each method raises `Transient` while its secret cannot be read and has no usable copy."""

    def __init__(self, settings: Settings, cache: SecretCache, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._cache = cache
        self._now = now

    def signer(self) -> Signer:
        """Reads the secret again every five minutes. A new key verifies at once and signs a day later.

        Raises: `Transient` while the secret contains no keys.
        """
        name = self._settings.signing_keys_secret
        entries: list[dict[str, str]] = self._cache.get(name)["keys"]
        if not entries:
            self._cache.forget(name)
            raise Transient(Message("the signing keys are being made; this takes a minute after the first deploy"))
        return Signer(in_signing_order(entries, self._now()))

    def links(self) -> Links:
        return Links(self._settings.public_url, self.signer(), self.reply_addresses())

    def reply_addresses(self) -> ReplyAddresses | None:
        """None on a stage that receives no email."""
        domain = self._settings.reply_domain
        return ReplyAddresses(domain, self.signer()) if domain else None

    def feedback_links(self) -> FeedbackLinks:
        return FeedbackLinks(self._settings.public_url, self.signer())

    def data_links(self) -> DataLinks:
        return DataLinks(self._settings.public_url, self.signer())

    def address_secret(self) -> bytes:
        return str(self._cache.get(self._settings.address_key_secret)["key"]).encode()

    def key_of_address(self, match: str) -> str:
        return address_key(match, self.address_secret())

    def webhook_secret(self) -> str:
        """`key`, and during a key change also `previous`, separated by a space: `sales.webhook.keys_of` parses it."""
        secret = self._cache.get(self._settings.webhook_secret)
        return f"{secret['key']} {secret.get('previous', '')}".strip()

    def captcha_secret(self) -> Any:
        """None when the stage has no captcha."""
        return self._cache.get(self._settings.captcha_secret).get("secret")
