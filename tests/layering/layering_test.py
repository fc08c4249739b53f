"""The sources of framework/ and services/ keep to DESIGN.md section 3."""

import os
import unittest

from tests import junit
from tests.layering import layers


class LayeringTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Read where they lie: a list of every source here would go stale.
        root = os.path.dirname(os.path.realpath("WORKSPACE"))
        cls.files = layers.read_tree(root)

    def assertNone(self, violations):
        self.assertEqual(violations, [], "\n" + "\n".join(violations))

    def test_the_sources_are_there(self):
        for folder in ("framework/base/", "framework/loop/", "services/"):
            self.assertTrue(any(path.startswith(folder) for path in self.files), folder)

    def test_folders_of_the_framework_include_only_to_their_left_and_libraries_stay_in_their_place(self):
        self.assertNone(layers.framework_violations(self.files))

    def test_rota_h_pulls_in_no_third_party_library(self):
        self.assertNone(layers.rota_h_violations(self.files))

    def test_services_include_only_rota_h_and_generated_code(self):
        self.assertNone(layers.service_violations(self.files))


if __name__ == "__main__":
    junit.main()
