"""The export of a lead as one HTML page that explains each part. No script, no file of the network. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from sodate.activities.catalog import label_of
from sodate.web.catalogs import Catalog, catalog

#: The browser loads and runs nothing, whatever a lead once typed.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    "body{margin:0;font:16px/1.7 system-ui,sans-serif;color:#1d2420;background:#fff}main{max-width:60rem;margin:0 auto;"
    "padding:1.5rem}h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .4rem;border-bottom:2px solid #14603f}"
    "table{border-collapse:collapse;width:100%;margin:0 0 1rem;table-layout:fixed}th,td{border:1px solid #d8deda;"
    "padding:.3rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{width:30%;background:#f6f7f5;"
    "font-weight:600}dl{margin:0}dt{font-weight:600}dd{margin:0 0 .2rem 1rem}.soft{color:#5b665f;font-size:.9rem}"
    ":root{color-scheme:light dark}@media(prefers-color-scheme:dark){body{color:#e6ece8;background:#171d1a}th{"
    "background:#222b27}th,td{border-color:#36423c}.soft{color:#a9b5ae}h2{border-color:#6fcf9c}}"
    "@media(max-width:40rem){main{padding:1rem}th{width:38%}}"
    "@media print{body{color:#000;background:#fff}th{background:#fff}table{break-inside:avoid}main{max-width:none}}"
)


def export_page(document: Mapping[str, Any], language: str, sender: str = "") -> str:
    """`document`: of `privacy.export`. `sender`: who stores the data, as the lead knows the company."""
    chosen = catalog(language)
    words = chosen.section("export")
    content = [
        _paragraph(words["intro"].format(sender=sender or words["anonymous_sender"])),
        _paragraph(words["at"].format(at=str(document["exported_at"])[:16].replace("T", " ")), "soft"),
        *(_part(part, chosen) for part in document["parts"]),
    ]
    for merged in document["merged"]:
        content.append(Markup("<h2>{}</h2>").format(words["merged"]))
        content += [_part(part, chosen) for part in merged]
    for name, title in (("not_listed", words["not_listed"]), ("outside_of_the_table", words["outside"])):
        lines = [Markup("<li>{}</li>").format(one[chosen.language]) for one in document[name]]
        content.append(Markup("<h2>{}</h2><ul>{}</ul>").format(title, Markup("").join(lines)))
    return str(
        Markup(
            '<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta http-equiv="content-security-policy" content="{policy}"><meta name="robots" content="noindex">'
            '<meta name="viewport" content="width=device-width,initial-scale=1"><style>{style}</style></head>'
            "<body><main><h1>{title}</h1>{content}</main></body></html>\n"
        ).format(
            lang=chosen.language,
            title=words["title"],
            policy=_POLICY,
            style=Markup(_STYLE),  # noqa: S704
            content=Markup("\n").join(content),
        )
    )


def _part(part: Mapping[str, Any], chosen: Catalog) -> Markup:
    words = chosen.section("export")
    title = part[chosen.language] if chosen.language in part else part["en"]
    count = words["count"].format(count=f"{len(part['items']):,}")
    kept = part.get("kept_after_erasure")
    note = _paragraph(words["kept"].format(why=kept), "soft") if kept and chosen.language == "en" else Markup("")
    tables = Markup("").join(_item(item, part["kind"], chosen) for item in part["items"])
    return Markup('<section><h2>{} <small class="soft">{}</small></h2>{}{}</section>').format(
        title, count, note, tables
    )


def _item(item: Mapping[str, Any], kind: str, chosen: Catalog) -> Markup:
    names = chosen.section("export")["names"]
    rows = [
        Markup('<tr><th scope="row">{}</th><td>{}</td></tr>').format(
            names.get(name, name), _value(_in_words(name, value, kind, chosen))
        )
        for name, value in item.items()
        if value not in (None, "", [], {})
    ]
    return Markup("<table><tbody>{}</tbody></table>").format(Markup("").join(rows))


def _in_words(name: str, value: Any, kind: str, chosen: Catalog) -> Any:
    return label_of(value, chosen.language) if (kind, name) == ("activity", "type") else value


def _value(value: Any) -> Markup:
    if isinstance(value, Mapping):
        rows = [Markup("<dt>{}</dt><dd>{}</dd>").format(name, _value(inner)) for name, inner in value.items()]
        return Markup("<dl>{}</dl>").format(Markup("").join(rows))
    if isinstance(value, (list, tuple)):
        return _listed(value)
    return Markup("{}").format(value)


def _listed(values: Iterable[Any]) -> Markup:
    return Markup(", ").join(_value(value) for value in values)


def _paragraph(text: str, style: str = "") -> Markup:
    return Markup('<p class="{}">{}</p>').format(style, text) if style else Markup("<p>{}</p>").format(text)
