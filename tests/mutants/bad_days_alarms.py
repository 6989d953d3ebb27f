"""Seeded bugs of bad days: alarms that stay silent, and deployments that cannot be undone."""

from tests.mutants.mutants import Mutant

_WALK = "tests/infra/test_delivery.py::test_nothing_on_this_way_is_refused"
_ALARMS = "tests/infra/test_alarms.py"


def _bug(name: str, file: str, change: tuple[str, str], breaks: str, test: str) -> Mutant:
    return Mutant(name, f"infra/{file}", (change,), breaks, tests=(test,))


ALARM_MUTANTS = (
    _bug(
        "topic-forgets-cloudwatch",
        "components/alarms.py",
        ('principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")]', "principals=[iam.AccountRootPrincipal()]"),
        "SNS refuses every alarm, and nobody hears that either",
        f"{_WALK}[prod-alarms]",
    ),
    _bug(
        "key-forgets-cloudwatch",
        "components/key.py",
        ('self._allow("cloudwatch", PUBLISH', 'self._allow("monitoring", PUBLISH'),
        "KMS refuses every alarm",
        f"{_WALK}[prod-alarms]",
    ),
    _bug(
        "key-asks-eventbridge-for-an-account",
        "components/key.py",
        ('{"ArnLike": {"kms:EncryptionContext:aws:sqs:arn": queues}}', '{"StringEquals": self._our_account}'),
        "EventBridge tells KMS no account: what a rule gives up is lost instead of kept",
        f"{_WALK}[prod-rules]",
    ),
    _bug(
        "silence-is-good-news",
        "components/alarms.py",
        ("missing.BREACHING if silent else missing.NOT_BREACHING", "missing.NOT_BREACHING"),
        "a dispatcher that is never started rings for nobody",
        f"{_ALARMS}::test_every_schedule_rings_when_it_stops_and_only_silence_counts_as_trouble_there[prod]",
    ),
    _bug(
        "metric-of-another-function",
        "components/metrics.py",
        ('"service": function', '"service": function.replace("_", "-")'),
        "every alarm on a business metric looks at a metric that nobody reports",
        f"{_ALARMS}::test_every_entry_of_the_table_is_an_alarm_on_exactly_what_the_function_reports[prod]",
    ),
    _bug(
        "placeholders-in-prod",
        "stages.py",
        ("if stage.retained and stage.local is None and missing:", "if stage.retained and stage.local and missing:"),
        "prod is deployed with example.co.jp, and without anybody who hears its alarms",
        "tests/infra/test_stages.py::test_prod_as_it_is_delivered_is_refused_with_what_to_set_and_where",
    ),
    _bug(
        "first-deploy-leaves-its-table",
        "components/table.py",
        ("RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE", "RemovalPolicy.RETAIN"),
        "after a first deployment that failed the next one meets its own table and fails too",
        "tests/infra/test_storage_and_api.py::"
        "test_what_is_kept_outlives_the_stack_but_not_a_first_deployment_that_failed",
    ),
)
