"""Environment variables by name; the error names the missing one and the file that sets it."""

import os

from sodate.errors import SodateError


class SettingMissing(SodateError):
    pass


def setting(name: str) -> str:
    """Raises: `SettingMissing`."""
    value = os.environ.get(name)
    if not value:
        raise SettingMissing(f"environment variable {name} is not set; infra/catalog.py says who gets it")
    return value


def stage() -> str:
    return setting("SODATE_STAGE")


def is_local() -> bool:
    return stage() == "local"
