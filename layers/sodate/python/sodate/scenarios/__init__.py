"""Sequences: enrollment, calendar, caps, claim, sending of steps, further attempts."""
