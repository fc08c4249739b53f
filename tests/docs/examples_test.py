"""The code that the documents show is the code that is built and called by //tests/docs:tutorial_test."""

import re
import unittest

from tests import junit


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


class ExamplesTest(unittest.TestCase):
    def test_the_tutorial_shows_the_files_as_they_are(self):
        tutorial = read("docs/tutorial.md")
        for language, file in {"proto": "greeter.proto", "python": "BUILD.bazel", "cpp": "greeter.cc"}.items():
            with self.subTest(file):
                self.assertEqual(blocks(tutorial, language), [read("docs/tutorial/" + file)])

    def test_the_service_in_the_readme_is_that_of_the_tutorial_and_has_at_most_20_lines(self):
        shown = blocks(read("README.md"), "cpp")
        self.assertEqual(shown, [read("docs/tutorial/greeter.cc")])
        self.assertLessEqual(len(shown[0].splitlines()), 20)


if __name__ == "__main__":
    junit.main()
