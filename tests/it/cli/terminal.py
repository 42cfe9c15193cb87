"""Runs a program in a pseudo-terminal and prints as JSON what a person would see.

usage: terminal.py WIDTHS STOP PROGRAM...

WIDTHS, such as 80,60: the terminal's width in columns, and those that follow, each after 15 redrawn
lines. STOP: a text after which Ctrl-C is pressed, when the next line was redrawn; or `-`.
"""
import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios

widths = [int(width) for width in sys.argv[1].split(",")]
stop, program = sys.argv[2], sys.argv[3:]
FRAMES = 15


def resize(terminal, width):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))


def read_all(terminal):
    """Yields what the program writes, with the width of the terminal at that time."""
    width, drawn, stopped = widths.pop(0), 0, stop == "-"
    resize(terminal, width)
    seen = ""
    while True:
        if not select.select([terminal], [], [], 120)[0]:
            raise TimeoutError(seen)
        try:
            part = os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            return
        if not part:
            return
        yield width, part
        seen += part
        drawn += part.count("\x1b[2K")
        if widths and drawn >= FRAMES:
            width, drawn = widths.pop(0), 0
            resize(terminal, width)
        if not stopped and stop in seen and "\x1b[2K" in seen[seen.index(stop):]:
            stopped = True
            os.write(terminal, b"\x03")


def screen(text):
    """The lines that are left, of a terminal that is wide enough."""
    lines, column = [""], 0
    for token in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        line = lines[-1]
        if token == "\r":
            column = 0
        elif token == "\n":
            lines.append("")
        elif token == "\x1b[2K":
            lines[-1] = ""
        elif not token.startswith("\x1b"):
            line = line.ljust(column)
            lines[-1] = line[:column] + token + line[column + len(token):]
            column += len(token)
    return [line.rstrip() for line in lines]


child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm"
    # Before the program starts, which may be before the parent goes on.
    resize(0, widths[0])
    os.execv(program[0], program)
parts = list(read_all(terminal))
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
frames, text = [], "".join(part for _, part in parts)
widths_at = [width for width, part in parts for _ in part]
for found in re.finditer(r"\x1b\[2K([^\x1b\r\n]+)", text):
    frames.append([widths_at[found.start()], found[1]])
json.dump({"code": code, "screen": screen(text), "frames": frames}, sys.stdout)
