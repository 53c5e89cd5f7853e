"""Makes the Kafka Streams contestant ready: its jars as pinned, its fold compiled.

The compiler is that of the Java runtime, which Debian's headless one brings too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from deploy.kafka import jars
from schemas import __file__ as _schemas

FOLDER = Path(__file__).with_name("streams")
_FOLD = "StreamsSums"
_COMPILER = "jdk.compiler"


class StreamsMissing(Exception):
    """Kafka Streams cannot take part here."""


def missing() -> str | None:
    """Return what this machine lacks to run it, as a sentence, or nothing; nothing is fetched."""
    java = shutil.which("java")
    if java is None:
        return "no Java: install a Java runtime, 17 or newer"
    modules = subprocess.run([java, "--list-modules"], capture_output=True, text=True, check=False)
    if f"{_COMPILER}@" not in modules.stdout:
        return "this Java has no compiler: install a JDK"
    if not jars.present(FOLDER):
        return f"no Kafka Streams: python -m deploy.kafka.jars fetch {os.path.relpath(FOLDER)}"
    return None


def command(folder: Path) -> tuple[str, ...]:
    """Fetch its jars if need be and compile its fold into a folder; return how to run it.

    Raises: StreamsMissing.
    """
    try:
        jars.fetch(FOLDER)
    except jars.JarsMissing as error:
        raise StreamsMissing(str(error)) from error
    if lack := missing():
        raise StreamsMissing(lack)
    path = os.pathsep.join(str(jar) for jar in sorted((FOLDER / "jars").glob("*.jar")))
    compiler = ["java", "-m", f"{_COMPILER}/com.sun.tools.javac.Main", "-d", str(folder)]
    compiler += ["-cp", path, str(FOLDER / f"{_FOLD}.java")]
    done = subprocess.run(compiler, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StreamsMissing(f"javac: {done.stderr[-2000:]}")
    schemas = Path(_schemas).parent
    return "java", f"-Dschemas={schemas}", "-cp", f"{folder}{os.pathsep}{path}", _FOLD
