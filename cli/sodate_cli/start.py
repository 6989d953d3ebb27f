"""Where the `sodate` script begins. Without the extra `cli` there is the library only, and the script says so."""

import sys

_OURS = ("sodate", "sodate_cli")
_USAGE = 2


def main() -> None:
    try:
        from sodate_cli.main import app
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in _OURS:
            raise
        print(without_extra(missing), file=sys.stdout if "--help" in sys.argv else sys.stderr)
        raise SystemExit(0 if "--help" in sys.argv else _USAGE) from None
    app()


def without_extra(missing: str) -> str:
    return (
        f"sodate: the command needs {missing}, which comes with the extra `cli`: pip install 'sodate[cli]', or"
        " pip install --require-hashes -r requirements/cli.txt. Installed is the library `sodate` alone."
    )
