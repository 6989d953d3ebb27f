"""What limits sending: rate limiter, circuit breaker, bounce and complaint guards, suppression."""
