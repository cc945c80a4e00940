"""BIMCV-COVID19+ and BIMCV-COVID19- (Valencia, 2020): films of patients tested for COVID-19, with reports' labels."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.bimcv_people import ages_of, dates_of, days_from_positive
from deepcovid.datasets.sources.findings import chosen_label
from deepcovid.datasets.sources.labels import join_findings
from deepcovid.datasets.sources.listing import files_below, home_of, prefix_of
from deepcovid.datasets.sources.people import parse_sex
from deepcovid.datasets.sources.reading import Metadata, read_metadata, refuse_problems
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.sources.views import parse_view
from deepcovid.datasets.sources.word_lists import parse_words
from deepcovid.errors import TableError

NAME = "bimcv-covid19"
LICENCE = "BIMCV-COVID19 Dataset Research Use Agreement (research only, no redistribution)"
LAYOUT = """covid19_posi or covid19_neg, the folder itself or the one that it lies in:
    participants.tsv
    derivatives/labels/labels_covid_posi.tsv    (or labels_covid19_posi, Labels_covid_123, Labels_covid_NEG_JAN21)
    derivatives/EHR/sil_reg_covid_posi.tsv      (may be absent: tests with their dates)
    sub-S03047/sub-S03047_sessions.tsv          (may be absent: dates)
    sub-S03047/ses-E07985/mod-rx/sub-S03047_ses-E07985_run-1_bp-chest_vp-ap_dx.png"""
_POSITIVE = ("labels_covid19_posi.tsv", "labels_covid_posi.tsv", "Labels_covid_123.tsv")
_NEGATIVE = ("Labels_covid_NEG_JAN21.tsv",)
_FILM = re.compile(
    r"(?P<patient>sub-S\d+)/(?P<session>ses-E\d+)/mod-\w+/(?P=patient)_(?P=session)_"
    r"(?:\w+-\w+_)*?(?:bp-(?P<part>\w+?)_)?(?:vp-(?P<view>\w+?)_)?(?P<modality>cr|dx|ct)\.(?:png|nii\.gz)"
)
_NO_FINDINGS = ("unchanged", "exclude", "suboptimal study", "COVID 19 uncertain")


@register_source(
    name=NAME,
    title="BIMCV-COVID19 (+ and -)",
    home="https://bimcv.cipf.es/bimcv-projects/bimcv-covid19/",
    licence=LICENCE,
    citation=(
        "de la Iglesia Vayá et al., BIMCV COVID-19+: a large annotated dataset of RX and CT images from COVID-19 patients, "
        "arXiv 2006.01174"
    ),
    access="registration",
    layout=LAYOUT,
    expected={"images": 5_381, "patients": 1_311},
    version="BIMCV-COVID19+, iteration 1",
    steps=(
        "open https://bimcv.cipf.es/bimcv-projects/bimcv-covid19/ and accept the research use agreement",
        "download the archives of an iteration: those of subjects, sessions and head (or metadata and derivative), and the "
        "parts with films; sha1sums.txt there checks them",
        "unpack all of them into one place: they make covid19_posi/ (or covid19_neg/)",
    ),
)
def read(folder: Path) -> Parsed:
    """Every film and CT volume under sub-*/ses-*, named after the image bank's MIDS standard.

    In covid19_posi every patient had a positive test (PCR or antibodies), which makes the label "covid", as the
    collection calls them; a film may have been taken before it, or look normal. `days_from_positive_test` tells how far
    from the nearest positive test it was taken, and `findings` what its report says. In covid19_neg the label is what
    the report says ("normal" where normal is all it says), and unknown where it says COVID. The view is that of the
    file's name, which others found wrong for some thirty films (lateral ones named pa or ap). Lists of labels that the
    collection cut off in the middle are unknown.
    """
    home = home_of(folder, "participants.tsv", layout=LAYOUT)
    reports, positive = _reports(home)
    people = read_metadata(home / "participants.tsv", required=("participant", "gender", "age"))
    films, notes = _films(home)
    words = reports.cells("Labels", parse_words, otherwise="empty")
    found = films["session"].map(words.set_axis(_sessions(reports)).to_dict())
    sexes = people.cells("gender", parse_sex).set_axis(_participants(people))
    years = ages_of(people).set_axis(sexes.index)
    dates, undated, more = dates_of(home, films)
    days, untested, most = days_from_positive(home, films["patient"], dates)
    refuse_problems([*_located(reports), *_located(people), *undated, *untested], path=home)
    frame = pd.DataFrame(
        {
            "image": prefix_of(home, folder) + films["film"],
            "label": "covid" if positive else found.map(_label, na_action="ignore"),
            "patient": films["patient"],
            "source": NAME,
            "view": films["view"],
            "sex": films["patient"].map(sexes.to_dict()),
            "age": films["patient"].map(years.to_dict()),
            "date": dates.map(datetime.date.isoformat, na_action="ignore"),
            "license": LICENCE,
            "findings": found.map(join_findings, na_action="ignore"),
            "modality": films["modality"].map({"cr": "X-ray", "dx": "X-ray", "ct": "CT"}),
            "days_from_positive_test": days,
            "session": films["session"],
        }
    )
    unknown = [f"{number} films are of sessions without a report" for number in [int(found.isna().sum())] if number]
    strangers = int((~films["patient"].isin(sexes.index)).sum())
    if strangers:
        unknown.append(
            f"{strangers} films are of patients that participants.tsv does not have: sex and age are unknown"
        )
    told = [note for note in (*reports.notes, *people.notes) if "separated by tabs" not in note]
    return Parsed(frame=frame, notes=(*told, *notes, *unknown, *more, *most))


def _reports(home: Path) -> tuple[Metadata, bool]:
    """The labels of the sessions' reports, and whether they are of the positive collection."""
    there = [name for name in (*_POSITIVE, *_NEGATIVE) if (home / "derivatives/labels" / name).is_file()]
    if len(there) != 1:
        came = f"there are several files of labels ({', '.join(there)})" if there else "there is no file of labels"
        raise TableError(
            came, path=home / "derivatives/labels", mend=f"lay one of these there: {LAYOUT.splitlines()[2].strip()}"
        )
    path = home / "derivatives/labels" / there[0]
    return read_metadata(path, required=("PatientID", "ReportID", "Labels")), there[0] in _POSITIVE


def _films(home: Path) -> tuple[pd.DataFrame, list[str]]:
    """One row an image, from its name; what is not of the chest, or has another name, is counted."""
    paths = pd.Series(files_below(home, suffixes=(".png", ".nii.gz")), dtype="str")
    films = paths.str.extract("^" + _FILM.pattern + "$").assign(film=paths)
    films.index = pd.Index(films["film"])
    unnamed = films["patient"].isna() & ~films["film"].str.startswith("derivatives/")
    elsewhere = films["part"].notna() & ~films["part"].isin(["chest", "thorax"])
    notes = (
        [f"{int(unnamed.sum())} images have a name that is not the collection's, and were left out"]
        if unnamed.any()
        else []
    )
    if elsewhere.any():
        parts = ", ".join(f"{part} ({count})" for part, count in films.loc[elsewhere, "part"].value_counts().items())
        notes.append(f"{int(elsewhere.sum())} images of other body parts were left out: {parts}")
    films = films[films["patient"].notna() & ~elsewhere].copy()
    if films.empty:
        raise TableError("there is no image here", path=home, mend=f"give a folder that holds\n{LAYOUT}")
    views = Metadata(path=home, frame=films.astype(object).where(films.notna(), None))
    films["view"] = views.cells("view", parse_view, otherwise="empty")
    return films, [*notes, *views.notes]


def _sessions(reports: Metadata) -> pd.Series:
    names = reports.needed("ReportID")
    for row in names.index[names.notna() & ~names.str.fullmatch(r"ses-E\d+").eq(True)]:
        reports.problem(row, f"the ReportID is {names[row]!r}; allowed is ses-E and a number")
    for row in names.index[names.notna() & names.duplicated()]:
        reports.problem(row, f"the ReportID {names[row]} stands in an earlier row, too; allowed is one row a session")
    return names


def _participants(people: Metadata) -> pd.Series:
    names = people.needed("participant")
    for row in names.index[names.notna() & names.duplicated()]:
        people.problem(row, "the participant stands in an earlier row, too; allowed is one row a patient")
    return names


def _located(metadata: Metadata) -> list[str]:
    return [f"{metadata.path.name} {problem}" for problem in metadata.problems]


def _label(words: list[str]) -> str | None:
    found = [word for word in words if word not in _NO_FINDINGS]
    others = [word for word in found if word != "normal"]
    label = chosen_label(others) if others else ("normal" if words == ["normal"] else None)
    return None if label == "covid" else label
