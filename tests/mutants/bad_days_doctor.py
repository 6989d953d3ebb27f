"""Seeded bugs of `sodate doctor`: it must not be wrong about a deployment, and must not leave traces in one."""

from tests.mutants.mutants import Mutant

_DOCTOR = "cli/sodate_cli/doctor/"
_SODATE = "layers/sodate/python/sodate/"
_MISCONFIGURATION = (
    "tests/unit/doctor/test_misconfigurations.py::test_a_misconfiguration_fails_the_one_check_that_names_it[{}]"
)
_ON_THE_WAY = "tests/unit/doctor/test_what_goes_wrong_on_the_way.py"
_ROUND_TRIP = "tests/functions/test_doctor_round_trip.py"

DOCTOR = (
    Mutant(
        "probe-counts-in-the-guards",
        _SODATE + "email/events/apply_event.py",
        (('    return "probe"', '    return "applied"'),),
        "each `doctor --send` adds a bounce and a complaint to the guards' daily rates",
        tests=(_ROUND_TRIP,),
    ),
    Mutant(
        "probe-stays",
        _SODATE + "email/delivery/store.py",
        (("table.commit([Delete(", "list([Delete("),),
        "probes stay in the table",
        tests=(_ROUND_TRIP,),
    ),
    Mutant(
        "denied-is-green",
        _DOCTOR + "runner.py",
        (
            (
                "    if code in _DENIED or status == 403:\n        return failed(",
                "    if code in _DENIED or status == 403:\n        return not_checkable(",
            ),
        ),
        "a doctor who may see nothing calls the deployment sound",
        tests=(_ON_THE_WAY,),
    ),
    Mutant(
        "tls-deny-lets-cloudwatch-publish",
        _DOCTOR + "policy.py",
        (
            (
                'return any(one.get("Effect") == "Allow" and',
                'return bool(about) or any(one.get("Effect") == "Allow" and',
            ),
        ),
        "the topic policy of today, which holds only a Deny, counts as one that lets CloudWatch publish",
        tests=(_MISCONFIGURATION.format("CloudWatch may not publish"),),
    ),
    Mutant(
        "pending-is-confirmed",
        _DOCTOR + "alarms.py",
        (('str(one["SubscriptionArn"]).startswith("arn:")', 'bool(one["SubscriptionArn"])'),),
        "alarms go to a mailbox that never confirmed them",
        tests=(_MISCONFIGURATION.format("nobody confirmed the alarms"),),
    ),
    Mutant(
        "alarm-stays-rung",
        _DOCTOR + "alarms.py",
        (
            (
                'StateValue="OK", StateReason="sodate doctor --ring: the test is over"',
                'StateValue="ALARM", StateReason="over"',
            ),
        ),
        "the alarm that was forced stays in ALARM",
        tests=(_ON_THE_WAY,),
    ),
    Mutant(
        "wider-role-is-green",
        _DOCTOR + "permissions.py",
        (("_is_allowed(one) != demand.may]", "demand.may and not _is_allowed(one)]"),),
        "a role that is wider than the catalog is not seen",
        tests=(_MISCONFIGURATION.format("a role may delete leads"),),
    ),
)
