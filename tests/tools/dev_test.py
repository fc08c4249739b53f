"""What tools/dev says of its commands, without running one."""

import glob
import os
import subprocess
import unittest

from tests import junit


def dev(*arguments):
    return subprocess.run(["tools/dev", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20)


class DevTest(unittest.TestCase):
    def test_every_command_is_listed_with_what_it_does(self):
        listed = dev().stdout
        commands = [os.path.basename(path).removesuffix(".sh") for path in glob.glob("tools/dev.d/*.sh")]
        self.assertIn("test", commands)
        for command in commands:
            self.assertRegex(listed, rf"(?m)^  {command} +\S.{{10}}")

    def test_help_for_a_command_tells_of_it_and_runs_nothing(self):
        for option in ("--help", "-h"):
            done = dev("faults", option)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, "^tools/dev faults: attacks the transports.*\n$")

    def test_a_command_that_is_not_there_is_named(self):
        done = dev("fault")
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no command 'fault'", done.stderr)


if __name__ == "__main__":
    junit.main()
