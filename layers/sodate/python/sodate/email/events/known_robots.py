"""Programs and networks that open and click without a person: a small list with its sources. Data, no decisions.

Only what no person reads with is on it: a browser that also reads email, a cloud from which employees browse, and
Microsoft's own image proxies are not. A wrong entry takes a person's interest away, a missing one leaves it to the
shape of the clicks. Change `VERSION` with every change; verdicts that were made keep.
"""

#: Year and month of the last review.
VERSION = "2026-11"

#: Parts of user agents in lower case.
#: Link previews and HTTP libraries name themselves so (their own documentation); "line-poker" is LINE's preview.
#: Seen in logs of senders: "python requests" in putyourlightson/craft-campaign#546, BingPreview in
#: radiasoft/sirepo#1937, Barracuda in supabase/auth#1214.
ROBOT_AGENTS = (
    "bot/", "bot ", "bot;", "bot)", "-bot", "robot", "crawler", "spider", "scanner", "bingpreview", "linkpreview",
    "line-poker", "facebookexternalhit", "linkexpanding", "skypeuripreview", "whatsapp/", "headlesschrome", "phantomjs",
    "puppeteer", "playwright", "selenium", "python-requests", "python requests", "python-urllib", "python-httpx",
    "aiohttp", "curl/", "wget/", "libwww-perl", "go-http-client", "java/", "apache-httpclient", "okhttp/", "node-fetch",
    "axios/", "got (", "undici", "guzzlehttp", "barracuda", "mimecast", "proofpoint", "urldefense", "ironport",
    "urlscan", "virustotal",
)  # fmt: skip

#: Apple Mail's privacy protection loads images with this user agent and nothing else, opened or not (Word to the Wise
#: and SocketLabs, 2021; help.socketlabs.com/docs/identifying-apple-mpp-opens-in-notification-api-events).
APPLE_PREFETCH_AGENT = "mozilla/5.0"

#: Image proxies of web mail. They load an image when a person opens the email.
IMAGE_PROXIES = ("googleimageproxy", "yahoomailproxy", "ggpht.com")

#: Filters of incoming email, as CIDR. Nobody reads email from there.
SCANNER_NETWORKS = (
    # Exchange Online Protection: endpoint sets 9 and 10 of Microsoft's list "Office 365 URLs and IP address ranges"
    # (*.mail.protection.outlook.com). Exchange Online's own ranges are not here: web mail loads images from them.
    "40.92.0.0/15", "40.107.0.0/16", "52.100.0.0/14", "104.47.0.0/17", "2a01:111:f400::/48", "2a01:111:f403::/48",
    # Defender's link check, seen in senders' logs (gophish/gophish#2646).
    "40.94.0.0/16",
    # Barracuda Email Gateway Defense: the ranges that Barracuda publishes for its filters.
    "209.222.82.0/24", "35.176.92.96/27", "18.185.115.192/26", "18.184.203.224/27", "35.157.190.224/27",
    "15.222.16.128/25", "3.24.133.128/25", "13.200.136.128/25", "18.133.136.96/27", "18.133.136.128/26",
)  # fmt: skip
