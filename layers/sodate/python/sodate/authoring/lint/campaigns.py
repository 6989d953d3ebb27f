"""Lint rules of campaigns: what they name exists, costs make an ROI possible, sources do not overlap by accident."""

from collections.abc import Iterator
from itertools import combinations

from sodate.authoring.lint.context import Context
from sodate.authoring.loader import Doc
from sodate.campaigns.campaign import Campaign, Sources
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean

#: Part of a campaign → lists of the playbook that have what it names.
_NAMED = {
    ("sources", "forms"): ("forms",),
    ("sources", "broadcasts"): ("broadcasts",),
    ("sources", "scenarios"): ("scenarios", "sequences"),
    ("targets", "scenarios"): ("scenarios", "sequences"),
}


def _valid(context: Context) -> Iterator[tuple[Doc[Campaign], Campaign]]:
    return ((doc, doc.model) for doc in context.book.campaigns if doc.model)


def sources_of_campaigns_exist(context: Context) -> Iterator[Problem]:
    for doc, campaign in _valid(context):
        for (part, key), kinds in _NAMED.items():
            known = {name for kind in kinds for name in context.declared(kind)}
            for index, name in enumerate(getattr(getattr(campaign, part), key)):
                if name not in known:
                    hint = did_you_mean(name, known, Message("add it to {kinds}/", kinds=kinds[0]))
                    what = kinds[0].removesuffix("s")
                    yield doc.problem(
                        (part, key, index),
                        Message("there is no {what} `{name}`", what=what, name=name),
                        hint,
                        f"{what}-exists",
                    )


def targets_of_campaigns_exist(context: Context) -> Iterator[Problem]:
    segments = context.book.segments
    if segments is not None and segments.model is None:
        return  # its own problems come first
    known = {segment.id for segment in segments.model.segments} if segments and segments.model else set[str]()
    for doc, campaign in _valid(context):
        for index, name in enumerate(campaign.targets.segments):
            if name not in known:
                hint = did_you_mean(name, known, Message("add it to segments.yaml"))
                path = ("targets", "segments", index)
                yield doc.problem(path, Message("there is no segment `{name}`", name=name), hint, "segment-exists")


def campaigns_have_costs(context: Context) -> Iterator[Problem]:
    for doc, campaign in _valid(context):
        if not campaign.costs:
            message, hint = (
                Message("without `costs` its ROI is not defined"),
                Message("add what it costs, such as `amount` and `on`"),
            )
            yield doc.problem((), message, hint, "campaign-cost", severity="warning")


def costs_lie_in_the_period(context: Context) -> Iterator[Problem]:
    """Ad costs of other days do not count; a fixed cost of another day counts, and is easily a typing error."""
    for doc, campaign in _valid(context):
        for index, line in enumerate(campaign.costs):
            for key, day in (("on", line.on), ("from", line.from_), ("until", line.until)):
                if day is not None and not campaign.from_ <= day <= campaign.until:
                    message = Message(
                        "{day} is outside of the campaign ({from_day} to {until})",
                        day=day,
                        from_day=campaign.from_,
                        until=campaign.until,
                    )
                    hint = Message("the cost counts all the same; correct the day if it is a typing error")
                    yield doc.problem(("costs", index, key), message, hint, "campaign-period", severity="warning")


def goals_can_be_counted(context: Context) -> Iterator[Problem]:
    for doc, campaign in _valid(context):
        if campaign.goal is not None and campaign.goal.kpi == "conversions" and campaign.conversion is None:
            message, hint = (
                Message("its goal counts conversions, and there is no `conversion`"),
                Message("name the activity that is one"),
            )
            yield doc.problem(("goal", "kpi"), message, hint, "campaign-conversion")


def sources_do_not_overlap(context: Context) -> Iterator[Problem]:
    """A touch of two campaigns is divided between them, which is rarely what somebody wants."""
    for (_, one), (doc, other) in combinations(_valid(context), 2):
        shared = _shared(one.sources, other.sources)
        if shared and one.from_ <= other.until and other.from_ <= one.until:
            message = Message(
                "`{id}` claims the same touches ({shared}) at the same time", id=one.id, shared=", ".join(shared)
            )
            hint = Message("revenue of these touches is divided between both; give each its own sources or period")
            yield doc.problem(("sources",), message, hint, "campaign-overlap", severity="warning")


def ad_costs_are_counted_once(context: Context) -> Iterator[Problem]:
    seen: dict[tuple[str, str], str] = {}
    for doc, campaign in _valid(context):
        for index, line in enumerate(campaign.costs):
            for pattern in line.ad_cost.campaigns if line.ad_cost else ():
                key = (line.ad_cost.platform if line.ad_cost else "", pattern)
                if key in seen and seen[key] != campaign.id:
                    message = Message(
                        "`{seen}` has the ad cost of {pattern!r} too: it would be counted twice",
                        seen=seen[key],
                        pattern=pattern,
                    )
                    path = ("costs", index, "ad_cost", "campaigns")
                    hint = Message("name each ad campaign in one of them")
                    yield doc.problem(path, message, hint, "campaign-overlap", severity="warning")
                seen.setdefault(key, campaign.id)


def consent_for_hashed_emails_is_a_topic(context: Context) -> Iterator[Problem]:
    doc = context.book.attribution
    topic = doc.model.hashed_email_needs if doc is not None and doc.model is not None else None
    if doc is not None and topic is not None and context.topics is not None and topic not in context.topics:
        hint = did_you_mean(topic, context.topics)
        message = Message("there is no topic `{topic}` in playbook.yaml", topic=topic)
        yield doc.problem(("hashed_email_needs",), message, hint, "topic-exists")


def _shared(one: Sources, other: Sources) -> list[str]:
    """Kinds of sources of which both name the same."""
    names = ("forms", "utm", "click_ids", "broadcasts", "scenarios", "activities", "imports")
    return [
        f"`{name}`"
        for name in names
        if any(entry == another for entry in getattr(one, name) for another in getattr(other, name))
    ]


RULES = (
    sources_of_campaigns_exist,
    targets_of_campaigns_exist,
    campaigns_have_costs,
    costs_lie_in_the_period,
    goals_can_be_counted,
    sources_do_not_overlap,
    ad_costs_are_counted_once,
    consent_for_hashed_emails_is_a_topic,
)
