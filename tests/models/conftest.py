"""Networks built once for all tests; a local web server that counts, breaks off and lies on demand."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from deepcovid import storage
from deepcovid.models.architecture import ARCHITECTURES, Architecture, PublishedWeights
from deepcovid.models.zoo import build_network


@pytest.fixture(scope="session")
def network_of() -> Callable:
    """The network of a name with two classes at its paper's size, built once, in eval mode; tests leave it as it is."""

    @cache
    def built(name: str):
        return build_network(name, classes=2).eval()

    return built


class WebServer:
    """Files by path, served on 127.0.0.1; each answer can be cut after some bytes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ranges: list[str | None] = []  # the Range header of each request
        self.cuts: list[int] = []  # the next answers break off after so many bytes
        self.knows_ranges = True
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(server: WebServer) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            server.ranges.append(asked)
            data = server.files.get(self.path)
            if data is None:
                return self.send_error(404)
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.knows_ranges else 0
            if start and start >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            stop = start + server.cuts.pop(0) if server.cuts else len(data)
            self.wfile.write(data[start:stop])

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.stop()


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for this test alone."""
    monkeypatch.setenv(storage.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def build_tiny(*, channels: int, classes: int):
    """A backbone of two convolutions and a BatchNorm: 6 maps at a quarter of the size."""
    from torch import nn

    first = nn.Conv2d(channels, 4, 3, stride=2, padding=1)
    return nn.Sequential(first, nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3, stride=2, padding=1), nn.ReLU())


@pytest.fixture
def tiny_checkpoint(tmp_path: Path) -> Path:
    """What a publisher of the network `tiny` would offer: a state dict with its prefix and a classifier, as .pth."""
    import torch

    torch.manual_seed(7)
    state = {f"features.{name}": tensor for name, tensor in build_tiny(channels=3, classes=2).state_dict().items()}
    state |= {"classifier.weight": torch.zeros(1000, 6), "classifier.bias": torch.zeros(1000)}
    folder = tmp_path / "published"
    folder.mkdir()
    torch.save(state, folder / "tiny.pth")
    digest = storage.sha256_file(folder / "tiny.pth")
    return (folder / "tiny.pth").rename(folder / f"tiny-{digest[:8]}.pth")


@pytest.fixture
def tiny(web: WebServer, tiny_checkpoint: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Architecture:
    """A registered network whose weights the local server publishes, with an empty cache."""
    web.files[f"/{tiny_checkpoint.name}"] = tiny_checkpoint.read_bytes()
    known = Architecture(
        name="tiny",
        build=build_tiny,
        neck="pool",
        size=(16, 16),
        features=6,
        parameters=358,
        last_convolution="3",
        source="this test",
        licence="Apache-2.0",
        weights=PublishedWeights(
            enum="Tiny",
            url=f"{web.url}/{tiny_checkpoint.name}",
            sha256=tiny_checkpoint.stem.rpartition("-")[2],
            prefix="features.",
            dropped=("classifier.",),
        ),
    )
    monkeypatch.setitem(ARCHITECTURES._things, "tiny", known)
    return known
