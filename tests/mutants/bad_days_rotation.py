"""Seeded bugs of key rotation."""

from tests.mutants.mutants import Mutant

_TESTS = ("tests/simulation/test_rotation.py",)
_SODATE = "layers/sodate/python/sodate/"

ROTATION = (
    Mutant(
        "new-key-signs-at-once",
        _SODATE + "signing.py",
        (("datetime.fromisoformat(created) < SIGNS_AFTER", "datetime.fromisoformat(created) < timedelta()"),),
        "a process that still holds the old keys refuses fresh links",
        tests=_TESTS,
    ),
    Mutant(
        "key-dropped-by-its-own-age",
        _SODATE + "runtime/key_rotation.py",
        (("if _is_newer(newer, now - KEPT)", "if _is_newer(key, now - KEPT)"),),
        "after a late rotation a link that the old key signed yesterday is refused",
        tests=_TESTS,
    ),
    Mutant(
        "late-rotation-is-published",
        _SODATE + "runtime/key_rotation.py",
        (("            _reject_late(_keys(client, secret, VersionId=version), now)\n", ""),),
        "a rotation that was resumed after a day publishes a key that signs before anybody has read it",
        tests=_TESTS,
    ),
    Mutant(
        "old-copy-serves-for-ever",
        _SODATE + "runtime/secret_cache.py",
        (("if copy is None or not self._is_younger(copy.read_at, SERVES_FOR):", "if copy is None:"),),
        "a process that slept for days and cannot reach Secrets Manager refuses fresh links",
        tests=_TESTS,
    ),
)
