"""Every KPI, once. A further one is one more entry, with its words in both languages."""

from sodate.kpis.catalog_email import EMAIL
from sodate.kpis.catalog_funnel import FUNNEL
from sodate.kpis.catalog_money import MONEY
from sodate.kpis.catalog_web import WEB

KPIS = (*EMAIL, *WEB, *FUNNEL, *MONEY)
#: Those that the counters alone give.
COUNTED = tuple(kpi for kpi in KPIS if kpi.is_counted)
BY_NAME = {kpi.name: kpi for kpi in KPIS}
