"""COVID-Xray-5k, the data set of Deep-COVID (Minaee et al. 2020), made again from its two sources."""

from __future__ import annotations

from deepcovid.datasets.covid_xray_5k.build import Built, build_covid_xray_5k
from deepcovid.datasets.covid_xray_5k.published import RELEASES, Release

__all__ = ["RELEASES", "Built", "Release", "build_covid_xray_5k"]
