#!/usr/bin/env python3
"""One conversation with a deployed deskbridge, step by step, with what came of each.

    DESKBRIDGE_API_KEY=... python3 infra/smoke.py --api https://... --vendor udesk

The vendor's desk is the real one: somebody must answer there when this asks for it. Needs nothing but
Python 3.11. Ends with 0 if every step went well, and with 1 at the first that did not.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request

# A function that starts cold, and a vendor that takes its time: API Gateway gives up after 30 s.
PATIENCE = 35
ASKS_AGAIN_AFTER = 1

WHAT_TO_DO = {
    "udesk": "Answer customer {customer} in Udesk now",
    "sobot": "In Sobot, write to customer {customer} now; their page is not open, so the message is pushed",
}


def main() -> None:
    told = arguments()
    key = os.environ.get("DESKBRIDGE_API_KEY", "")
    if not key:
        sys.exit("set DESKBRIDGE_API_KEY to a key whose hash is one of the stack's ApiKeyHashes")
    smoke = Smoke(told.api.rstrip("/"), key, told)
    {"udesk": at_udesk, "sobot": at_sobot, "tencent": at_tencent}[told.vendor](smoke)
    print(f"done: {smoke.steps} steps. Your app is told of them by events, the last one session.closed: look there.")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api", required=True, help="the stack's output ApiUrl")
    parser.add_argument("--vendor", required=True, choices=["udesk", "sobot", "tencent"])
    parser.add_argument("--customer", default="smoke-test", help="the id of the customer who is played (smoke-test)")
    parser.add_argument("--wait", type=float, default=300, help="seconds that somebody has to answer at the desk (300)")
    return parser.parse_args()


def at_udesk(smoke: "Smoke") -> None:
    """The customer writes, an agent answers."""
    smoke.refuses_a_stranger()
    token = smoke.token(kind="customer", expires_in=900)["token"]
    session = smoke.open(assign={"to": "agent"})
    if session["state"] not in ("active", "assigning", "queued"):
        smoke.fails(f"no agent is there: the session is {session['state']}. Log an agent in, and try again")
    said = smoke.says(session, token, kind="text", content="Hello, this is deskbridge's smoke test.")
    smoke.shows(session, f"the customer's message, {said['id']}", lambda message: message["id"] == said["id"])
    smoke.is_answered(session)
    smoke.closes(session)


def at_sobot(smoke: "Smoke") -> None:
    """The customer writes on Sobot's page, or here where its Live Chat API is on; what an agent says comes here."""
    smoke.refuses_a_stranger()
    page = smoke.token(kind="sobot_page", expires_in=600)
    print(f"  the customer's page: {page['link']}")
    session = smoke.open()
    if session["state"] == "offline":
        smoke.fails("no agent is there. Log an agent in, and try again")
    if session["state"] == "active":
        said = smoke.says(session, smoke.key, kind="text", content="Hello, this is deskbridge's smoke test.")
        smoke.shows(session, f"the customer's message, {said['id']}", lambda message: message["id"] == said["id"])
    smoke.is_answered(session)
    smoke.closes(session)


def at_tencent(smoke: "Smoke") -> None:
    """The customer's client logs in at Tencent; your server writes to them as the desk."""
    smoke.refuses_a_stranger()
    smoke.token(kind="tencent_usersig")
    session = smoke.open()
    text = {"as": "desk", "kind": "text", "content": "Hello, this is deskbridge's smoke test."}
    said = smoke.says(session, smoke.key, **text)
    smoke.shows(session, f"the desk's message, {said['id']}", lambda message: message["id"] == said["id"])
    smoke.closes(session)


class Smoke:
    """A deployed deskbridge, as an app's server sees it."""

    def __init__(self, api: str, key: str, told: argparse.Namespace) -> None:
        self.api = api
        self.key = key
        self.vendor = told.vendor
        self.customer = told.customer
        self.wait = told.wait
        self.steps = 0

    def refuses_a_stranger(self) -> None:
        self.step("a call with a wrong key")
        query = f"/sessions?customer={urllib.request.quote(self.customer, safe='')}"
        status, answer = self.call("GET", query, bearer="not-a-key")
        if status != 401:
            self.fails(f"it was not refused: {status} {answer}")
        self.came("401, refused")

    def token(self, **wanted) -> dict:
        self.step(f"POST /tokens, {wanted['kind']}")
        answer = self.expect("POST", "/tokens", {"customer": self.customer, **wanted})
        self.came(f"a token until {answer['expires_at']}")
        return answer

    def open(self, **wanted) -> dict:
        self.step(f"POST /sessions, customer {self.customer} at {self.vendor}")
        session = self.expect("POST", "/sessions", {"vendor": self.vendor, "customer": self.customer, **wanted})
        self.came(f"{session['id']}, {session['state']}")
        return session

    def says(self, session: dict, bearer: str, **message) -> dict:
        self.step("POST /sessions/{id}/messages")
        said = self.expect("POST", f"/sessions/{session['id']}/messages", message, bearer)
        self.came(f"{said['id']}, {said['status']}")
        return said

    def shows(self, session: dict, what: str, is_it) -> dict:
        """Waits until the conversation has such a message."""
        self.step(f"GET /sessions/{{id}}/messages, until it shows {what}")
        end = time.monotonic() + self.wait
        while True:
            found = next((message for message in self.conversation(session) if is_it(message)), None)
            # A vendor that was busy gets the message in a moment.
            if found and found.get("status") not in ("queued", "sending"):
                break
            if time.monotonic() > end:
                self.fails(f"it does not, after {self.wait:.0f} s" + (f": it is {found['status']}" if found else ""))
            time.sleep(ASKS_AGAIN_AFTER)
        if found.get("status") in ("failed", "unknown"):
            self.fails(f"it is {found['status']}: {found.get('error')}")
        text = found.get("text") or found["content"]
        status = f", {found['status']}" if "status" in found else ""
        self.came(f"from {found['from']}{status}: {text!r}")
        return found

    def is_answered(self, session: dict) -> None:
        known = {message["id"] for message in self.conversation(session)}
        print(f"  {WHAT_TO_DO[self.vendor].format(customer=self.customer)} ({self.wait:.0f} s).")
        self.shows(session, "what an agent says",
                   lambda message: message["from"] == "agent" and message["id"] not in known)

    def closes(self, session: dict) -> None:
        self.step("DELETE /sessions/{id}")
        closed = self.expect("DELETE", f"/sessions/{session['id']}")
        end = time.monotonic() + self.wait
        while closed["state"] != "closed":
            if time.monotonic() > end:
                self.fails(f"still {closed['state']} after {self.wait:.0f} s")
            time.sleep(ASKS_AGAIN_AFTER)
            closed = self.expect("GET", f"/sessions/{session['id']}")
        self.came("closed")

    def conversation(self, session: dict) -> list:
        """Every message, page by page."""
        messages, after = [], ""
        while True:
            page = self.expect("GET", f"/sessions/{session['id']}/messages{after}")
            messages += page["messages"]
            if not page.get("more"):
                return messages
            after = f"?after={page['next']}"

    def expect(self, method: str, path: str, body: dict | None = None, bearer: str = "") -> dict:
        status, answer = self.call(method, path, body, bearer)
        if not 200 <= status < 300:
            self.fails(f"{method} {path} was answered {status}: {json.dumps(answer)}")
        return answer

    def call(self, method: str, path: str, body: dict | None = None, bearer: str = "") -> tuple:
        headers = {"authorization": f"Bearer {bearer or self.key}"}
        data = None
        if body is not None:
            headers["content-type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, read(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, read(refusal)
        except OSError as error:
            self.fails(f"{self.api} does not answer: {error}")

    def step(self, name: str) -> None:
        self.steps += 1
        self.started = time.monotonic()
        print(f"{self.steps}. {name}", flush=True)

    def came(self, what: str) -> None:
        print(f"  {what} ({time.monotonic() - self.started:.1f} s)", flush=True)

    def fails(self, why: str):
        print(f"  FAILED: {why}", flush=True)
        sys.exit(1)


def read(answer) -> object:
    text = answer.read().decode()
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    main()
