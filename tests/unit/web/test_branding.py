"""Pages can be read in any colour, and their policy fits what they load."""

import base64
import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sodate.contrast import READABLE, contrast
from sodate.email.brand import Brand
from sodate.web.branding import PAPER, STYLE
from sodate.web.pages import Issuer, message

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(COLORS)
def test_every_text_can_be_read_whatever_the_colour_is(color: str) -> None:
    style = Brand(color=color).branding.style
    light, dark = re.findall(r"--accent:(#[0-9a-f]{6});--edge:(#[0-9a-f]{6})", style)
    (on_brand,) = re.findall(r"--on-brand:(#[0-9a-f]{6})", style)
    assert contrast(on_brand, color) >= READABLE
    for (accent, edge), paper in ((light, PAPER["light"]), (dark, PAPER["dark"])):
        assert contrast(accent, paper) >= READABLE
        assert contrast(edge, paper) >= 3


@given(COLORS)
def test_the_policy_has_the_hash_of_every_style_of_the_page(color: str) -> None:
    shown = message("thanks", "ja", Issuer("N", "c", branding=Brand(color=color).branding))
    styles = re.findall(r"<style>(.*?)</style>", shown.html, re.S)
    hashes = [f"'sha256-{base64.b64encode(sha256(style.encode()).digest()).decode()}'" for style in styles]
    assert f"style-src {' '.join(hashes)};" in shown.headers["content-security-policy"]
    assert len(styles) == 2
    assert STYLE in styles


@pytest.mark.parametrize(
    "brand",
    [
        {"color": "red"},
        {"color": "#fff"},
        {"color": "#ffffff;}body{display:none"},
        {"logo": {"url": "http://www.example.jp/logo.png", "width": 100, "height": 40}},
        {"logo": {"url": "https://a.example/x.png; script-src *", "width": 100, "height": 40}},
        {"logo": {"url": "https://*/x.png", "width": 100, "height": 40}},
        {"logo": {"url": "https://user@www.example.jp/x.png", "width": 100, "height": 40}},
        {"logo": {"url": "https://www.example.jp/x.png", "width": 100}},
        {"logo": {"url": "https://www.example.jp/x.png", "width": 1, "height": 40}},
        {"links": [{"label": "x", "url": "javascript:alert(1)"}]},
        {"links": [{"label": "x", "url": "https://www.example.jp"}] * 6},
    ],
)
def test_what_could_widen_the_policy_or_break_the_page_is_refused(brand: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Brand.model_validate(brand)
