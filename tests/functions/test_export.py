"""`sodate export`: every lead, nothing that runs, and what comes out goes in again."""

import csv
from pathlib import Path
from typing import Any

import pytest
from sodate.errors import Invalid
from sodate.imports.mappingfile import read_mapping
from sodate.leads.store import every_lead
from sodate.queries.export import export
from sodate_cli.imports.files import opened
from sodate_cli.imports.suggest import suggested
from sodate_cli.imports.work import ImportTarget, run_import

from tests.functions.quick import QuickWorld
from tests.support import world as worlds
from tests.support.world import World

MAPPING = """\
source: crm
columns:
  id: external_id
  mail: email
  company: primary.company
  note: primary.note
  budget: {to: secondary.budget, type: number}
  size: {to: secondary.size, type: number}
  exhibitor: {to: secondary.exhibitor, type: bool}
  list: source.list
  since: created
"""
HEADER = "id,mail,company,note,budget,size,exhibitor,list,since\n"
ROWS = [
    "1,a@example.jp,㈱髙橋①,=1+1,-5,1038,yes,展示会,2026-01-02",
    "2,b@example.jp,'@SUM,+81-3-1234,0.1,1e3,no,,2026/3/4 5:06",
    "3,,＝式,−é,,,,,",
    '4,d@例え.jp,"複数\r\n行",-12.5,1,,,=list,',
]


def fill(path: Path, text: str, mapping: str, now: Any, **how: Any) -> None:
    path.write_text(text, encoding="utf-8", newline="")
    found = read_mapping("m.yaml", mapping.encode())
    harness = ImportTarget("sodate-test", b"an-address-key", now, lambda: now)
    done = run_import(opened(str(path)), found, harness, on_progress=lambda progress, survey: None, **how)
    assert not done.counts["refused"], path.with_name(f"{path.name}.errors.csv").read_text()


def leads() -> list[tuple[object, ...]]:
    """What a lead is, without what only this table knows."""
    return sorted(
        (
            p.external["crm"],
            p.address,
            str(sorted(p.primary.items())),
            str(sorted(p.secondary.items())),
            p.source.get("list"),
            p.created,
        )
        for p, _ in every_lead()
    )


def _sorted(group: dict[str, Any]) -> str:
    return str(sorted(group.items()))


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_what_is_exported_is_the_same_leads_when_imported_again(
    world: QuickWorld, tmp_path: Path, encoding: str
) -> None:
    fill(tmp_path / "in.csv", HEADER + "\n".join(ROWS) + "\n", MAPPING, world.now)
    before = leads()
    out = tmp_path / "out.csv"
    # U+2212 and é are not in CP932: that line is counted, and what U+2212 becomes is escaped like a formula.
    assert export(out, None, encoding) == {"leads": 4, "replaced": 1 if encoding == "cp932" else 0}
    for key in [key for key in world.table.items if key[0].startswith(("LEAD#", "EMAIL#", "EXTERNAL#", "IMPORT#"))]:
        del world.table.items[key]
    text = out.read_text("utf-8-sig" if encoding == "utf-8" else encoding)
    proposed = suggested(opened(str(out)), None, world.now.date()).replace("source: my-system", "source: crm")
    fill(tmp_path / "again.csv", text, proposed.replace('"-"', '"N/A"'), world.now)
    found, expected = str(leads()), str(before)
    if encoding == "cp932":
        expected = expected.replace("−é", "－?")
    assert found == expected


def test_the_address_is_exported_as_it_is_mailed_and_as_it_was_typed(world: QuickWorld, tmp_path: Path) -> None:
    fill(tmp_path / "in.csv", HEADER + "\n".join(ROWS) + "\n", MAPPING, world.now)
    out = tmp_path / "out.csv"
    export(out, None, "utf-8")
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert ("d@xn--r8jz45g.jp", "d@例え.jp") in {(row["email"], row["email_as_typed"]) for row in rows}


def test_no_cell_runs_in_a_spreadsheet(world: QuickWorld, tmp_path: Path) -> None:
    fill(tmp_path / "in.csv", HEADER + "\n".join(ROWS) + "\n", MAPPING, world.now)
    out = tmp_path / "out.csv"
    export(out, "email,primary.company,primary.note,secondary.budget,source.list,topics", "utf-8")
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(out.read_text("utf-8-sig").splitlines()))
    cells = [cell for row in rows for cell in row]
    numbers = {"-5", "-12.5"}
    assert not [cell for cell in cells if cell[:1] in set("=+-@＝＋－＠\t\r") and cell not in numbers]
    assert {"'=1+1", "'+81-3-1234", "'@SUM", "'＝式", "'=list", *numbers} <= set(cells)


def test_a_lead_of_a_form_is_exported_with_its_state(world: World, tmp_path: Path) -> None:
    world.join("taro@example.jp", company="例示")
    out = tmp_path / "out.csv"
    assert export(out, None, "utf-8")["leads"] == 1
    (row,) = csv.DictReader(out.read_text("utf-8-sig").splitlines())
    assert (row["email"], row["primary.company"], row["topics"]) == (
        "taro@example.jp",
        "例示",
        "product-news: confirmed",
    )
    assert int(row["total"]) > 0
    assert oct(out.stat().st_mode)[-3:] == "600"


def test_an_unknown_column_is_refused_and_no_file_is_left(world: World, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no column pirmary"):
        export(tmp_path / "out.csv", "email,pirmary.x", "utf-8")
    with pytest.raises(Invalid, match="encoding"):
        export(tmp_path / "out.csv", None, "latin-1")
    assert list(tmp_path.iterdir()) == []


def test_the_scan_sees_every_lead_over_many_pages(world: QuickWorld, tmp_path: Path) -> None:
    text = "id,mail\n" + "".join(f"{n},lead{n}@example.jp\n" for n in range(300))
    fill(tmp_path / "in.csv", text, "source: crm\ncolumns: {id: external_id, mail: email}\n", world.now)
    found = list(every_lead())
    assert len({profile.lead_id for profile, _ in found}) == len(found) == 300
    assert all(state is not None for _, state in found)


def test_the_same_scan_on_moto(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with worlds.world(monkeypatch) as moto:
        text = "id,mail\n" + "".join(f"{n},lead{n}@example.jp\n" for n in range(30))
        fill(tmp_path / "in.csv", text, "source: crm\ncolumns: {id: external_id, mail: email}\n", moto.now)
        assert len(list(every_lead())) == 30
