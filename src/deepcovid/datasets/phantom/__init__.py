"""Chest-film phantoms: seeded films of patients who never were, with the truth about lungs and lesions."""

from __future__ import annotations

from deepcovid.datasets.phantom.acquisition import Acquisition, Source, sample_acquisition, source_named
from deepcovid.datasets.phantom.anatomy import Anatomy, sample_anatomy
from deepcovid.datasets.phantom.findings import FINDINGS
from deepcovid.datasets.phantom.population import Patient, make_phantoms, patient_films, sample_patients
from deepcovid.datasets.phantom.rendering import Phantom, render_phantom

__all__ = [
    "FINDINGS",
    "Acquisition",
    "Anatomy",
    "Patient",
    "Phantom",
    "Source",
    "make_phantoms",
    "patient_films",
    "render_phantom",
    "sample_acquisition",
    "sample_anatomy",
    "sample_patients",
    "source_named",
]
