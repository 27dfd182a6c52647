# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import (
    BEGIN,
    END,
    Layout,
    effective,
    masked,
    read_unlike,
    setting,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

BLOCK = f"{BEGIN}\nECS_CLUSTER=old\n{END}\n"


def rewritten(text, desired):
    return Layout.of(text, "/etc/ecs/ecs.config").rewritten(desired)


def test_our_markers_are_no_variables_to_ecs_init():
    assert "=" not in BEGIN + END


EFFECTIVE = {
    "plain": ("A=1\nB=2\n", {"A": "1", "B": "2"}),
    "no line end": ("A=1", {"A": "1"}),
    "first equals sign splits": ("A=1=2=\n", {"A": "1=2="}),
    "only the line is trimmed": (" A= 1 \n", {"A": " 1"}),
    "quotes stay": ("A=\"1\"\nB='2'\n", {"A": '"1"', "B": "'2'"}),
    "carriage return is trimmed": ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
    "later line wins": ("A=1\nA=2\n", {"A": "2"}),
    "other line ends do not end a line": ("A=1\x0bB=2\u2028C=3\n", {"A": "1\x0bB=2\u2028C=3"}),
    "not a variable": ("# A=1\nexport A=1\nA =1\nA\n\n=1\n", {}),
    "empty value": ("A=\n", {"A": ""}),
    "empty file": ("", {}),
}


@pytest.mark.parametrize(("text", "variables"), EFFECTIVE.values(), ids=EFFECTIVE)
def test_the_file_is_read_as_ecs_init_reads_it(text, variables):
    assert effective(text) == variables


SETTINGS = {
    "spaces round the sign, which systemd drops": ("A = 1\n", ("A", " 1")),
    "comment": ("#A=1\n", (None, "")),
    "export": ("export A=1\n", (None, "")),
    "no sign": ("A\n", (None, "")),
    "the rest of a broken value": ('"auth":"x=="}\n', (None, "")),
    "lower case": ("no_proxy=x\n", ("no_proxy", "x")),
}


@pytest.mark.parametrize(("line", "found"), SETTINGS.values(), ids=SETTINGS)
def test_a_line_sets_what_ecs_init_or_systemd_takes_it_to_set(line, found):
    assert setting(line) == found


NEW = f"{BEGIN}\nECS_CLUSTER=new\n{END}\n"
REWRITTEN = {
    "new file": ("", NEW),
    "at the end": ("A=1\n", "A=1\n" + NEW),
    "a missing last line end is added": ("A=1", "A=1\n" + NEW),
    "in its place": (f"A=1\n{BLOCK}\nB=2", f"A=1\n{NEW}\nB=2"),
    "a cut last line end of the block is mended": (BLOCK.rstrip("\n"), NEW),
    "indented markers are markers": (f"  {BEGIN} \nX=1\n\t{END}\n", NEW),
    "what is in the block is ours": (f"{BEGIN}\n# note\nX=1\nECS_CLUSTER=a\nECS_CLUSTER=b\n{END}\n", NEW),
    "a foreign line is adopted from above": (f"ECS_CLUSTER=x\n{BLOCK}", NEW),
    "a foreign line is adopted from below": (f"{BLOCK}A=1\nECS_CLUSTER=x\n", f"{NEW}A=1\n"),
    "all foreign lines are adopted": ("ECS_CLUSTER=x\nA=1\n  ECS_CLUSTER = y\r\n", "A=1\n" + NEW),
    "odd lines are kept byte for byte": (
        "\ufeff# x\r\n\t A = 1 \n\n;b\nexport ECS_CLUSTER=x\n#ECS_CLUSTER=y\n\udcff\x00\x0c\u2028Z=1\n",
        "\ufeff# x\r\n\t A = 1 \n\n;b\nexport ECS_CLUSTER=x\n#ECS_CLUSTER=y\n\udcff\x00\x0c\u2028Z=1\n" + NEW,
    ),
    "names are case sensitive": ("ecs_cluster=x\nECS_CLUSTER_X=y\n", "ecs_cluster=x\nECS_CLUSTER_X=y\n" + NEW),
}


@pytest.mark.parametrize(("text", "new"), REWRITTEN.values(), ids=REWRITTEN)
def test_only_our_block_and_lines_for_our_variables_change(text, new):
    assert rewritten(text, {"ECS_CLUSTER": "new"}) == new
    assert rewritten(new, {"ECS_CLUSTER": "new"}) == new


def test_the_block_is_sorted_by_name():
    assert rewritten("", {"B": "2", "A": "1", "C": "3"}) == f"{BEGIN}\nA=1\nB=2\nC=3\n{END}\n"


UNDECLARED = {
    "no block, no change": ("A=1", {}, "A=1"),
    "no file": ("", {}, ""),
    "the block goes, the rest stays": (f"A=1\n{BLOCK}B=2\n", {}, "A=1\nB=2\n"),
    "nothing else": (BLOCK, {}, ""),
    "a foreign line stays when it is not declared": (f"ECS_CLUSTER=x\n{BLOCK}", {}, "ECS_CLUSTER=x\n"),
    "a foreign line goes when it is declared absent": (f"ECS_CLUSTER=x\nA=1\n{BLOCK}", {"ECS_CLUSTER": None}, "A=1\n"),
    "absent anyway": ("A=1", {"ECS_CLUSTER": None}, "A=1"),
}


@pytest.mark.parametrize(("text", "desired", "new"), UNDECLARED.values(), ids=UNDECLARED)
def test_what_is_no_longer_declared_goes_and_nothing_else(text, desired, new):
    assert rewritten(text, desired) == new


DAMAGED = {
    "begin only": f"{BEGIN}\nA=1\n",
    "end only": f"A=1\n{END}\n",
    "twice": BLOCK + BLOCK,
    "two begins": f"{BEGIN}\n{BLOCK}",
    "two ends": f"{BLOCK}{END}\n",
    "wrong order": f"{END}\nA=1\n{BEGIN}\n",
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_damaged_markers_are_refused_rather_than_guessed_at(text):
    with pytest.raises(Refusal, match=r"/etc/ecs/ecs\.config has .* Edit it to have one of each"):
        rewritten(text, {"A": "1"})


MASKED = {
    "a known harmless value is shown": ("ECS_CLUSTER=x\n", "ECS_CLUSTER=x\n"),
    "a secret is not": ("ECS_ENGINE_AUTH_DATA=x\n", "ECS_ENGINE_AUTH_DATA=********\n"),
    "nor what may be one": ("HTTP_PROXY=x\nECS_LOG_OPTS=x", "HTTP_PROXY=********\nECS_LOG_OPTS=********"),
    "nor with spaces round the sign": (" ECS_ENGINE_AUTH_DATA = x \n", "ECS_ENGINE_AUTH_DATA=********\n"),
    "nor a foreign value": ("AWS_SECRET_ACCESS_KEY=x\n", "AWS_SECRET_ACCESS_KEY=********\n"),
    "nor one that was commented out": ("#ECS_ENGINE_AUTH_DATA=x\n", "********\n"),
    "nor the rest of a broken value": ('"auth":"x=="\nx}\n', "********\n********\n"),
    "comments, markers and empty lines are shown": (f"# x\n\n  #y\n{BEGIN}\n", f"# x\n\n  #y\n{BEGIN}\n"),
    "bytes that are not UTF-8 can be shown": ("# \udcff\n", "# \ufffd\n"),
}


@pytest.mark.parametrize(("text", "seen"), MASKED.values(), ids=MASKED)
def test_a_diff_shows_only_what_is_known_to_be_harmless(text, seen):
    assert masked(text) == seen


def test_a_diff_shows_that_a_secret_changed():
    text = "ECS_ENGINE_AUTH_DATA=x\nHTTP_PROXY=y\n"
    assert masked(text, {"HTTP_PROXY"}) == "ECS_ENGINE_AUTH_DATA=********\nHTTP_PROXY=******** (changed)\n"


ALIKE = [
    "A=1\n",
    "A=\n",
    "A=1 2=#'\"\n",
    "\tA=1 \r\n",
    "# x\n",
    "; A=\\x\n",
    "A\n",
    "\n",
    "export A='1'\n",
    'a-b="1"\n',
    "# \udcff\n",
]
UNLIKE = {
    "spaces before the sign": ("A =1\n", "has spaces round its '='"),
    "spaces behind the sign": ("A= 1\n", "has spaces round its '='"),
    "double quotes": ('A="1"\n', "starts with a quote"),
    "single quotes": ("A='1'", "starts with a quote"),
    "a backslash": ("A=a\\b\n", "has a backslash"),
    "a continued line": ("A=1\\\n", "has a backslash"),
    "a comment that hides the next line": ("  # x\\\n", "systemd before 254 hides the next line"),
    "a NUL byte": ("# \0\n", "has a NUL byte"),
    "not UTF-8": ("A=\udcff\n", "systemd leaves out the whole file"),
    "a name that is not UTF-8": ("\udcff=1\n", "systemd leaves out the whole file"),
}


@pytest.mark.parametrize("line", ALIKE)
def test_a_line_that_both_read_alike(line):
    assert read_unlike(line) is None


@pytest.mark.parametrize(("line", "why"), UNLIKE.values(), ids=UNLIKE)
def test_a_line_that_systemd_reads_differently_is_told(line, why):
    assert why in read_unlike(line)
