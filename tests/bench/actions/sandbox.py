"""Runs compilers, and programs that a model has changed, with limits. Damage control, not a security boundary."""
import contextlib
import os
import resource
import signal
import subprocess
import tempfile
from dataclasses import dataclass

MEBIBYTE = 1 << 20
# No program writes more than its compiled self.
FILE_BYTES = 64 * MEBIBYTE
# What is kept of a program's output.
OUTPUT_BYTES = 4 * MEBIBYTE


@dataclass(frozen=True)
class Done:
    """How a process ended. `code` is negative for a signal, as in `subprocess`."""
    code: int
    output: str
    errors: str
    timed_out: bool = False


def run(command, folder, seconds, memory_mib=None):
    """Runs a command in a folder, in a process group of its own. `memory_mib` limits the address space; virtual machines that reserve much of it (node,
    the JVM) are limited by their own options instead."""
    keep = {name: os.environ[name] for name in ("PATH", "JAVA_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME") if name in os.environ}
    # rustup finds its toolchains by the home folder where no variable says where they are.
    keep.setdefault("RUSTUP_HOME", os.path.expanduser("~/.rustup"))
    keep.setdefault("CARGO_HOME", os.path.expanduser("~/.cargo"))
    environment = keep | {"HOME": str(folder), "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}

    def limit():
        os.nice(10)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1,) * 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory_mib:
            resource.setrlimit(resource.RLIMIT_AS, (memory_mib * MEBIBYTE,) * 2)

    # Files, not pipes: an endless printer meets the limit on file sizes instead of filling this process.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, preexec_fn=limit,
                                   start_new_session=True)
        timed_out = False
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

        def text(file):
            file.seek(0)
            return file.read(OUTPUT_BYTES).decode("utf-8", "replace")

        return Done(process.returncode, text(output), text(errors), timed_out)
