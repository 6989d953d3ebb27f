"""Web tracking: what visitors of the website do, folded into sessions and joined to the lead that it is."""
