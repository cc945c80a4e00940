"""A local web server that counts, breaks off, resets, dawdles, sends elsewhere and lies on demand."""

from __future__ import annotations

import http.server
import socket
import struct
import threading
import time


class WebServer:
    """Files by path, served on 127.0.0.1; each answer can be cut after some bytes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ranges: list[str | None] = []  # the Range header of each request
        self.asked: list[str] = []  # the path of each request
        self.cuts: list[int] = []  # the next answers break off after so many bytes
        self.refusals: dict[str, list[int]] = {}  # by path: status codes of the next answers
        self.redirects: dict[str, str] = {}  # by path: where it sends to
        self.resets: set[str] = set()  # paths whose connection is reset in the middle, each time
        self.drips: dict[str, float] = {}  # by path: seconds between two bytes
        self.knows_ranges = True
        self.wrong_ranges = False  # answers 206 with the file's start, whatever was asked for
        self._http = _Quiet(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Quiet(http.server.ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are expected here."""


def _handler(server: WebServer) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            server.ranges.append(asked)
            server.asked.append(self.path)
            data = server.files.get(self.path)
            if server.refusals.get(self.path):
                return self.send_error(server.refusals[self.path].pop(0))
            if self.path in server.redirects:
                self.send_response(302)
                self.send_header("Location", server.redirects[self.path])
                self.send_header("Content-Length", "0")
                return self.end_headers()
            if data is None:
                return self.send_error(404)
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.knows_ranges else 0
            if start and start >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            self.send_response(206 if start else 200)
            if start and server.wrong_ranges:
                server.wrong_ranges, start = False, 0
            if asked and server.knows_ranges:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            stop = start + server.cuts.pop(0) if server.cuts else len(data)
            self._send(data[start:stop])

        def _send(self, data: bytes) -> None:
            if self.path in server.resets:
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                time.sleep(0.05)  # what was sent arrives before the reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return self.connection.close()
            if self.path not in server.drips:
                self.wfile.write(data)
                return None
            for place in range(len(data)):
                try:
                    self.wfile.write(data[place : place + 1])
                except OSError:  # the client has had enough
                    return None
                time.sleep(server.drips[self.path])
            return None

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler
