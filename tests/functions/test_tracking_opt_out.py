"""Who does not want opens and clicks recorded gets emails without SES's tracking, and nothing of them is recorded."""

from datetime import timedelta

from sodate.consent.links import Links

from tests.functions.quick import QuickWorld
from tests.support.world import PUBLIC_URL

FORM = {"content-type": "application/x-www-form-urlencoded"}


def choose(world: QuickWorld, lead_id: str, tracking: str) -> str:
    world.now += timedelta(minutes=1)
    link = Links(PUBLIC_URL, world.app.secrets.signer()).preferences(lead_id, world.now)
    answer = world.visit(link, "POST", f"do=save&tracking={tracking}", **FORM)
    assert answer["statusCode"] == 200
    world.settle()
    return str(answer["body"])


def test_the_choice_of_the_preferences_page_reaches_ses_and_can_be_taken_back(world: QuickWorld) -> None:
    world.join("hanako@example.jp")
    lead_id = world.join("taro@example.jp")
    page = choose(world, lead_id, "off")
    assert 'name="tracking" value="off" checked' in page
    assert world.state(lead_id)["tracking"] == "off"
    world.advance(timedelta(days=1))
    tracked = {name: world.mails_to(f"{name}@example.jp")[-1].tracks_clicks for name in ("taro", "hanako")}
    assert tracked == {"taro": False, "hanako": True}
    choose(world, lead_id, "on")
    assert "tracking" not in world.state(lead_id)
    world.advance(timedelta(days=5))
    assert world.mails_to("taro@example.jp")[-1].tracks_opens


def test_nothing_is_recorded_of_an_email_that_left_before_the_lead_said_so(world: QuickWorld) -> None:
    lead_id = world.join("taro@example.jp")
    world.advance(timedelta(days=1))
    mail = world.mails_to("taro@example.jp")[-1]
    choose(world, lead_id, "off")
    world.ses.simulator.open(mail.message_id)
    world.ses.simulator.click(mail.message_id, mail.links[0])
    world.settle()
    assert not {"mail_opened", "mail_clicked"} & {item["type"] for item in world.items("activity")}
    assert not [item for item in world.items("send") if "engagement" in item]


def test_the_simulated_ses_publishes_nothing_of_an_untracked_email(world: QuickWorld) -> None:
    lead_id = world.join("taro@example.jp")
    choose(world, lead_id, "off")
    world.advance(timedelta(days=1))
    mail = world.mails_to("taro@example.jp")[-1]
    assert world.ses.simulator.open(mail.message_id) is None
    assert world.ses.simulator.click(mail.message_id, mail.links[0]) is None


def test_an_unknown_choice_changes_nothing(world: QuickWorld) -> None:
    lead_id = world.join("taro@example.jp")
    choose(world, lead_id, "maybe")
    assert "tracking" not in world.state(lead_id)
