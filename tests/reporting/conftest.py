"""The made-up run that every test of reporting reads."""

from __future__ import annotations

import pytest

from deepcovid.reporting.content import ReportContent
from deepcovid.reporting.report import render_report

from . import synthetic


@pytest.fixture(scope="session")
def content() -> ReportContent:
    return synthetic.content()


@pytest.fixture(scope="session")
def page(content: ReportContent) -> str:
    return render_report(content)
