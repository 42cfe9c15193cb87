"""The program as a child process: its log lines, its end, and how it is stopped."""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from docmill._program import find_program
from docmill._progress import Progress
from docmill.errors import DocmillError, InternalError, Interrupted, TimedOut, error_class

LOGGER = logging.getLogger("docmill")
"""Log lines of docmill, with their levels."""

DEFAULT_GRACE = 8.0
"""How long docmill waits for requests in flight after SIGTERM, in seconds: the default of ``--grace``."""

END_SECONDS = 4.0
"""docmill ends at most two seconds after its grace period; this leaves as much again to a busy machine."""

_SILENCE_SECONDS = 1.0
"""How long lines are awaited from a process that has ended: a grandchild may keep the pipe open."""

_CHUNK = 65_536
"""How many bytes of log lines are read at once."""

_SIGNALLED = 128
"""Exit codes above it are those of processes that a signal has ended."""

_LEVELS = {"TRACE": logging.DEBUG, "DEBUG": logging.DEBUG, "INFO": logging.INFO, "WARN": logging.WARNING}


@dataclass(frozen=True)
class Ended:
    """How the program ended.

    ``code``: its exit code; 128 and the number of the signal that ended it. ``is_timed_out``: it was stopped because
    its time was over, and ended for that reason.
    """

    code: int
    stdout: bytes
    message: str
    hint: str | None
    is_timed_out: bool

    def error(self, **more: Any) -> DocmillError:
        """The error for an exit code other than 0, or for a result that can't be read."""
        if self.code == 0:
            message = "docmill has ended with exit code 0, but its result is missing or can't be read"
            return InternalError(message, hint=f"the program is {find_program()}", **more)
        if self.is_timed_out:
            return TimedOut(self.message, hint=self.hint, exit_code=self.code, **more)
        return error_class(self.code)(self.message, hint=self.hint, exit_code=self.code, **more)


class Stopper:
    """Stops the programs that a block of code runs, from another thread or from a signal handler.

    Used as a context manager: it knows the programs that are started in the block, by the same thread.
    """

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._is_stopped = False

    def __enter__(self) -> Stopper:
        self._token = _STOPPER.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _STOPPER.reset(self._token)

    def add(self, child: Child) -> None:
        """Adds a program that is about to start.

        Raises:
            docmill.errors.Interrupted: It must not start.
        """
        self._children.append(child)
        if self._is_stopped:
            raise Interrupted("docmill was stopped before it began")

    def stop(self) -> None:
        """Sends SIGTERM, waits for the grace period, then kills. Returns when the programs have ended."""
        self._is_stopped = True
        for child in self._children:
            child.stop()


_STOPPER: contextvars.ContextVar[Stopper | None] = contextvars.ContextVar("docmill-stopper", default=None)


class Child:
    """One call of the program.

    ``descriptors``: those that it inherits, beside the standard ones.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        grace: float = DEFAULT_GRACE,
        api_key: str | None = None,
        stdin: bytes | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        self._arguments = list(arguments)
        self._env = {**os.environ, **(env or {})}
        self._grace = grace
        self._api_key = api_key
        self._stdin = stdin
        self._on_progress = on_progress
        self._descriptors = tuple(descriptors)
        self._process: subprocess.Popen[bytes] | None = None
        self._message: str | None = None
        self._hint: str | None = None
        self._last_line = ""
        self._is_stopped = False

    def execute(self, timeout: float | None = None) -> Ended:
        """Runs the program until it ends. ``timeout``: seconds after which it is stopped."""
        deadline = None if timeout is None else time.monotonic() + timeout
        is_timed_out = False
        with self._start() as (process, stdout):
            is_over = threading.Event()
            lines = _lines_of(process, is_over)
            try:
                ended_at: float | None = None
                while True:
                    if deadline is not None and time.monotonic() >= deadline and not is_timed_out:
                        is_timed_out = process.poll() is None
                        deadline = None
                        self.stop()
                    wait = 0.2 if deadline is None else max(0.0, min(0.2, deadline - time.monotonic()))
                    try:
                        line = lines.get(timeout=wait)
                    except queue.Empty:
                        if process.poll() is None:
                            continue
                        ended_at = time.monotonic() if ended_at is None else ended_at
                        if time.monotonic() - ended_at > _SILENCE_SECONDS:
                            break
                        continue
                    if line is None:
                        break
                    self._read(line)
                # The pipe may be closed before the process has ended.
                while process.poll() is None:
                    if deadline is not None and time.monotonic() >= deadline:
                        is_timed_out, deadline = True, None
                        self.stop()
                    time.sleep(0.01)
            finally:
                is_over.set()
            stdout.seek(0)
            return self._ended(process.returncode, stdout.read(), is_timed_out, timeout)

    def stop(self) -> None:
        """Sends SIGTERM, waits for the grace period, then kills. Returns when the program has ended."""
        process, self._is_stopped = self._process, True
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(self._grace + END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def _start(self) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
        with contextlib.ExitStack() as stack:
            arguments = [str(find_program()), *self._arguments, "--log-format", "json"]
            descriptors = self._descriptors
            if self._api_key is not None:
                path, secret = stack.enter_context(_secret_file(self._api_key))
                descriptors += secret
                arguments += ["--api-key-file", path]
            stdout = stack.enter_context(tempfile.TemporaryFile())
            stdin: Any = subprocess.DEVNULL
            if self._stdin is not None:
                stdin = stack.enter_context(tempfile.TemporaryFile())
                stdin.write(self._stdin)
                stdin.seek(0)
            if (stopper := _STOPPER.get()) is not None:
                stopper.add(self)
            # In its own session, so that Ctrl-C reaches this process alone, which stops docmill once:
            # a second signal would end it at once.
            self._process = subprocess.Popen(
                arguments,
                bufsize=0,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=self._env,
                pass_fds=descriptors,
                start_new_session=True,
            )
            # Also after an exception. Leaving Popen's own context would wait for everything that has the pipe.
            stack.callback(self.stop)
            if self._is_stopped:
                self.stop()
            yield self._process, stdout

    def _read(self, line: bytes) -> None:
        """Passes a line of stderr on."""
        text = line.decode("utf-8", "replace")
        if not text:
            return
        try:
            members = json.loads(text)
            level, message = members["level"], str(members["message"])
        except (ValueError, TypeError, KeyError):
            self._last_line = text
            LOGGER.warning("%s", text)
            return
        if members.get("event") == "progress" and self._on_progress is not None:
            self._on_progress(Progress.from_json(members))
        elif level == "ERROR" and "exit_code" in members:
            # The error of the command, which is raised.
            self._message, self._hint = message.removeprefix("error: "), members.get("hint")
        else:
            LOGGER.log(_LEVELS.get(level, logging.ERROR), "%s", message.removeprefix("warning: "))

    def _ended(self, returncode: int, stdout: bytes, is_timed_out: bool, timeout: float | None) -> Ended:
        code = returncode if returncode >= 0 else 128 - returncode
        # It may have ended by itself before it was asked to.
        is_timed_out = is_timed_out and code > _SIGNALLED
        if is_timed_out:
            message = f"docmill was stopped after {timeout:g} s"
        elif self._message is not None:
            message = self._message
        elif returncode < 0:
            message = f"docmill was ended by {_signal_name(-returncode)}"
        else:
            message = f"docmill ended with exit code {code}"
            message = f"{message}: {self._last_line}" if self._last_line else message
        return Ended(code, stdout, message, self._hint, is_timed_out)


def check(ended: Ended, **more: Any) -> None:
    """Raises the error of a command that did not succeed."""
    if ended.code != 0:
        raise ended.error(**more)


def _lines_of(process: subprocess.Popen[bytes], is_over: threading.Event) -> queue.SimpleQueue[bytes | None]:
    """The lines of stderr, which a thread reads so that the program never waits for us; None at the end.

    The thread has the pipe for itself, until the last process has closed it. ``is_over``: the lines are no longer wanted.
    """
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    stderr = process.stderr
    assert stderr is not None

    def read() -> None:
        rest = b""
        with stderr, contextlib.suppress(OSError):
            while chunk := stderr.read(_CHUNK):
                if not is_over.is_set():
                    *whole, rest = (rest + chunk).split(b"\n")
                    for line in whole:
                        lines.put(line)
        lines.put(rest)
        lines.put(None)

    threading.Thread(target=read, name="docmill-stderr", daemon=True).start()
    return lines


@contextlib.contextmanager
def _secret_file(secret: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A path at which the program can read a secret, as often as it likes, and the descriptors that it inherits.

    On Linux the secret is in memory only. It is in no argument and in no environment, which other processes of the
    user can read and which crash reports contain.
    """
    if sys.platform == "linux":
        descriptor = os.memfd_create("docmill-api-key")
        try:
            with os.fdopen(os.dup(descriptor), "w", encoding="utf-8") as file:
                file.write(secret)
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)
        return
    # Files of mkstemp can be read by their owner only.
    descriptor, path = tempfile.mkstemp(prefix="docmill-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret)
        yield path, ()
    finally:
        os.unlink(path)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
