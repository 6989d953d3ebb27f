"""Evidence of consent, double opt-in, preferences, unsubscribing, retention."""
