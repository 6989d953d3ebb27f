"""Writes the pages of all sample reports, to look at: python -m tests.support.report_pages FOLDER."""

import sys
from pathlib import Path

from sodate.reports.catalogs import languages, words_in
from sodate.reports.page import ChartLibrary, page

from tests.support.sample_reports import SAMPLES

LIBRARY = Path(__file__).parents[2] / "node_modules" / "echarts" / "dist" / "echarts.common.min.js"


def library() -> ChartLibrary:
    return ChartLibrary(LIBRARY.read_text(encoding="utf-8"))


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for kind, build in SAMPLES.items():
        for language in languages():
            report = build(language)
            (folder / f"{kind}-{language}.html").write_text(
                page(report, words_in(language), library()), encoding="utf-8"
            )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
