"""Which kinds of items are counted, and how: the one registry. A further kind is one more entry."""

from sodate.kpis.activity_counts import counts_of_activity
from sodate.kpis.contribution import Contribution
from sodate.kpis.email_counts import counts_of_email
from sodate.kpis.funnel_counts import counts_of_score
from sodate.kpis.web_counts import counts_of_session

#: By the stored kind of the item. The filter of the stream (`infra/components/triggers.py`) lists the same kinds.
COUNTED: dict[str, Contribution] = {
    "send": counts_of_email,
    "activity": counts_of_activity,
    "score": counts_of_score,
    "session": counts_of_session,
}
