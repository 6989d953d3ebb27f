"""The one small tree of errors. HTTP maps it in `runtime/http.py`, batches map it in `runtime/batch.py`."""


class SodateError(Exception):
    """Every error we raise on purpose; the message says what is wrong and what to do."""


class NotFound(SodateError):
    pass


class Invalid(SodateError):
    """The input can never succeed: 4xx over HTTP, dead-letter queue in a batch."""

    def __init__(self, message: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.code = code


class NotAllowed(Invalid):
    """The caller may not do this, whatever it sends: 403 over HTTP."""


class NotIdentified(Invalid):
    """Nobody knows who the caller is: 401 over HTTP."""


class Conflict(SodateError):
    """Somebody else wrote first, or the thing is already done."""


class Transient(SodateError):
    """Worth another try later: 503 with Retry-After over HTTP, redelivery in a batch."""


class TooManyRequests(Transient):
    """A caller is over a ceiling of its own: 429 with Retry-After over HTTP. `retry_after_s`: seconds, at least 1."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = max(1, retry_after_s)
