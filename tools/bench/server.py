"""A server that is measured: a process on one core, with what it uses read from the system."""

import ctypes
import dataclasses
import os
import re
import signal
import subprocess
import tempfile
import time

from tools.bench.suite import SubjectMissing

# The server has one core and the load the other.
SERVER_CORE, LOAD_CORE = "0", "1"
_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 20


class Server:
    """Runs `command` until the end of the `with` block. It must print a line `event=listening endpoint=grpc address=HOST:PORT`."""

    def __init__(self, command, environment=None):
        self._log = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE] + command,
            stderr=self._log,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        try:
            self.address = self._wait_for_address()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self._process.pid

    def stop(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._log.close()

    def log(self):
        self._log.seek(0)
        return self._log.read()

    def _wait_for_address(self):
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if found := listening_address(self.log()):
                return found
            time.sleep(0.02)
        raise SubjectMissing(f"{' '.join(self._process.args[3:])} did not start: {self.log()[-500:]}")

    def cpu(self):
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
            return Cpu(*cpu_of(file.read()), exact_cpu_of(self.pid))

    def resident_bytes(self):
        with open(f"/proc/{self._process.pid}/status", encoding="utf-8") as file:
            return resident_of(file.read())


def listening_address(log):
    found = re.search(r"event=listening.*endpoint=grpc.*address=(\S+)", log)
    return found.group(1) if found else None


def cpu_of(stat):
    """/proc/PID/stat: the name may hold blanks and brackets, so count from behind it; see proc(5)."""
    fields = stat[stat.rindex(")") + 2 :].split()
    return int(fields[11]) / _TICKS, int(fields[12]) / _TICKS


def exact_cpu_of(pid):
    """Seconds, to the nanosecond, where the ticks of /proc are too coarse for a second of work."""
    clock = ctypes.c_int()
    error = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock))
    if error != 0:
        raise OSError(error, os.strerror(error))
    return time.clock_gettime(clock.value)


@dataclasses.dataclass(frozen=True)
class Cpu:
    """What a process has used since its start, in seconds, all threads."""

    # In ticks of 10 ms each.
    user: float
    system: float
    # Both, exactly.
    total: float

    def since(self, before):
        """(user, system, both) since then. The ticks say only how the exact time is shared."""
        both = self.total - before.total
        ticks = self.user - before.user + self.system - before.system
        share = (self.user - before.user) / ticks if ticks > 0 else 1.0
        return both * share, both * (1 - share), both


def resident_of(status):
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1)) * 1024
