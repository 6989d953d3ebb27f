"""The company's domain in an email address. Pure.

The registrable domain: one label more than the public suffix. Without the list of all public suffixes (it changes
weekly), suffixes are told by a rule: below a country's domain, a second label such as `co`, `com` or `ac` belongs to
the suffix. Where the rule does not know better it splits: two companies too many can be merged, two wrongly joined
companies would show each other's leads.
"""

from sodate.leads.address import Address, parse_address

#: Second labels that belong to the suffix, below any country's domain of two letters.
_SECOND_TEXT = """
    ac ad asn biz co com ed edu fin firm gen go gob gouv gov govt gr gv id idv ind info int k12 lg ltd mi mil
    name ne net nhs nom nt or org plc pro re res sch school web
"""
_SECOND = frozenset(_SECOND_TEXT.split())
# Prefectures of Japan: their own geographic domains, and those that are sold like second-level domains.
_PREFECTURES_TEXT = """
    aichi akita aomori chiba ehime fukui fukuoka fukushima gifu gunma hiroshima hokkaido hyogo ibaraki ishikawa
    iwate kagawa kagoshima kanagawa kochi kumamoto kyoto mie miyagi miyazaki nagano nagasaki nara niigata oita
    okayama okinawa osaka saga saitama shiga shimane shizuoka tochigi tokushima tokyo tottori toyama wakayama
    yamagata yamaguchi yamanashi
"""
_PREFECTURES = frozenset(_PREFECTURES_TEXT.split())
#: Domains below which strangers get names of their own.
_SHARED_TEXT = """
    onmicrosoft.com sakura.ne.jp xsrv.jp lolipop.jp heteml.net wixsite.com wordpress.com blogspot.com github.io
    cloudfront.net azurewebsites.net appspot.com herokuapp.com jimdo.com ocnk.net shopify.com myshopify.com
"""
_SHARED = frozenset(_SHARED_TEXT.split())
#: Providers of personal mailboxes: their domain says nothing about an employer.
_FREE_MAIL_TEXT = """
    126.com 139.com 163.com aim.com aol.com aol.jp auone.jp biglobe.ne.jp comcast.net daum.net disney.ne.jp
    docomo.ne.jp emobile.ne.jp emobile-s.ne.jp excite.co.jp ezweb.ne.jp fastmail.com fastmail.fm foxmail.com
    free.fr freemail.hu gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net goo.jp goo.ne.jp googlemail.com
    hanmail.net hey.com hi-ho.ne.jp hotmail.co.jp hotmail.co.uk hotmail.com hotmail.de hotmail.fr hotmail.it
    icloud.com inbox.com infoseek.jp inter7.jp itscom.jp jcom.home.ne.jp jcom.zaq.ne.jp jttk.zaq.ne.jp kakao.com
    laposte.net libero.it live.com live.jp lycos.com mac.com mail.com mail.goo.ne.jp mail.ru me.com mineo.jp
    msn.com mopera.net nate.com naver.com nifty.com nifty.ne.jp ocn.ad.jp ocn.ne.jp odn.ne.jp orange.fr
    outlook.com outlook.jp pdx.ne.jp plala.or.jp pm.me proton.me protonmail.ch protonmail.com qq.com rakuten.jp
    rediffmail.com rocketmail.com sbcglobal.net sfr.fr sina.com sky.com so-net.jp so-net.ne.jp softbank.jp
    softbank.ne.jp t-online.de t.vodafone.ne.jp tiki.ne.jp tutanota.com tuta.com tuta.io uqmobile.jp verizon.net
    vodafone.ne.jp wakwak.com wanadoo.fr web.de willcom.com y-mobile.ne.jp ya.ru yahoo.ca yahoo.co.in
    yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.au yahoo.com.br yahoo.com.hk yahoo.com.tw yahoo.de yahoo.es
    yahoo.fr yahoo.it yahoo.ne.jp yandex.com yandex.ru yeah.net ybb.ne.jp ymail.com ymail.ne.jp ymobile.ne.jp
    zaq.jp zaq.ne.jp zoho.com i.softbank.jp au.com ymobile1.ne.jp kddi.jp dti.ne.jp dion.ne.jp asahi-net.or.jp
    rakuten-mobile.jp
"""
_FREE_MAIL = frozenset(_FREE_MAIL_TEXT.split())
_RESERVED_TEXT = """
    arpa example invalid local localhost onion test
"""
_RESERVED = frozenset(_RESERVED_TEXT.split())


def registrable(domain: str) -> str | None:
    """`mail.example.co.jp` → `example.co.jp`; None for a suffix alone. `domain`: lower case, punycode."""
    labels = domain.strip(".").split(".")
    if len(labels) < 2 or not all(labels):
        return None
    for shared in (".".join(labels[-2:]), ".".join(labels[-3:])):
        if shared in _SHARED:
            return _last(labels, shared.count(".") + 2)
    return _last(labels, _suffix_labels(labels) + 1)


def _suffix_labels(labels: list[str]) -> int:
    top, second = labels[-1], labels[-2]
    if top == "jp" and second in _PREFECTURES and len(labels) > 2:
        return 2 if len(labels) == 3 else 3
    return 2 if len(top) == 2 and second in _SECOND else 1


def _last(labels: list[str], count: int) -> str | None:
    return ".".join(labels[-count:]) if len(labels) >= count else None


def corporate_domain(address: str) -> str | None:
    """The domain by which a lead with this address belongs to a company; None for free mail, disposable and reserved
    domains, and without an address.

    Raises: `Invalid` for text that is no address.
    """
    if not address:
        return None
    parsed: Address = parse_address(address)
    domain = parsed.match.rpartition("@")[2]
    company = registrable(domain)
    if company is None or domain.rpartition(".")[2] in _RESERVED or "disposable" in parsed.flags:
        return None
    return None if company in _FREE_MAIL or domain in _FREE_MAIL else company
