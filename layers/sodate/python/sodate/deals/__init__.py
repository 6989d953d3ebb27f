"""Deals (商談): stage, amount and contacts, with a history in two times: when it was so, and when it was recorded."""
