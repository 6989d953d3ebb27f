"""Environment variables by name, with an error that says which one is missing and where it is set."""

import os

from sodate.errors import SodateError


class SettingMissing(SodateError):
    pass


def setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SettingMissing(f"environment variable {name} is not set; infra/catalog.py says who gets it")
    return value


def stage() -> str:
    return setting("SODATE_STAGE")


def is_local() -> bool:
    return stage() == "local"
