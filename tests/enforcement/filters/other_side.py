"""A moderation endpoint of somebody else's: a real small HTTP server that answers, breaks, babbles or hangs."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class OtherSide(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mode = "answers"
        self.scores: dict[str, float] = {"hate": 0.9, "violence": 0.2}
        self.by_text: dict[str, dict[str, float]] = {}
        self.asked: list[tuple[dict, str]] = []
        self.go_on = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/moderations"


class _Handler(BaseHTTPRequestHandler):
    server: OtherSide

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((body, self.headers.get("authorization", "")))
        if self.server.mode == "hangs":
            self.server.go_on.wait(30)
            return
        scores = self.server.by_text.get(body["input"], self.server.scores)
        answer = {
            "answers": json.dumps({"results": [{"category_scores": scores}]}).encode(),
            "breaks": b"",
            "babbles": b'{"results": [7]}',
            "floods": b"[" * 1_000_000,
        }[self.server.mode]
        self.send_response(500 if self.server.mode == "breaks" else 200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def other_side() -> Iterator[OtherSide]:
    server = OtherSide()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        server.server_close()
