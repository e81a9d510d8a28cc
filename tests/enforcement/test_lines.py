"""The gateway's connection to Redis: many questions on one line, each answered to whoever asked it."""

import asyncio
import os

import pytest
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from enforcement.gateway.lines import Lines, Script
from tests.processes import apart

ECHO = Script("return ARGV[1]")


@pytest.fixture
def url(valkey):
    return os.environ["REDIS_URL"]


def asked(url: str, questions, *, timeout: float = 1.0):
    """Return what `questions(lines)` returns, on a connection of its own."""

    async def ask():
        lines = Lines(url, timeout=timeout)
        try:
            return await questions(lines)
        finally:
            await lines.close()

    return apart(ask())


def test_everybody_gets_the_answer_to_their_own_question(url):
    async def questions(lines):
        return await asyncio.gather(*(lines.run(ECHO, [], [number]) for number in range(2000)))

    assert asked(url, questions) == [str(number) for number in range(2000)]


def test_who_hangs_up_shifts_nobody_else_s_answer(url):
    async def questions(lines):
        await lines.ask("PING")
        tasks = [asyncio.create_task(lines.ask("ECHO", str(number))) for number in range(10)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asked(url, questions)
    assert [answer for answer in answers if isinstance(answer, str)] == list("012456789")


def test_a_refused_question_fails_alone(url):
    async def questions(lines):
        return await asyncio.gather(
            lines.ask("ECHO", "before"),
            lines.ask("NOSUCHCOMMAND"),
            lines.ask("EVALSHA", "0" * 40, 0),
            lines.ask("ECHO", "after"),
            return_exceptions=True,
        )

    answers = asked(url, questions)
    assert [answers[0], type(answers[1]), type(answers[2]), answers[3]] == [
        "before",
        ResponseError,
        NoScriptError,
        "after",
    ]


def test_a_connection_that_was_closed_is_opened_again(url, valkey):
    async def questions(lines):
        number = await lines.ask("CLIENT", "ID")
        valkey.client_kill_filter(_id=str(number))
        return await lines.ask("ECHO", "here")

    assert asked(url, questions) == "here"


def test_an_answer_that_is_overdue_fails_and_the_next_question_gets_its_own(url, valkey):
    async def questions(lines):
        await lines.ask("PING")
        valkey.client_pause(400)
        said = await asyncio.gather(
            lines.ask("SET", "late", "1"), lines.ask("SET", "late", "2"), return_exceptions=True
        )
        await asyncio.sleep(0.5)
        return [*map(type, said), await lines.ask("ECHO", "mine")]

    assert asked(url, questions, timeout=0.1) == [RedisTimeout, RedisTimeout, "mine"]


@pytest.mark.parametrize(("password", "said"), [("right", "PONG"), ("wrong", "WRONGPASS")])
def test_who_the_address_names_is_let_in_by_their_password_alone(url, valkey, password, said):
    async def questions(lines):
        return await lines.ask("PING")

    valkey.acl_setuser("guest", enabled=True, reset=True, passwords=["+right"], commands=["+ping", "+select"])
    try:
        answer = asked(url.replace("unix://", f"unix://guest:{password}@"), questions)
    except RedisError as error:
        answer = str(error)
    finally:
        valkey.acl_deluser("guest")

    assert answer.startswith(said)


def test_nobody_waits_for_an_address_where_nothing_listens(tmp_path):
    async def questions(lines):
        return await lines.ask("PING")

    with pytest.raises(OSError, match="No such file"):
        asked(f"unix://{tmp_path}/nothing.sock", questions)
