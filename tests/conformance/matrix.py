"""Runs gRPC's interoperability cases: every client against every transport, in plain text, over TLS and mutual TLS; then h2spec.

Prints one table (a row for each case, a column for each client, transport and security), then what failed and why. The
exit status is 0 when nothing failed and nothing that is to run is missing; with --allow-missing, what is not installed is only named.
tools/dev conformance builds what is needed and calls this.
"""

import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ElementTree

SECURITIES = ("plain", "tls", "mutual")
CASE_LIMIT = 120  # seconds
H2SPEC_CASES = 145
# docs/conformance.md says why, in a sentence that names it.
NO_H2SPEC = ("grpcpp",)

# What grpc-go's own client has; it knows nothing of compression.
GO_CASES = """empty_unary large_unary client_streaming server_streaming ping_pong empty_stream timeout_on_sleeping_server
cancel_after_begin cancel_after_first_response status_code_and_message special_status_message custom_metadata
unimplemented_method unimplemented_service rpc_soak channel_soak""".split()

# The order of the table.
CASES = """empty_unary large_unary client_compressed_unary server_compressed_unary client_streaming client_compressed_streaming
server_streaming server_compressed_streaming ping_pong empty_stream cancel_after_begin cancel_after_first_response
timeout_on_sleeping_server custom_metadata status_code_and_message special_status_message unimplemented_method
unimplemented_service rpc_soak channel_soak""".split()


class Server:
    """The interoperability server, as long as the `with` lasts."""

    def __init__(self, binary, transport, security="plain", certificates=None):
        flags = [f"--transport={transport}", "--listen=127.0.0.1:0", "--admin=off", "--log-level=info"]
        if security != "plain":
            flags += [f"--tls-cert={certificates}/server.pem", f"--tls-key={certificates}/server.key"]
        if security == "mutual":
            flags += [f"--tls-ca={certificates}/ca.pem"]
        self.process = subprocess.Popen([binary, *flags], stderr=subprocess.PIPE, text=True)
        self.log = []
        for line in self.process.stderr:
            self.log.append(line)
            found = re.search(r"endpoint=grpc address=(\S+)", line)
            if found:
                self.address = found.group(1)
                break
        else:
            raise RuntimeError("the server did not start:\n" + "".join(self.log))
        # Nobody reads on otherwise, and the pipe would fill.
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.exit_code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.exit_code = self.process.wait()


def run(command):
    """None, or the end of what the command said before it failed."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=CASE_LIMIT)
    except subprocess.TimeoutExpired:
        return f"took longer than {CASE_LIMIT} s"
    if done.returncode == 0:
        return None
    return f"exit status {done.returncode}: " + " | ".join(done.stdout.strip().splitlines()[-4:])


def client_files(security, certificates):
    """The CA and, for mutual TLS, certificate and key of the client."""
    names = {"plain": [], "tls": ["ca.pem"], "mutual": ["ca.pem", "client.pem", "client.key"]}[security]
    return [f"{certificates}/{name}" for name in names]


def run_until_fine(command, attempts):
    """As run(), but one of several attempts is enough."""
    reason = run(command)
    while reason is not None and attempts > 1:
        attempts -= 1
        reason = run(command)
    return reason


class Cpp:
    name = "cpp"
    securities = SECURITIES
    attempts = {}

    def __init__(self, options):
        self.binary, self.skip = options.cpp, ""
        self.cases = CASES

    def command(self, case, address, files):
        return [self.binary, address, case, *files]


class Node:
    name = "node"
    securities = SECURITIES
    attempts = {}

    def __init__(self, options):
        self.options, self.skip = options, options.node_skip
        self.cases = CASES

    def command(self, case, address, files):
        client = str(pathlib.Path(__file__).parent / "interop/node/client.js")
        return [self.options.node, client, self.options.node_modules, address, case, *files]


class Go:
    name = "go"
    securities = ("plain", "tls")  # It has no flag for a certificate of its own.
    # It cancels and half-closes at once, and another goroutine sends the reset: where that is late, the server has answered, rightly with
    # OK, which this client takes for a failure.
    attempts = {"cancel_after_begin": 3}

    def __init__(self, options):
        self.binary, self.skip = options.go, options.go_skip
        self.cases = GO_CASES

    def command(self, case, address, files):
        host, port = address.rsplit(":", 1)
        command = [self.binary, f"-server_host={host}", f"-server_port={port}", f"-test_case={case}", "-soak_iterations=50",
                   "-soak_overall_timeout_seconds=60"]
        return command + (["-use_tls", "-use_test_ca", f"-ca_file={files[0]}", "-server_host_override=localhost"] if files else [])


def transports(server):
    """Those that the server says it knows."""
    said = subprocess.run([server, "--transport=none"], capture_output=True, text=True).stderr
    return re.search(r"there is no transport 'none'; there is (.*)", said).group(1).strip().split(", ")


def run_column(server, client, transport, security, certificates):
    """{case: None or reason} of one column; also under "(exit)" how the server ended."""
    files = client_files(security, certificates)
    results = {}
    with Server(server, transport, security, certificates) as running:
        for case in CASES:
            if case in client.cases:
                results[case] = run_until_fine(client.command(case, running.address, files), client.attempts.get(case, 1))
    results["(exit)"] = None if running.exit_code == 0 else f"the server ended with {running.exit_code}: " + "".join(running.log[-3:])
    return results


def run_h2spec(binary, server, transport, folder):
    """(passed, [failure])."""
    report = pathlib.Path(folder) / f"h2spec-{transport}.xml"
    with Server(server, transport) as running:
        host, port = running.address.rsplit(":", 1)
        # The path of a method, and a body: a server of gRPC has no page to GET.
        done = subprocess.run([binary, "-h", host, "-p", port, "-P", "/grpc.testing.TestService/EmptyCall", "-o", "5", "-j", str(report)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200)
    if not report.exists():
        return 0, ["wrote no report: " + done.stdout[-300:]]
    passed, failures = read_h2spec(ElementTree.parse(report))
    if running.exit_code != 0:
        failures.append(f"the server ended with {running.exit_code}")
    return passed, failures


def read_h2spec(report):
    """(passed, [failure]) of its JUnit report; to have run fewer cases than there are is a failure, too."""
    passed, failures = 0, []
    for case in report.iter("testcase"):
        problem = case.find("failure")
        if problem is None:
            problem = case.find("error")
        if problem is None and case.find("skipped") is None:
            passed += 1
        else:
            text = " ".join((problem.text or "skipped").split()) if problem is not None else "skipped"
            failures.append(f"{case.get('package')} {case.get('classname')}: {text}")
    if passed + len(failures) != H2SPEC_CASES:
        failures.append(f"ran {passed + len(failures)} cases, and there are {H2SPEC_CASES}")
    return passed, failures


def verdict(failed, missing, allow_missing):
    """(lines, exit status) at the end."""
    word = "skipped" if allow_missing else "MISSING"
    lines = [f"{word}  {line}" for line in missing] + [f"FAILED   {line}" for line in failed]
    if missing and not allow_missing:
        lines.append("conformance was not shown: install what is missing, or say --allow-missing")
    return lines, 1 if failed or (missing and not allow_missing) else 0


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for flag in ("server", "cpp", "node", "node-modules", "node-skip", "go", "go-skip", "h2spec", "h2spec-skip"):
        parser.add_argument("--" + flag, default="")
    parser.add_argument("--only", default="", help="a transport: no other one")
    parser.add_argument("--allow-missing", action="store_true", help="what is not installed is no failure")
    return parser.parse_args()


def print_table(columns, results, out):
    width = max(len(case) for case in CASES)
    for line in range(3):
        print(" " * width + "  " + " ".join(f"{column[line]:>6}" for column in columns), file=out)
    for case in CASES:
        cells = []
        for column in columns:
            result = results[column]
            cells.append("-" if case not in result else "ok" if result[case] is None else "FAIL")
        print(f"{case:<{width}}  " + " ".join(f"{cell:>6}" for cell in cells), file=out)


def main():
    options = parse_options()
    clients = [Cpp(options), Node(options), Go(options)]
    chosen = [name for name in transports(options.server) if options.only in ("", name)]
    missing = [f"the client {client.name}: {client.skip}" for client in clients if client.skip]
    columns = [(client.name, transport, security) for transport in chosen for client in clients if not client.skip
               for security in client.securities]
    by_name = {client.name: client for client in clients}
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([str(pathlib.Path(__file__).parent / "certificates/make.sh"), folder], check=True)
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            futures = {column: pool.submit(run_column, options.server, by_name[column[0]], column[1], column[2], folder) for column in columns}
            results = {column: future.result() for column, future in futures.items()}
        print()
        print_table(columns, results, sys.stdout)
        for column, result in results.items():
            failed += [f"{'/'.join(column)} {case}: {reason}" for case, reason in result.items() if reason is not None]
        print()
        if options.h2spec_skip:
            missing.append("h2spec: " + options.h2spec_skip)
        else:
            # What the gRPC library does with HTTP/2 is its own affair: see docs/conformance.md.
            for transport in (name for name in chosen if name not in NO_H2SPEC):
                passed, failures = run_h2spec(options.h2spec, options.server, transport, folder)
                print(f"h2spec on {transport}: {passed} of {H2SPEC_CASES} cases pass")
                failed += [f"h2spec/{transport} {failure}" for failure in failures]
    cells = sum(len(result) - 1 for result in results.values())
    lines, status = verdict(failed, missing, options.allow_missing)
    for line in lines:
        print(line)
    print(f"{cells} cells, {len(failed)} failed, {len(missing)} missing")
    return status


if __name__ == "__main__":
    sys.exit(main())
