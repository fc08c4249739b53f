"""Starts programs on free ports of loopback and asks them over HTTP; every wait is bounded."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

LIMIT = 60

# Straight to loopback, whatever proxy the environment names.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http_get(address, path, **query):
    url = f"http://{address}{path}" + ("?" + urllib.parse.urlencode(query) if query else "")
    with _opener.open(url, timeout=LIMIT) as answer:
        return answer.read().decode()


def wait_for(what, condition):
    """Asks until condition() is true, and returns what it returned."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(f"{what} did not come within {LIMIT} s")


class Program:
    """A program in the background. Its log goes to a file."""

    def __init__(self, name, arguments):
        self.name = name
        self._log = tempfile.TemporaryFile(mode="w+", dir=os.environ.get("TEST_TMPDIR"))
        self._process = subprocess.Popen(arguments, stdout=self._log, stderr=self._log)

    def log(self):
        return os.pread(self._log.fileno(), 1 << 20, 0).decode(errors="replace")

    def wait_for_log(self, pattern):
        """What the first group of `pattern` matched."""

        def look():
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self._process.returncode}:\n{self.log()}")
            match = re.search(pattern, self.log())
            return match and match[1]

        return wait_for(f"{pattern} in the log of {self.name}", look)

    def stop(self):
        """SIGTERM; returns the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._log.close()


def service(binary, *arguments):
    """A service of Rota with ports of its own choice. Returns (program, address of gRPC, address of the admin server)."""
    program = Program(os.path.basename(binary), [binary, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", *arguments])
    addresses = [program.wait_for_log(rf"event=listening .*endpoint={endpoint} address=(\S+)") for endpoint in ("grpc", "admin")]
    return (program, *addresses)


class Prometheus:
    """The real one, with the configuration of the repository except for the target and the pace."""

    def __init__(self, folder, configuration, target):
        text = configuration.replace("127.0.0.1:9090", target)
        if target not in text:
            raise ValueError("monitoring/prometheus.yml has no target 127.0.0.1:9090")
        text = re.sub(r"(scrape|evaluation)_interval: \S+", r"\1_interval: 200ms", text)
        path = os.path.join(folder, "prometheus.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.program = Program(
            "prometheus",
            ["prometheus", f"--config.file={path}", f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:0", "--log.level=info"],
        )
        self.address = self.program.wait_for_log(r'msg="?Listening on"? .*address=(127\.0\.0\.1:[1-9]\d*)')
        wait_for("the readiness of prometheus", self._ready)

    def _ready(self):
        try:
            return "Ready" in http_get(self.address, "/-/ready")
        except OSError:
            return False

    def query(self, expression):
        """The values of an instant query."""
        answer = json.loads(http_get(self.address, "/api/v1/query", query=expression))
        result = answer["data"]["result"]
        if answer["data"]["resultType"] == "scalar":
            return [float(result[1])]
        return [float(sample["value"][1]) for sample in result]

    def rules(self):
        groups = json.loads(http_get(self.address, "/api/v1/rules"))["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]
