"""cargo-lambda against the servers of `cargo local`: one function called by its route, one with its event.

Expects `cargo build --workspace --bins --tests` to have built everything; cargo-lambda builds the two functions itself.
Listens on free ports of 127.0.0.1, and ends what it has started by its own process ids.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BINARIES = TARGET / "debug"
# The first call of a function builds it.
PATIENCE = 900


def local(folder: Path) -> subprocess.Popen:
    """`cargo local`, on free ports, with what it keeps in the folder."""
    program = BINARIES / "local"
    options = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    ports = [part for flag in re.findall(r"--(?:\w+-)?port", options) for part in (flag, "0")]
    empty = folder / "empty.env"
    empty.touch()
    return subprocess.Popen(
        [program, *ports, "--data", folder, "--env-file", empty, "--binaries", BINARIES],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=open(folder / "local.log", "w"), stderr=subprocess.STDOUT,
    )


def watch(folder: Path, port: int) -> subprocess.Popen:
    return subprocess.Popen(
        ["cargo-lambda", "lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", str(port),
         "--env-file", folder / "env", "--ignore-changes", "--wait"],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=open(folder / "watch.log", "w"), stderr=subprocess.STDOUT,
    )


def until(what: str, seconds: float, holds, *processes: subprocess.Popen) -> None:
    end = time.monotonic() + seconds
    while not holds():
        gone = [process.args[0] for process in processes if process.poll() is not None]
        if gone or time.monotonic() > end:
            sys.exit(f"{what}: " + (f"{gone[0]} has ended" if gone else f"not within {seconds} s"))
        time.sleep(0.1)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def by_route(port: int) -> None:
    """POST /tokens, as a client of the HTTP API."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/tokens",
        json.dumps({"kind": "customer", "customer": "DE"}).encode(),
        {"authorization": "Bearer local-server-key", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        token = json.load(answer)
    if token["token"].count(".") != 2 or not token["expires_at"]:
        sys.exit(f"POST /tokens answered {token}")


def by_event(port: int) -> None:
    """create-session with its event: it asks the Udesk twin and writes to the embedded table."""
    invoked = subprocess.run(
        ["cargo-lambda", "lambda", "invoke", "--invoke-address", "127.0.0.1", "--invoke-port", str(port),
         "create-session", "--data-file", "tests/fixtures/events/create-session.json"],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE,
    )
    answer = json.loads(invoked.stdout) if invoked.returncode == 0 else invoked.stderr
    if invoked.returncode != 0 or answer["statusCode"] != 201 or json.loads(answer["body"])["state"] != "active":
        sys.exit(f"cargo lambda invoke create-session: {answer}")


def end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="cargo-lambda-", dir=TARGET))
    started: list[subprocess.Popen] = []
    passed = False
    try:
        started.append(local(folder))
        ready = lambda: "deskbridge runs here" in (folder / "local.log").read_text()
        until("cargo local", 60, ready, *started)
        port = free_port()
        started.append(watch(folder, port))
        until("cargo lambda watch", 60, lambda: listens(port), *started)
        for step in (by_route, by_event):
            before = time.monotonic()
            step(port)
            print(f"{step.__doc__} {time.monotonic() - before:.1f} s")
        passed = True
    finally:
        for process in reversed(started):
            end(process)
        for log in [] if passed else sorted(folder.glob("*.log")):
            print(f"--- {log.name}", log.read_text()[-4000:], sep="\n")
        shutil.rmtree(folder)


main()
