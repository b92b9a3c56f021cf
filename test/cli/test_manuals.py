"""The manuals beside what the programs print: options, commands, names of the configuration, the synopsis."""
import glob
import os
import re
import subprocess

import pytest
from stackdir import BUILD, TOP

PROGRAMS = sorted(os.listdir(os.path.join(BUILD, "bin"))) if os.path.isdir(os.path.join(BUILD, "bin")) else []
OPTION = r"(?<![\w-])--[a-z][a-z-]*"
NAME = r"\b(?:APP|API|DB|DATABASE|FRONTEND|ISOLIR|MAIL|MIDTRANS|MIKROTIK|SNMP|TELEGRAM)_[A-Z_]*[A-Z]\b"
SCRIPTS = {"setup": "setup", "upgrade": "setup"}  # commands of ispctl with options of their own
OTHERS = {"isp-probe": {"--now", "--discover"}}  # options of the programs that it runs


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as file:
        return file.read()


def manual(program):
    """The source: mdoc(7)."""
    return read(glob.glob(os.path.join(TOP, "app", "*", program.replace("isp-api", "api") + ".8"))[0])


def section(text, name):
    return text.split(".Sh %s\n" % name, 1)[1].split("\n.Sh ", 1)[0]


def options(text):
    """The options that a text of mdoc names: Fl takes each word after it, also one after a bar."""
    found = set()
    for line in text.splitlines():
        for words in re.findall(r"\bFl ((?:-[a-z-]+|[|,:;.] ?| )+)", line):
            found |= {"-" + word for word in words.split() if word.startswith("-")}
    return found


def shown(program, *words):
    done = subprocess.run([os.path.join(BUILD, "bin", program), *words], capture_output=True, text=True, check=False,
                          env=dict(os.environ, ISP_SCRIPTS=os.path.join(TOP, "scripts")))
    assert done.returncode == 0, done
    return done.stdout


def helped(program):
    """--help without its part on the configuration, and that part."""
    return shown(program, "--help").split("\nconfiguration:\n", 1)


def setup_options(word):
    """The manual's line of this command."""
    line = next(line for line in manual("ispctl").splitlines() if line.startswith(".It Cm %s " % word))
    return options(line)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_manual_has_the_options_of_help(program):
    ours = set(re.findall(OPTION, helped(program)[0])) | {"--env", "--help", "--version"}
    theirs = options(manual(program)) - OTHERS.get(program, set())
    if program == "ispctl":
        scripts = setup_options("setup") | setup_options("upgrade") | {"--into", "--newest"}
        theirs -= scripts - {"--admin"}
        ours -= {"--into", "--newest"}
    assert theirs == ours


def test_setup_has_the_options_of_its_manual():
    usage = set(re.findall(OPTION, shown("ispctl", "setup", "--help").split("options:", 1)[1])) - {"--help"}
    assert setup_options("setup") == usage
    assert setup_options("upgrade") == {"--cluster", "--database"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_synopsis_has_the_options_of_the_usage_line(program):
    usage = helped(program)[0].splitlines()[0]
    assert options(section(manual(program), "SYNOPSIS")) - {"--help", "--version"} == set(re.findall(OPTION, usage))


def test_the_manual_of_ispctl_has_the_commands_of_help():
    word = r"[a-z-]+(?:\|[a-z-]+)*"
    listed = re.findall(r"(?m)^  (%s(?: %s)*)(?=  | [A-Z\[])" % (word, word), helped("ispctl")[0].split("commands:\n", 1)[1])
    described = re.findall(r"(?m)^\.It Cm (%s(?: %s)*)$" % (word, word),
                           re.sub(r"(?m) (?:Ar|Op|Fl|Oo) .*$", "", manual("ispctl").replace(" | mikhmon", "|mikhmon")))
    assert len(listed) > 20 and sorted(listed) == sorted(described)


def test_isp_env_lists_each_name_of_the_configuration():
    ours = set(re.findall(r"(?m)^  ([A-Z_]+) ", helped("ispctl")[1]))
    unused = {"APP_NAME", "APP_DEBUG", "DB_CONNECTION", "MAIL_MAILER"}
    assert set(re.findall(NAME, read("app", "ispctl", "isp.env.5"))) == ours | unused
    for program in PROGRAMS:
        assert set(re.findall(NAME, manual(program))) <= ours, program
