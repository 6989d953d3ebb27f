"""Builds and parses every key string of the table; no other module does (`tests/architecture` enforces it)."""

from datetime import UTC, datetime

PROFILE = "PROFILE"
STATE = "STATE"
SCORE = "SCORE"
OWNER = "OWNER"
ENTRY = "ENTRY"
RECEIPT = "RECEIPT"
POSITION = "POSITION"
APPROVAL = "APPROVAL"
RATE_LIMITER = "RATE_LIMITER"
CONVERSATION = "CONVERSATION"
PROGRESS = "PROGRESS"
NEXT = "NEXT"
ENTRY_STOP = "ENTRY_STOP"
ACTIVITIES = "ACT#"
SENDS = "SEND#"
CONSENTS = "CONSENT#"
SIGNALS = "SIGNAL#"
CALLS = "CALL#"
OPEN_CALLS = "CALLS#open"
SUBMISSIONS = "SUBMISSION#"
DUE = "DUE#"
RUNS = "RUN#"
TESTS = "TEST#"
DECISIONS = "DECISION#"

_MINUTE = "%Y%m%dT%H%M"


def stamp(at: datetime) -> str:
    """Fixed-width UTC time, so that sort keys order by time: `2026-11-21T01:02:03.004Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def lead(lead_id: str) -> str:
    return f"LEAD#{lead_id}"


def lead_id_of(pk: str) -> str:
    return pk.removeprefix("LEAD#")


def consent(at: datetime, key: str) -> str:
    return f"{CONSENTS}{stamp(at)}#{key}"


def consent_requests(form_id: str, version: int) -> str:
    """Key prefix of the requests for consent that one lead made with this version of a form."""
    return f"{CONSENTS}requested#{form_id}#{version}#"


def consent_request(form_id: str, version: int, number: int) -> str:
    return f"{consent_requests(form_id, version)}{number:06}"


def submission(submission_id: str) -> str:
    return f"{SUBMISSIONS}{submission_id}"


def activity(at: datetime, key: str) -> str:
    return f"{ACTIVITIES}{stamp(at)}#{key}"


def send(send_id: str) -> str:
    return f"{SENDS}{send_id}"


def signal(at: datetime, cause: str | None = None) -> str:
    """`cause`: what tells it from another signal of the same millisecond."""
    return f"{SIGNALS}{stamp(at)}#{cause}" if cause else f"{SIGNALS}{stamp(at)}"


def call(key: str) -> str:
    return f"{CALLS}{key}"


def open_call(due: datetime, key: str) -> str:
    return f"{stamp(due)}#{key}"


def sales_rotation() -> tuple[str, str]:
    return "SALES#rotation", "ALL"


def sales_load(owner: str) -> tuple[str, str]:
    return "SALES#load", owner


def sales_digest(owner: str, at: datetime) -> str:
    return f"SALES#digest#{owner}#{minute(at)}"


def waiting_signal(lead_id: str, signal_key: str, escalation_level: int) -> str:
    return f"{lead_id}#{signal_key}#{escalation_level}"


def members(segment: str, shard: int) -> str:
    """The list of a segment's members; the sort key is the lead id."""
    return f"MEMBERS#{segment}#{shard}"


def broadcast(broadcast_id: str) -> str:
    """Runs and approval of a broadcast."""
    return f"BROADCAST#{broadcast_id}"


def run(occurrence: str) -> str:
    return f"{RUNS}{occurrence}"


def broadcast_of(pk: str) -> str:
    return pk.split("#")[1]


def occurrence_of(sk: str) -> str:
    return sk.removeprefix(RUNS)


def run_batches(broadcast_id: str, occurrence: str) -> str:
    return f"BROADCAST#{broadcast_id}#{occurrence}"


def run_batch(number: int) -> str:
    return f"BATCH#{number:06d}"


def run_batch_number(sk: str) -> int:
    return int(sk.rpartition("#")[2])


def template(template_id: str) -> str:
    """Test sends of a template."""
    return f"TEMPLATE#{template_id}"


def test_send(at: datetime) -> str:
    return f"{TESTS}{stamp(at)}"


def experiment(source: str, of: str) -> str:
    """What was decided in the experiments of a broadcast or scenario."""
    return f"EXPERIMENT#{source}#{of}"


def arms(source: str, of: str, part: str) -> str:
    """Who took which arm by chance."""
    return f"EXPERIMENT#{source}#{of}#{part}"


def arm(enrollment: str, lead_id: str) -> str:
    return f"{lead_id}#{enrollment}"


def lead_id_of_arm(sk: str) -> str:
    return sk.partition("#")[0]


def decision(part: str) -> str:
    return f"{DECISIONS}{part}"


def scenario(scenario_id: str) -> str:
    """What is counted of a scenario."""
    return f"SCENARIO#{scenario_id}"


def entry_count(at: datetime) -> str:
    return f"ENTRIES#{rate_hour(at)}"


def waiting_entries(scenario_id: str) -> str:
    return f"WAITING#{scenario_id}"


def waiting_entry(lead_id: str, enrollment_name: str) -> str:
    return f"{lead_id}#{enrollment_name}"


def lead_of_waiting_entry(sk: str) -> str:
    return sk.partition("#")[0]


def enrollment_of_waiting_entry(sk: str) -> str:
    return sk.partition("#")[2]


def address_owner(address_key: str) -> str:
    return f"EMAIL#{address_key}"


def external_owner(source: str, external_key: str) -> str:
    return f"EXTERNAL#{source}#{external_key}"


def imported(import_id: str) -> str:
    return f"IMPORT#{import_id}"


def suppression(address_key: str) -> str:
    return f"SUPPRESSION#{address_key}"


def receipt(form_id: str, submission_id: str) -> str:
    return f"RECEIPT#{form_id}#{submission_id}"


def quarantine(at: datetime) -> str:
    return f"QUARANTINE#{at.astimezone(UTC):%Y-%m}"


def unknown_sends(at: datetime) -> str:
    return f"UNKNOWN#{at.astimezone(UTC):%Y-%m}"


def failed_sends(at: datetime) -> str:
    return f"FAILED#{at.astimezone(UTC):%Y-%m}"


def definitions(kind: str) -> str:
    return f"DEFINITION#{kind}"


def definition_version(definition_id: str, version: int) -> str:
    return f"{definition_id}#v{version}"


def definition_live(definition_id: str) -> str:
    return f"{definition_id}#live"


def minute(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_MINUTE)


def minute_start(text: str) -> datetime:
    return datetime.strptime(text, _MINUTE).replace(tzinfo=UTC)


def due_bucket(at: datetime, lane: str, shard: int) -> str:
    return f"{DUE}{minute(at)}#{lane}{shard}"


def cursor(lane: str) -> str:
    return f"CURSOR#{lane}"


def sending_account() -> str:
    return "ACCOUNT#ses"


def due_minute_of(pk: str) -> str:
    return pk.split("#")[1]


def due_lane_of(pk: str) -> str:
    return pk.split("#")[2].rstrip("0123456789")


def due_entry(what: str, ref: str) -> str:
    return f"{what}#{ref}"


def rates(sender: str) -> str:
    return f"RATE#{sender}"


def rate_day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def rate_hour(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H}"


def ceiling(what: str, of: str) -> str:
    return f"CEILING#{what}#{of}"


def report_coverage(at: datetime) -> str:
    return f"COVERAGE#{at.astimezone(UTC):%Y-%m-%d}"


def suppression_sync() -> str:
    return "CURSOR#suppression"


def backfill() -> str:
    """Of all segments together: they are one definition."""
    return "SEGMENTS#backfill"


def replay(job: str) -> str:
    return f"REPLAY#{job}"


def replay_segment(number: int) -> str:
    return f"SEGMENT#{number:03d}"
