"""User agents and addresses of the labelled set: as senders saw them, or of the ranges that documents reserve."""

_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
BROWSERS = (
    f"{_WINDOWS} Chrome/146.0.0.0 Safari/537.36",
    f"{_WINDOWS} Chrome/145.0.0.0 Safari/537.36 Edg/145.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile",
    "Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Line/15.1.0",
)
OLD_BROWSERS = (
    f"{_WINDOWS} Chrome/101.0.4951.54 Safari/537.36",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
    f"{_WINDOWS} Chrome/79.0.3945.130 Safari/537.36",
)
LIBRARIES = ("python-requests/2.32.3", "Go-http-client/2.0", "curl/8.5.0", "Apache-HttpClient/4.5.13 (Java/17)", "")
PREVIEWS = (
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "facebookexternalhit/1.1;line-poker/1.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
    "Twitterbot/1.0",
)
#: Microsoft's filter, as gophish#2646 logged it.
GATEWAYS = tuple(f"40.94.89.{number}" for number in range(16, 30))
#: Ranges for documentation stand for clouds that nobody lists.
CLOUD = tuple(f"198.51.100.{number}" for number in range(1, 200))
HOMES = tuple(f"203.0.113.{number}" for number in range(1, 250)) + tuple(f"2001:db8::{n:x}" for n in range(1, 100))
