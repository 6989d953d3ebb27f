"""The control API of the local mail world: JSON for `sodate local mail` and for end-to-end tests."""

from collections.abc import Callable, Mapping

from ses_simulator.errors import Fault

from sodate_cli.local.mailbox.actions import Actions, NotPossible, detail, summary
from sodate_cli.local.web import Request, Response, Route, json_response


class ControlApi:
    """Routes below /control."""

    def __init__(self, actions: Actions, health: Callable[[], Mapping[str, object]]) -> None:
        self._actions = actions
        self._simulator = actions.simulator
        self._health = health

    def routes(self) -> list[Route]:
        one = "/control/messages/{message_id}"
        return [
            Route("GET", "/control/health", lambda request: json_response(self._health())),
            Route("GET", "/control/messages", self._list),
            Route("GET", one, self._show),
            Route("POST", one + "/{action}", self._act),
            Route("POST", "/control/faults", self._inject),
            Route("POST", "/control/account", self._change_account),
        ]

    def _list(self, request: Request) -> Response:
        """Newest first; `?to=` keeps the mail to one address."""
        to = request.query.get("to", [""])[0].lower()
        found = [message for message in reversed(self._simulator.messages) if to in ("", message.recipient.lower())]
        return json_response({"messages": [summary(self._simulator, message) for message in found]})

    def _show(self, request: Request, message_id: str) -> Response:
        try:
            return json_response(detail(self._simulator, self._simulator.message(message_id)))
        except KeyError:
            return json_response({"error": f"no mail {message_id}"}, 404)

    def _act(self, request: Request, message_id: str, action: str) -> Response:
        options, on = request.json(), self._actions
        possible: dict[str, Callable[[], str]] = {
            "open": lambda: on.open(message_id),
            "click": lambda: on.click(message_id, options.get("link")),
            "scan": lambda: on.scan(message_id),
            "bounce": lambda: on.bounce(message_id, options.get("kind", "hard")),
            "complain": lambda: on.complain(message_id, options.get("feedback_type", "abuse")),
            "unsubscribe": lambda: on.unsubscribe(message_id),
            "reply": lambda: on.reply(
                message_id,
                str(options.get("text", "")),
                options.get("from"),
                is_automatic=bool(options.get("auto_reply")),
            ),
        }
        if action not in possible:
            return json_response({"error": f"no action {action}"}, 404)
        try:
            return json_response({"id": message_id, "done": possible[action]()})
        except KeyError:
            return json_response({"error": f"no mail {message_id}"}, 404)
        except NotPossible as reason:
            return json_response({"error": str(reason)}, 409)

    def _inject(self, request: Request) -> Response:
        order = request.json()
        self._simulator.inject(Fault(order["fault"]), int(order.get("times", 1)))
        return json_response({"fault": order["fault"]})

    def _change_account(self, request: Request) -> Response:
        """Any of sending_enabled, suspended, max_send_rate, max_24_hour_send, production_access."""
        account = self._simulator.account
        for name, value in request.json().items():
            if name not in ("sending_enabled", "suspended", "max_send_rate", "max_24_hour_send", "production_access"):
                raise ValueError(f"the account has no {name!r}")
            setattr(account, name, value)
        return json_response({"account": {name: getattr(account, name) for name in request.json()}})
