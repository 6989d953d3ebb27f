"""Email that comes in: matched to the send it answers, judged, recorded as an activity, forwarded to the owner."""
