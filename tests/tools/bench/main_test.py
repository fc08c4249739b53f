"""The command line of tools/dev bench."""

import contextlib
import io
import unittest

from tests import junit
from tools.bench import main


class MainTest(unittest.TestCase):
    def refuse(self, *argv):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), self.assertRaises(SystemExit) as stop:
            main.arguments(argv)
        self.assertNotEqual(stop.exception.code, 0)
        return errors.getvalue()

    def test_everything_is_measured_in_the_rounds_of_the_suite_by_default(self):
        options = main.arguments(["loop"])
        self.assertEqual((options.rounds, options.only, options.json), (None, "", None))

    def test_an_unknown_layer_is_refused_with_those_that_there_are(self):
        self.assertIn("loop", self.refuse("sloop"))

    def test_no_rounds_are_refused(self):
        self.assertIn("at least 1", self.refuse("loop", "--rounds=0"))

    def test_the_targets_of_a_layer_are_told(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(main.main(["loop", "--targets"]), 0)
        self.assertIn("//tests/benchmarks/loop:rota_subject", out.getvalue().split())


if __name__ == "__main__":
    junit.main()
