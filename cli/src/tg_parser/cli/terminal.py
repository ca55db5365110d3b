"""A person at a terminal who is asked something: secrets are not shown while they are typed, nor afterwards."""

from __future__ import annotations

import asyncio
import getpass
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import segno
from rich.console import Console
from rich.text import Text

from tg_parser.cli.exit_codes import CommandFailed, ExitCode


class Terminal:
    """Asks on the console. Without a terminal, as in scripts, the answers are the lines of the input."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def phone(self) -> str:
        """The phone number."""
        return await self.ask("Phone number, with its country code: ")

    async def code(self, again: str) -> str:
        """The code Telegram has sent."""
        self._say(again)
        return await self.ask("Code that Telegram has sent to the account: ", secret=True)

    async def password(self, hint: str, again: str) -> str:
        """The password of the second step."""
        self._say(again)
        return await self.ask(f"Password of the account{f' (hint: {printable(hint)})' if hint else ''}: ", secret=True)

    def show(self, link: str) -> None:
        """Show a link as a QR code. The link itself is as good as a password and is not printed."""
        drawn = StringIO()
        segno.make(link, error="l", micro=False).terminal(drawn, compact=True)
        self._console.print(Text.from_ansi(drawn.getvalue()), soft_wrap=True)
        self._say("Scan it with Telegram on a phone: Settings, Devices, Link Desktop Device.")

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """An answer. Raises CommandFailed if there is nobody to give one."""
        answer = (await _elsewhere(lambda: _line(question, secret=secret))).strip()
        if not answer:
            raise CommandFailed("Nothing was entered.", ExitCode.USAGE)
        return answer

    def _say(self, sentence: str) -> None:
        if sentence:
            self._console.print(sentence, highlight=False, soft_wrap=True, markup=False)


def printable(text: str) -> str:
    """Somebody else's text without what would move the cursor."""
    return "".join(character for character in text if character.isprintable())[:200]


def _line(question: str, *, secret: bool) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    if secret:
        return getpass.getpass(question, stream=sys.stderr)
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()


async def _elsewhere(ask: Callable[[], str]) -> str:
    """Wait for somebody's answer beside the loop. A thread that nobody waits for: Ctrl-C has to end the command at once."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[str] = loop.create_future()

    def settle(setter: Callable[[Any], None], value: Any) -> None:
        if not answered.done():
            setter(value)

    def work() -> None:
        try:
            loop.call_soon_threadsafe(settle, answered.set_result, ask())
        except EOFError:
            loop.call_soon_threadsafe(settle, answered.set_result, "")
        except OSError as error:
            loop.call_soon_threadsafe(settle, answered.set_exception, error)

    with _echo_restored():
        threading.Thread(target=work, daemon=True, name="question").start()
        return await answered


@contextmanager
def _echo_restored() -> Iterator[None]:
    """Leave the terminal as it was, also if the question is never answered."""
    if not sys.stdin.isatty():
        yield
        return
    import termios  # noqa: PLC0415 - not on Windows

    before = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
