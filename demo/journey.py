"""The main job from sign-up to a refused call, walked over real HTTP on a running site: `make demo`.

Nothing here calls the product's code but for the stage: a program, two reviewers, a manager. Every step a person takes
is a page opened and a form sent; every step Celery takes is waited for.
"""

import email
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import policy
from pathlib import Path

import httpx

from demo import PASSWORD, answers
from demo.visitor import Unexpected, Visitor

LIMIT = 5  # requests a minute of the demo's program: small, so that the limit is reached in a moment
SLUG, MODEL = "demo-model", "demo-1"
APPLICANT = {"name": "Ana Ruiz", "email": "ana@pygma.example"}
OWN_PASSWORD = "a long enough passphrase"
STORY = {
    "title": "Docstrings for our own library",
    "summary": (
        "Drafts docstrings for functions of our own library; "
        "the developer who owns the function edits and commits them."
    ),
    "detail": (
        "A developer opens a function in the editor and asks for a docstring. The model drafts one from the code "
        "alone. The developer reads it, corrects it, and commits it under their own name after the usual review by "
        "a colleague. Nothing is published by itself."
    ),
    "usual_use": "n01",
}


@dataclass
class Step:
    says: str
    ok: bool
    seconds: float


@dataclass
class Journey:
    """One walk. `steps` fills as it goes; `say` prints each."""

    web: str
    gateway: str
    mails: Path
    say: Callable[[str], None]
    steps: list[Step] = field(default_factory=list)
    secret: str = ""
    number: str = ""

    def walk(self) -> bool:
        """Take every step in order; stop at the first that does not hold. Return whether all held."""
        for verb in (
            self.sign_up, self.accept_guidelines, self.apply, self.receipt, self.claim_and_decide, self.wait_in_line,
            self.set_rate, self.accept_invitation, self.open_key, self.call, self.meet_the_limit, self.suspend,
        ):  # fmt: skip
            started = time.monotonic()
            try:
                for says in verb():
                    self.note(says, True, started)
                    started = time.monotonic()
            except (Unexpected, httpx.HTTPError) as error:
                self.note(f"{verb.__name__.replace('_', ' ')}: {error}", False, started)
                return False
        return True

    def note(self, says: str, ok: bool, started: float) -> None:
        step = Step(says, ok, round(time.monotonic() - started, 2))
        self.steps.append(step)
        self.say(f"{'✓' if ok else '✗'} {len(self.steps):>2}. {says}  ({step.seconds} s)")

    # --- the applicant

    def sign_up(self) -> Iterator[str]:
        self.ana = Visitor(self.web)
        self.ana.open("/accounts/signup/")
        self.ana.submit(
            email=APPLICANT["email"],
            password1=OWN_PASSWORD,
            full_name=APPLICANT["name"],
            time_zone="Europe/Madrid",
        )
        yield "Ana signs up with e-mail and password."
        link = self._mailed(r"http\S+/accounts/confirm-email/\S+", "the link that confirms the address")
        self.ana.open(httpx.URL(link).raw_path.decode())
        self.ana.submit("confirm-email")
        yield "A Celery worker sends the confirmation from the outbox; Ana follows its link and confirms by a button."
        self._sign_in(self.ana, APPLICANT["email"], OWN_PASSWORD)

    def accept_guidelines(self) -> Iterator[str]:
        self.ana.open("/guidelines/")
        self.ana.submit("accept")
        yield "She reads the guidelines in force and accepts them."

    def apply(self) -> Iterator[str]:
        self.ana.open(f"/apply/{SLUG}/")
        self.ana.submit(owner="me")
        given = answers.complete(APPLICANT, STORY, [MODEL])
        pages = 0
        while "/form/" in self.ana.page.url.path:
            pages += 1
            before = self.ana.page.url.path
            form = self.ana._form("", set())
            fitting = {name: given[name] for name in form.fields if name in given}
            self.ana.submit(**_typed(fitting))
            if self.ana.page.url.path == before:
                raise Unexpected(f"the form stays at {before}: {self.ana.words()[:1500]}")
        yield f"She fills {pages} pages of the form; each is saved as she leaves it."
        self.ana.submit("submit")
        self.number = self.ana.page.url.path.strip("/").split("/")[-1]
        yield f"She checks her answers and sends them: application {self.number}."

    def receipt(self) -> Iterator[str]:
        self._mailed(re.escape(self.number), "the receipt")
        yield "The receipt arrives, and the status page says that the application was received."

    # --- the reviewers

    def claim_and_decide(self) -> Iterator[str]:
        bob = self._staff("bob@gatehouse.example")
        self._until(
            lambda: bob.open("/admin/reviews/case/desk/") and bob.says(STORY["title"]),
            "the case in the queue",
        )
        yield "Celery opens a case; Bob sees it in the reviewers' queue, the first page of his admin."
        case = re.search(r"/admin/reviews/case/(\d+)/", bob.page.text)
        if case is None:
            raise Unexpected("the queue has no link to a case")
        path = f"/admin/reviews/case/{case[1]}/"
        bob.open(path)
        bob.submit("claim")
        yield "He claims it; nobody else can decide it now."
        bob.submit("decide", **{"d-outcome": "approved", "d-reason_approved": "A1_notify_list"})
        yield "He approves it: the use is on the list of usual uses."
        if bob.says("second"):
            bea = self._staff("bea@gatehouse.example")
            bea.open(path)
            if "sign/" in bea.page.text:
                bea.submit("sign")
                yield "A second person signs, as the rule asks."

    # --- the line

    def wait_in_line(self) -> Iterator[str]:
        self._until(lambda: self._standing("in line"), "the applicant in line")
        yield "The decision is told; Ana's page shows her place in line."
        self._mailed("approved|line", "the letter of approval")

    def set_rate(self) -> Iterator[str]:
        dora = self._staff("dora@gatehouse.example")
        dora.open(f"/admin/onboarding/program/board/?program={SLUG}")
        dora.submit("/rate/", per_week=1000, reason="A thousand a week, as planned.")
        if not dora.says("1,000"):
            raise Unexpected("the board does not show the rate")
        yield "Dora, the manager, sets a rate of 1,000 a week with a reason."
        self._until(lambda: self._standing("accept"), "the weekly admission")
        yield "Celery opens the week and admits; the invitation stands on Ana's page."

    def accept_invitation(self) -> Iterator[str]:
        self._mailed("invit", "the invitation")
        self.ana.open(f"/applications/{self.number}/")
        self.ana.submit("invitation", answer="accept")
        yield "She accepts it by a button; opening the page or the letter's link changes nothing."

    def open_key(self) -> Iterator[str]:
        self._until(lambda: "/open/" in self.ana.open("/access/").text, "the key")
        yield "A Celery worker issues the key, once."
        open_path = re.search(r"/access/keys/[\w-]+/open/", self.ana.page.text)
        self.ana.submit("/open/")
        found = re.search(r"gh_(live|test)_[0-9A-Za-z]{36}", self.ana.page.text)
        if not found or not open_path or self.ana.page.headers.get("cache-control", "").find("no-store") < 0:
            raise Unexpected("the opened key shows no secret, or may be stored")
        self.secret = found[0]
        yield f"She opens it: {self.secret[:12]}… is shown in this one answer."
        token = self.ana.http.cookies.get("csrftoken")
        again = self.ana.http.post(
            open_path[0], data={"csrfmiddlewaretoken": token}, headers={"Referer": f"{self.web}/access/"}
        )
        if again.status_code != 409 or self.secret in again.text:
            raise Unexpected(f"the second opening answered {again.status_code}")
        yield "A second opening is refused."

    # --- the gateway

    def call(self) -> Iterator[str]:
        self._until(lambda: self.authorize().status_code == 200, "the gateway to know the key", seconds=3)
        yield "The gateway answers 200 to her first call."

    def meet_the_limit(self) -> Iterator[str]:
        for _ in range(LIMIT + 1):
            answer = self.authorize()
            if answer.status_code == 429:
                break
        if answer.status_code != 429 or int(answer.headers.get("retry-after", 0)) < 1:
            raise Unexpected(f"after {LIMIT + 1} calls the gateway answers {answer.status_code}")
        wait, detail = answer.headers["retry-after"], answer.json()["detail"]
        yield f"At {LIMIT} a minute it answers 429, Retry-After {wait} s: {detail}"

    def suspend(self) -> Iterator[str]:
        sam = self._staff("sam@gatehouse.example")
        sam.open("/admin/onboarding/grant/")
        grant = re.search(r"/admin/onboarding/grant/(\d+)/change/", sam.page.text)
        if grant is None:
            raise Unexpected("the senior reviewer sees no grant")
        sam.open(grant[0])
        started = time.monotonic()
        sam.submit("/suspend/", reason="The demo shows the brake.")
        sent = time.monotonic() - started
        self._until(lambda: self.authorize().status_code == 403, "the refusal", seconds=1, every=0.01)
        took = time.monotonic() - started - sent
        answer = self.authorize().json()
        if answer["code"] != "suspended":
            raise Unexpected(f"the gateway says {answer}")
        yield f"Sam, a senior reviewer, suspends the grant; {took:.2f} s later the gateway answers 403 suspended."

    def authorize(self) -> httpx.Response:
        return httpx.post(
            f"{self.gateway}/v1/authorize",
            headers={"Authorization": f"Bearer {self.secret}"},
            json={"model": MODEL},
        )

    # --- how it walks

    def _staff(self, address: str) -> Visitor:
        visitor = Visitor(self.web)
        self._sign_in(visitor, address, PASSWORD)
        return visitor

    def _sign_in(self, visitor: Visitor, address: str, password: str) -> None:
        visitor.open("/accounts/login/")
        visitor.submit(login=address, password=password)
        if "/accounts/" in visitor.page.url.path:
            raise Unexpected(f"{address} could not sign in: {visitor.words()[:400]}")

    def _standing(self, word: str) -> bool:
        self.ana.open(f"/applications/{self.number}/")
        return word in self.ana.words().lower()

    def _mailed(self, pattern: str, what: str) -> str:
        """Wait for a mail whose text matches; return the match."""
        found: list[str] = []

        def arrived() -> bool:
            for text in self._mail_texts():
                if match := re.search(pattern, text):
                    found.append(match[0])
            return bool(found)

        self._until(arrived, f"a mail with {what}")
        return found[-1]

    def _mail_texts(self) -> Iterator[str]:
        for path in sorted(self.mails.glob("*")):
            for raw in path.read_bytes().split(b"-" * 79):
                message = email.message_from_bytes(raw.strip(), policy=policy.default)
                body = message.get_body(("plain",)) if message.get("To") else None
                if body is not None:
                    yield f"{message['Subject']}\n{body.get_content()}"

    def _until(
        self, holds: Callable[[], object], what: str, *, seconds: float = 75, every: float = 0.2
    ) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise Unexpected(f"waited {seconds:.0f} s in vain for {what}")
            time.sleep(every)


def _typed(given: dict[str, object]) -> dict[str, object]:
    """Leave out ticks that are not set: a browser does not send them."""
    return {name: value for name, value in given.items() if value is not False}
