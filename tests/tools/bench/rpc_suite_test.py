"""The suite of RPC: what it reads out of its tools, and what it sends."""

import os
import unittest
from unittest import mock

from tests import junit
from tools.bench import h2load, rpc_loads, run, server
from tools.bench.suite import MeasurementFailed, NotMeasured, SubjectMissing, metrics
from tools.bench.suites import rpc

_H2LOAD = """finished in 1.82s, 55009.74 req/s, 3.01MB/s
requests: 1000 total, 1000 started, 1000 done, {} succeeded, {} failed, 0 errored, 0 timeout
traffic: 85.47KB (87520) total, 19.56KB (20030) headers (space savings 47.29%), 24.41KB ({}) data
"""


class RpcSuiteTest(unittest.TestCase):
    def test_a_request_is_a_framed_simple_request_with_a_payload(self):
        self.assertEqual(rpc_loads.request(2), b"\0\0\0\0\x06\x1a\x04\x12\x02xx")
        self.assertEqual(rpc_loads.request(200)[:11], b"\0\0\0\0\xce\x1a\xcb\x01\x12\xc8\x01")

    def test_a_server_says_where_it_listens(self):
        line = "time=1 level=info event=listening service=rota_server endpoint=grpc address=127.0.0.1:4711\n"
        self.assertEqual(server.listening_address("something else\n" + line), "127.0.0.1:4711")
        self.assertIsNone(server.listening_address("event=listening endpoint=admin address=127.0.0.1:4712"))

    def test_the_processor_time_is_found_behind_any_name(self):
        stat = "7 (a) b (c) S " + " ".join(str(number) for number in range(4, 53))
        user, system = server.cpu_of(stat)
        self.assertEqual((user, system), (14 / server._TICKS, 15 / server._TICKS))

    def test_resident_memory_is_told_in_bytes(self):
        self.assertEqual(server.resident_of("Name:\tx\nVmRSS:\t    1234 kB\nThreads:\t1\n"), 1234 * 1024)

    def test_the_rate_counts_only_when_every_call_succeeded(self):
        good = _H2LOAD.format(1000, 0, 25_000)
        self.assertEqual(h2load.parse_rate(good, 1000, 25), 55009.74)
        for output in (_H2LOAD.format(999, 1, 25_000), good.replace("1000 succeeded", "900 succeeded"), ""):
            with self.assertRaises(MeasurementFailed):
                h2load.parse_rate(output, 1000, 25)

    def test_the_rate_counts_only_when_every_call_has_its_answer(self):
        # One of them was a status without a message, which HTTP takes for a success.
        for output in (_H2LOAD.format(1000, 0, 24_975), _H2LOAD.format(1000, 0, 0), _H2LOAD.format(1000, 0, 1).replace("traffic", "")):
            with self.assertRaisesRegex(MeasurementFailed, "answered by 25 bytes"):
                h2load.parse_rate(output, 1000, 25)

    def test_percentiles_are_nearest_ranks(self):
        times = list(range(1, 101))
        self.assertEqual([h2load.percentile(times, part) for part in (0.5, 0.99, 0.999, 1)], [50, 99, 100, 100])
        self.assertEqual(h2load.percentile([7], 0.5), 7)

    def test_the_exact_time_is_shared_as_the_ticks_say(self):
        before, after = server.Cpu(1.0, 2.0, 3.004), server.Cpu(1.5, 2.25, 3.754)
        self.assertEqual(rpc_loads._cost_of_each(before, after, 1000), {"user": 500.0, "system": 250.0, "both": 750.0})

    def test_time_without_a_tick_is_not_lost(self):
        self.assertEqual(server.Cpu(1.0, 2.0, 3.005).since(server.Cpu(1.0, 2.0, 3.0))[2], 3.005 - 3.0)

    def test_the_processor_time_of_a_process_is_exact(self):
        before = server.exact_cpu_of(os.getpid())
        sum(range(100_000))
        self.assertGreater(server.exact_cpu_of(os.getpid()), before)

    def test_a_server_that_ends_at_once_is_missing_with_what_it_said(self):
        with self.assertRaisesRegex(SubjectMissing, "did not start: no luck"):
            server.Server(["sh", "-c", "echo no luck >&2"])

    def test_a_server_that_is_not_there_is_missing(self):
        with self.assertRaises(SubjectMissing):
            server.Server(["/no/such/server"])

    def test_the_whole_run_is_expected_to_end_within_32_minutes(self):
        self.assertLess(run.Run(rpc.SUITE, rpc.SUITE.benchmarks, rpc.SUITE.rounds, "bin").seconds_left(), 32 * 60)

    def test_the_bars_that_are_promised_are_told(self):
        bars = {name: (metric.bars, metric.limit) for benchmark in rpc.SUITE.benchmarks for name, metric in metrics(rpc.SUITE, benchmark)}
        for name in ("unary_100", "unary_1000"):
            self.assertEqual(bars[name][0], {"bare": 1 / 1.4, "grpc_callback": 5, "tonic": 1.8, "go": 3.5, "node": 12})
        self.assertEqual(bars["unary_5000"][0], {"grpc_callback": 5, "tonic": 1.8, "go": 3.5, "node": 12})
        for name in ("stream_server", "stream_both"):
            self.assertEqual(bars[name][0], {"grpc_callback": 4})
        for name in ("unary_1m.rate", "half_load", "connect"):
            self.assertEqual(bars[name][0], {"grpc_callback": 1})
        self.assertEqual(bars["idle_connection"][1], 16 * 1024)
        self.assertEqual(bars["idle_connection.empty"][1], 20 * 1024 * 1024)
        self.assertEqual(bars["long_tail"][1], 1.2)

    def test_unary_calls_have_a_deadline(self):
        load, made = mock.Mock(bytes=16, connections=1, streams=1), mock.Mock(return_value=h2load.Done(1000, 1000.0, [1]))
        load.benchmark.name = "unary_1"
        server_ = mock.Mock(cpu=mock.Mock(return_value=server.Cpu(0, 0, 0)))
        with mock.patch.object(rpc_loads.h2load, "run", made):
            rpc_loads.run_unary(load, "rota", server_, "bin")
        for call in made.call_args_list:
            self.assertEqual(call.kwargs["headers"], ("grpc-timeout: 20S",))

    def test_a_server_is_warm_before_it_is_measured(self):
        driven = []
        # Cold it makes 1,000 calls in a second, and 10,000 later.
        calls = rpc_loads.calls_of_a_measurement(lambda count: driven.append(count) or (1000 if len(driven) == 1 else 10_000), 200)
        self.assertEqual((driven, calls), ([200, 300], 15_000))
        self.assertEqual(rpc_loads.calls_of_a_measurement(lambda count: 1, 200, least=500), 500)

    def test_a_rate_is_tried_again_before_a_server_is_said_not_to_keep_it(self):
        answer = {"fast": {"p99_us": 1.0}}
        for answers, kept in (([{"overloaded": True}, answer], True), ([{"overloaded": True}] * 3, False)):
            with mock.patch.object(rpc_loads, "_load_tool", side_effect=answers):
                if kept:
                    self.assertEqual(rpc_loads._at_rate("bin", mock.Mock(), 1000), answer)
                else:
                    with self.assertRaisesRegex(NotMeasured, "1000 calls in a second"):
                        rpc_loads._at_rate("bin", mock.Mock(), 1000)

    def test_a_pause_of_the_machine_is_passed_over_in_the_long_tail(self):
        def second(p99s):
            return {"fast": {"p99_us": max(p99s), "windows_p99_us": p99s}, "slow": {"p50_us": 5100.0},
                    "late": {"windows_p99_us": [1.0, 1.0, 1000.0]}}

        seconds = [second([100.0] * 9 + [5000.0]), second([105.0] * 10), second([110.0] * 10)] * rpc_loads._TURNS
        load = mock.Mock()
        load.benchmark.name = "long_tail"
        stubs = {"_reach": mock.Mock(return_value=1000), "_load_tool": mock.Mock(side_effect=seconds), "_sleepers": mock.MagicMock()}
        with mock.patch.multiple(rpc_loads, **stubs):
            numbers = rpc_loads.run_long_tail(load, "rota", mock.Mock(), "bin")
        self.assertAlmostEqual(numbers["long_tail"], 1.1)
        self.assertAlmostEqual(numbers["sleepers"], 1.05)
        self.assertEqual(stubs["_sleepers"].call_count, rpc_loads._TURNS)
        self.assertEqual((numbers["alone"], numbers["whole_alone"], numbers["slow"]), (100.0, 5000.0, 5100.0))

    def test_a_server_has_recovered_once_latencies_stay_as_before(self):
        before, slow = [100.0, 120.0, None, 90.0, 5000.0], 40_000.0
        self.assertEqual(rpc_loads.recovery_ms(before + [slow, slow, 150.0, 499.0, 100.0]), 40)
        # One calm window by chance, or none at all, is no recovery.
        self.assertEqual(rpc_loads.recovery_ms(before + [slow, 100.0, slow, slow, None]), 100)
        with self.assertRaisesRegex(MeasurementFailed, "p99 was 110 us before"):
            rpc_loads.recovery_ms(before + [100.0] * 5)

    def test_the_recovery_stops_the_server_in_each_run(self):
        windows = [100.0] * 50 + [60_000.0] * 4 + [100.0] * 46
        load, server_ = mock.Mock(), mock.Mock(pid=77)
        load.benchmark.name = "recovery"
        tool = mock.Mock(return_value={"fast": {"windows_p99_us": windows}})
        with mock.patch.multiple(rpc_loads, _reach=mock.Mock(return_value=1000), _load_tool=tool):
            numbers = rpc_loads.run_recovery(load, "rota", server_, "bin")
        self.assertEqual(numbers, {"recovery": 80, "longest": 80, "rate": 500})
        for call in tool.call_args_list:
            self.assertIn("--pid=77", call.args)
            self.assertIn("--pause-ms=50", call.args)
            self.assertIn("--slow-percent=1", call.args)

    def test_the_threads_that_sleep_wake_up_as_often_as_workers(self):
        # 1,800 calls in a second block; 18 threads wake up 200 times each.
        self.assertEqual(rpc_loads.sleepers_at(180_000), 18)
        self.assertEqual(rpc_loads.sleepers_at(100), 1)

    def test_bars_name_subjects_of_the_suite(self):
        for benchmark in rpc.SUITE.benchmarks:
            for name, metric in metrics(rpc.SUITE, benchmark):
                self.assertLessEqual(set(metric.bars), set(rpc.SUITE.subjects), name)

    def test_targets_name_subjects_of_the_suite(self):
        for target, subjects in rpc.SUITE.targets.items():
            self.assertLessEqual(set(subjects), set(rpc.SUITE.subjects), target)


if __name__ == "__main__":
    junit.main()
