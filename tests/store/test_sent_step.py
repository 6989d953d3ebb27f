"""The hand-written ledger item equals the model's."""

from datetime import UTC, datetime, timedelta

from sodate.email.ledger.states import StepRef
from sodate.email.ledger.store import SendItem, sent_step, settled_step, step_send

NOW = datetime(2026, 11, 24, 2, 0, 0, 123456, tzinfo=UTC)


def test_the_hand_made_ledger_item_equals_the_models() -> None:
    ref, later = StepRef("L1", "welcome", 3, 2, "e1"), NOW + timedelta(seconds=7)
    made = sent_step(ref, ("hello", 4), "news", "m-1", NOW, later)
    model = settled_step(step_send(ref, "hello", "news", NOW), "sent", None, later)
    model.message_id, model.template_version, model.sent_at = "m-1", 4, model.settled_at
    assert made == model.serialize()
    assert SendItem.from_raw_data(made).send_id == ref.send_id
