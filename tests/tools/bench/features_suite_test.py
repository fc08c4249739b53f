"""The suite of features: what is switched off where, and that nothing is compared that differs in more than one thing."""

import unittest

from tests import junit
from tools.bench import rpc_loads
from tools.bench.suites import features


class FeaturesSuiteTest(unittest.TestCase):
    def test_differences_name_subjects_of_the_suite(self):
        for difference in features.DIFFERENCES:
            self.assertLessEqual({difference.having, difference.without}, set(features.SUITE.subjects), difference.name)

    def test_every_feature_that_is_promised_is_switched_off(self):
        told = {difference.name for difference in features.DIFFERENCES}
        self.assertLessEqual({"context", "metrics", "deadline", "tracing", "mailbox"}, told)

    def test_the_client_says_the_same_to_all_but_one_header_to_those_without_it(self):
        both = [rpc_loads.DEADLINE, "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]
        for subject in features.SUITE.subjects:
            expected = {"no_deadline": both[1:], "no_tracing": both[:1]}.get(subject, both)
            self.assertEqual(features.headers(subject), expected, subject)

    def test_the_driver_is_told_what_the_client_would_say(self):
        self.assertEqual(features.driver_words("all"), ["deadline", "tracing"])
        self.assertEqual(features.driver_words("no_deadline"), ["tracing"])
        self.assertEqual(features.driver_words("no_tracing"), ["deadline"])

    def test_what_the_client_leaves_out_is_left_out_of_the_product(self):
        self.assertEqual(features.command("no_deadline", "bin"), ["bin/tests/benchmarks/rpc/features_server", "all", "127.0.0.1:0"])
        self.assertEqual(features.command("no_metrics", "bin"), ["bin/tests/benchmarks/rpc/features_server", "no_metrics", "127.0.0.1:0"])

    def test_a_server_without_a_seam_is_measured_over_the_wire_alone(self):
        wire, seam = features.BENCHMARKS
        self.assertIsNone(features.lacks(wire, "bare"))
        self.assertIn("transport", features.lacks(seam, "bare"))


if __name__ == "__main__":
    junit.main()
