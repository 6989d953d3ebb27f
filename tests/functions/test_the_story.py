"""From a form post to a hot lead, through every handler, in process."""

from datetime import timedelta

from tests.support.world import World


def test_a_confirmed_lead_gets_three_step_mails_and_becomes_hot_by_what_it_does(world: World) -> None:
    lead = world.join("taro@example.jp")
    world.advance(timedelta(days=14))
    mails = world.mails_to("taro@example.jp")
    assert len(mails) == 4, [mail.subject for mail in mails]
    for mail in mails[1:]:
        world.ses.simulator.open(mail.message_id)
    pricing = mails[-1]
    world.now += timedelta(minutes=3)
    world.ses.simulator.click(pricing.message_id, world.link(pricing, "/pricing"))
    world.now += timedelta(minutes=3)
    world.ses.simulator.click(pricing.message_id, world.link(pricing, "/pricing"))
    world.settle()
    state = world.score(lead)
    assert state["hot"] is True
    assert len(world.webhooks) == 1
    assert [event["DetailType"] for event in world.bus].count("LeadBecameHot") == 1
