"""Gathers the pictures that the gate is measured on, which are no X-rays: copies, charts, and pages as a browser shows them.

    python benchmarks/gate/gather_pictures.py --skimage SITE/skimage/data --pages DIR --to PICTURES

`--skimage` is the data folder of scikit-image, `--pages` a folder with HTML documents; scikit-learn's and matplotlib's own
pictures and icons of the system are found by themselves. Nothing of it was used to make the gate.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

DOCUMENTS = {"page.png", "text.png", "logo.png"}
MEDICAL = {"phantom.png", "microaneurysms.png", "retina.jpg", "cell.png", "ihc.png"}  # any refusal of content is right
CHARTS = 25


def copy_pictures(folder: Path, to: Path) -> None:
    """scikit-image's own pictures that are flat images."""
    for path in sorted(p for p in folder.iterdir() if p.suffix in {".png", ".jpg"}):
        kind = "documents" if path.name in DOCUMENTS else "medical" if path.name in MEDICAL else "photographs"
        save(Image.open(path), to / kind / f"skimage-{path.name}")
    faces = np.load(folder / "lfw_subset.npy")
    for number in range(0, len(faces), 40):  # 25 px faces, five of them
        save(
            Image.fromarray((faces[number] * 255).astype(np.uint8)).resize((200, 200)),
            to / "photographs" / f"lfw-{number}.png",
        )


def copy_others(to: Path) -> None:
    """Pictures inside scikit-learn and matplotlib, digits, and the system's icons."""
    import matplotlib
    import sklearn.datasets

    images = Path(sklearn.datasets.__file__).parent / "images"
    samples = Path(matplotlib.get_data_path()) / "sample_data"
    for path in [*sorted(images.glob("*.jpg")), *sorted(samples.glob("*.[jp][pn]g"))]:
        save(Image.open(path), to / "photographs" / path.name)
    digits = sklearn.datasets.load_digits().images
    for number in range(5):
        save(
            Image.fromarray((digits[number] * 15).astype(np.uint8)).resize((160, 160)),
            to / "photographs" / f"digit-{number}.png",
        )
    icons = sorted(Path("/usr/share/icons/Adwaita/512x512").rglob("*.png"))
    for path in icons[:: max(1, len(icons) // 25)][:25]:
        save(Image.open(path), to / "photographs" / f"icon-{path.name}")


def save(image: Image.Image, path: Path) -> None:
    """As PNG or JPEG on white, whatever it was."""
    sheet = Image.new("RGBA", image.size, "white")
    sheet.alpha_composite(image.convert("RGBA"))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.convert("RGB").save(path)


def draw_charts(to: Path) -> None:
    """Charts of scikit-learn's tables by matplotlib, with other settings than the ones of training."""
    import sklearn.datasets
    from matplotlib.figure import Figure

    tables = [sklearn.datasets.load_wine(), sklearn.datasets.load_iris(), sklearn.datasets.load_breast_cancer()]
    to.mkdir(parents=True, exist_ok=True)
    for number in range(CHARTS):
        data = tables[number % 3]
        x, y = data.data[:, number % 4], data.data[:, (number + 1) % 4]
        figure = Figure(figsize=(6, 4), dpi=100)
        ax = figure.subplots()
        kind = number % 5
        if kind == 0:
            ax.scatter(x, y, c=data.target)
        elif kind == 1:
            ax.hist([x, y], bins=15)
        elif kind == 2:
            ax.boxplot([x, y])
        elif kind == 3:
            ax.plot(np.sort(x))
        else:
            ax.matshow(np.corrcoef(data.data.T))
        ax.set_xlabel(data.feature_names[number % 4])
        figure.savefig(to / f"chart-{number:02d}.png")


def render_pages(folder: Path, to: Path, *, count: int) -> None:
    """HTML documents as Chromium shows them on a screen."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    pages = sorted(p for p in folder.rglob("*.html") if 4_000 < p.stat().st_size < 400_000)
    to.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(pages[:: max(1, len(pages) // count)][:count]):
        size = ["1280,900", "800,1100", "420,800"][number % 3]
        command = [str(browser), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += [f"--window-size={size}", f"--screenshot={to}/page-{number:02d}.png"]
        subprocess.run([*command, path.resolve().as_uri()], check=False, capture_output=True, timeout=60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skimage", type=Path, required=True)
    parser.add_argument("--pages", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--count", type=int, default=30, help="how many pages")
    asked = parser.parse_args()
    copy_pictures(asked.skimage, asked.to)
    copy_others(asked.to)
    draw_charts(asked.to / "documents")
    render_pages(asked.pages, asked.to / "documents", count=asked.count)


if __name__ == "__main__":
    main()
