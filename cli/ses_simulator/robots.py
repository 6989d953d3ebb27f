"""Programs that open and click a mail without a person, as gateways, Apple Mail and image proxies do."""

from datetime import timedelta

from ses_simulator import events
from ses_simulator.simulator import SesSimulator

APPLE = "Mozilla/5.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
#: Of a range for documentation: nobody lists it.
SCANNER_ADDRESS = "203.0.113.99"


def scan(
    simulator: SesSimulator,
    message_id: str,
    *,
    after: timedelta = timedelta(seconds=43),
    within: timedelta = timedelta(seconds=1),
    user_agent: str = events.BROWSER,
    address: str = SCANNER_ADDRESS,
) -> int:
    """A gateway follows every link, the first one `after` the mail was sent. Returns the number of clicks."""
    message = simulator.message(message_id)
    links = message.links if message.tracks_clicks else ()
    for number, link in enumerate(links):
        at = message.at + after + within * number / len(links)
        simulator.publish(message, events.clicked(message, at, link, user_agent, address))
    return len(links)


def prefetch(simulator: SesSimulator, message_id: str, *, after: timedelta = timedelta(seconds=20)) -> None:
    """Apple Mail's privacy protection loads the image, opened or not."""
    message = simulator.message(message_id)
    if message.tracks_opens:
        simulator.publish(message, events.opened(message, message.at + after, APPLE, "198.51.100.200"))


def open_in_gmail(simulator: SesSimulator, message_id: str) -> None:
    """A person opens the mail; Google's proxy loads the image."""
    simulator.open(message_id, GMAIL, "66.249.84.1")
