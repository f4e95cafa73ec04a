"""The processes that are measured: a llama-server, tacit's engine behind a window, and others that keep cores busy."""
import contextlib
import itertools
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

# What tacit gives its engine process; `tacit bench` runs the model in its own process, which gets it from here.
ENGINE_ENVIRONMENT = {"GOMP_SPINCOUNT": "100000"}
START_SECONDS = 120


class Missing(Exception):
    """A prerequisite that is not there, in words."""


def stop(process):
    """Ends a process that was started here."""
    if process.stdin:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def busy_cores(count):
    """Keeps so many cores busy."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(1 if count else 0)
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


class PeerProgram:
    """How to start a llama-server: `LLAMA_SERVER`, a program of the user's choice, else the package `xllamacpp` in a virtual
    environment under `target`."""

    def __init__(self, target):
        self.program = os.environ.get("LLAMA_SERVER")
        self.instructions = None
        if self.program:
            return
        venv = target / "bench-venv"
        self.python = venv / "bin" / "python"
        if self._installed():
            return
        print(f"bench: installing the package xllamacpp into {venv}", file=sys.stderr)
        for command in (
            [sys.executable, "-m", "venv", str(venv)],
            [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "xllamacpp"],
        ):
            if subprocess.run(command, stdout=sys.stderr).returncode:
                raise Missing("the Python package xllamacpp could not be installed; LLAMA_SERVER=PROGRAM names another llama-server")

    def _installed(self):
        return self.python.exists() and subprocess.run([self.python, "-c", "import xllamacpp"], capture_output=True).returncode == 0

    def command(self, model, port, threads):
        if self.program:
            options = ["-c", "0", "-b", "512", "-ub", "512", "--cache-reuse", "256", "-np", "1", "-t", str(threads)]
            return [self.program, "-m", str(model), "--port", str(port), *options]
        return [str(self.python), str(Path(__file__).with_name("llama_server.py")), str(model), str(port), str(threads)]

    def tacit_cpu(self):
        """The CPU back end of tacit with the same instruction sets, for `TACIT_CPU`; None where that is the best one or unknown. The
        package is built for AVX2 and no more, whatever the processor has."""
        if self.program or platform.machine().lower() not in ("x86_64", "amd64"):
            return None
        info = subprocess.run([self.python, "-c", "import xllamacpp; print(xllamacpp.get_system_info())"], capture_output=True, text=True)
        return "haswell" if "AVX2 = 1" in info.stdout and "AVX512" not in info.stdout else None


class Peer:
    """A running llama-server."""

    def __init__(self, program, model, threads, log):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(log, "w")
        self.process = subprocess.Popen(program.command(model, port, threads), stdin=subprocess.PIPE, stdout=self.log, stderr=self.log)
        self.pid = self.process.pid

    def __enter__(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
                    if answer.status == 200:
                        return self
            time.sleep(0.2)
        self.__exit__()
        raise Missing(f"the llama-server did not start; it says why in {self.log.name}")

    def __exit__(self, *_):
        stop(self.process)
        self.log.close()

    def decode_tokens_per_second(self, prompt, count=128):
        """Its own figure for `count` tokens behind the prompt, greedy; the best of two, the first of which also warms up."""
        request = {
            "prompt": prompt, "n_predict": count, "ignore_eos": True, "cache_prompt": True,
            "samplers": ["top_k"], "top_k": 1, "temperature": 0,
        }
        return max(self._post("/completion", request)["timings"]["predicted_per_second"] for _ in range(2))

    def _post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)


class Home:
    """Folders of tacit's own for one measurement, so that nothing that an earlier one left there helps it, and no engine that the
    user runs is met: sockets, caches, and an empty configuration."""

    def __init__(self, cpu):
        # Short, because a socket's path may have 107 bytes.
        self.has_no_engine = True
        self.folder = Path(tempfile.mkdtemp(prefix="tb-"))
        (self.folder / "run").mkdir(mode=0o700)
        (self.folder / "tacit.toml").touch()
        self.environment = os.environ | ENGINE_ENVIRONMENT | {
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "TACIT_CACHE": str(self.folder / "cache"),
            "TACIT_CONFIG": str(self.folder / "tacit.toml"),
            "TACIT_STATE": str(self.folder / "state"),
        } | ({"TACIT_CPU": cpu} if cpu else {})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


class Window:
    """A window of an editor that does nothing: `tacit lsp` with a started engine, which the first window of a home ends when it goes."""

    def __init__(self, tacit, home):
        self.ids = itertools.count(1)
        self.home = home
        self.owns_engine = home.has_no_engine
        self.engine_pid = None
        self.process = subprocess.Popen(
            [tacit, "lsp"], env=home.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def __enter__(self):
        """Waits until the model is loaded."""
        # A server that hangs would block a read for ever.
        deadline = threading.Timer(START_SECONDS, self.process.kill)
        deadline.start()
        try:
            self.call("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
            self._send({"method": "initialized", "params": {}})
            while not (pid := self.stats().get("engine_pid")):
                time.sleep(0.1)
            self.engine_pid = pid
            self.home.has_no_engine = False
        except (OSError, ValueError):
            self.__exit__()
            raise Missing("tacit's engine did not start; `tacit doctor` says why") from None
        finally:
            deadline.cancel()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, ValueError):
            self.call("shutdown", None)
            self._send({"method": "exit"})
        stop(self.process)
        if self.owns_engine and self.engine_pid:
            self.home.has_no_engine = True
            # It would wait half an hour for other windows.
            with contextlib.suppress(OSError):
                os.kill(self.engine_pid, signal.SIGTERM)

    def stats(self):
        return self.call("tacit/stats", {})

    def complete(self):
        """One suggestion, so that everything that a window needs is in its memory."""
        uri = "untitled:bench.py"
        document = {"uri": uri, "languageId": "python", "version": 1, "text": "def add(a, b):\n    return "}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        place = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 11}, "context": {"triggerKind": 2}}
        return self.call("textDocument/inlineCompletion", place)

    def call(self, method, params):
        number = next(self.ids)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                if "error" in message:
                    raise ValueError(f"{method}: {message['error']}")
                return message.get("result")
            if "id" in message and "method" in message:
                self._send({"id": message["id"], "result": None})

    def _send(self, message):
        body = json.dumps({"jsonrpc": "2.0"} | {k: v for k, v in message.items() if v is not None or k == "result"}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def _receive(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise ValueError("the server has ended")
        return json.loads(self.process.stdout.read(length))


class Actions:
    """One code action after the other, on the engine that the windows of a home share."""

    STUB = '''def longest_run(values):
    """The longest run of equal values: the value and how often it stands there in a row. The first of several; None of nothing."""
    pass
'''

    def __init__(self, tacit, home):
        self.home = home
        self.file = home.folder / "stub.py"
        self.command = [tacit, "implement", str(self.file), "--line", "1"]
        self.process = None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._act)
        # Whether it was changed or refused.
        self.done = 0

    def __enter__(self):
        self.file.write_text(self.STUB)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        # It may be about to start another one.
        while self.thread.is_alive():
            if self.process:
                self.process.terminate()
            self.thread.join(0.2)

    def _act(self):
        while not self.is_over.is_set():
            self.process = subprocess.Popen(self.command, env=self.home.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.process.wait()
            self.done += 1
            # A command that fails at once would only start programs.
            self.is_over.wait(0.5)


def proportional_mb(pid):
    """Memory of a process in MiB; pages that several processes share count in parts (Linux)."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError as error:
        raise Missing(f"the memory of processes cannot be read here ({error})") from None
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
