"""What people do, over HTTP only: post a form, confirm on the opt-in page, open, click, unsubscribe, complain."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import urllib3

from sodate_cli.demo.people import Act, Person

_http = urllib3.PoolManager(retries=False, timeout=30)


class StoryBroken(Exception):
    """The story did not come out as it must; the message says where."""


@dataclass(frozen=True)
class Player:
    api: str
    control: str

    def submit(self, person: Person) -> int:
        content_type, body = person.post
        url = f"{self.api}/forms/{person.form}/submissions"
        reply = _http.request("POST", url, body=body.encode(), headers={"content-type": content_type}, redirect=False)
        return int(reply.status)

    def confirm(self, person: Person) -> None:
        """A scanner looks first (GET changes nothing), then the person presses the button."""
        mail = next((m for m in self.mails(person) if m["tags"].get("name") == "opt_in"), None)
        if mail is None:
            raise StoryBroken(f"{person.name} got no opt-in mail")
        link = next(link for link in self.mail(mail)["links"] if "/opt-in/" in link)
        for method in ("GET", "POST"):
            reply = _http.request(method, link)
            if reply.status != 200:
                raise StoryBroken(f"{method} of {person.name}'s opt-in link answered {reply.status}")

    def act(self, person: Person, act: Act) -> None:
        mails = self.step_mails(person)
        if len(mails) < act.mail:
            raise StoryBroken(f"{person.name} should {act.what} mail {act.mail} but got only {len(mails)}")
        mail = mails[act.mail - 1]
        options = {}
        if act.what == "click":
            links = [link for link in self.mail(mail)["links"] if act.part in link]
            if not links:
                raise StoryBroken(f"mail {act.mail} to {person.name} has no link with {act.part}")
            options = {"link": links[0]}
        self._call("POST", f"/messages/{quote(mail['id'], safe='')}/{act.what}", options)

    def scan(self, person: Person, number: int) -> None:
        """A filter of incoming email opens the person's `number`-th step mail and every link of it."""
        mail = self.step_mails(person)[number - 1]
        self._call("POST", f"/messages/{quote(mail['id'], safe='')}/scan", {})

    def mails(self, person: Person) -> list[dict[str, Any]]:
        """Oldest first."""
        if person.address is None:
            return []
        return list(reversed(self._call("GET", f"/messages?to={quote(person.address, safe='')}")["messages"]))

    def step_mails(self, person: Person) -> list[dict[str, Any]]:
        return [mail for mail in self.mails(person) if mail["tags"].get("purpose") == "marketing"]

    def mail(self, mail: dict[str, Any]) -> dict[str, Any]:
        return self._call("GET", f"/messages/{quote(mail['id'], safe='')}")

    def sales_messages(self, sink: str) -> list[dict[str, Any]]:
        return list(json.loads(_http.request("GET", sink).data)["received"])

    def all_mails(self) -> list[dict[str, Any]]:
        return list(self._call("GET", "/messages")["messages"])

    def _call(self, method: str, path: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
        reply = (
            _http.request(method, f"{self.control}{path}", json=document)
            if document is not None
            else (_http.request(method, f"{self.control}{path}"))
        )
        answer = dict(json.loads(reply.data))
        if reply.status >= 400:
            raise StoryBroken(f"{method} {path}: {answer.get('error', answer)}")
        return answer
