"""llama-server's `/infill` as llama.vscode asks it, one hole after the other: the peer of `quality.py`.

The client is the one of the replay harness (`replay.VsCodeClient`), which follows llama.vscode's source: 256 lines before the cursor, 64 behind it,
at most 128 tokens, its samplers and time limits, chunks of opened files as `input_extra`, and its rules for what it does not show.
"""
import asyncio
import importlib.util
import types

from servers import Missing

# A cold prompt of some thousand tokens on a slow machine.
PATIENCE_SECONDS = 600


def load_replay(bench_dir):
    """The module of the harness."""
    program = bench_dir / "replay/replay.py"
    if not program.exists():
        raise Missing(f"the replay harness is not in {bench_dir}; TACIT_BENCH_DIR names the folder that holds `replay`")
    spec = importlib.util.spec_from_file_location("replay", program)
    replay = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(replay)
    return replay


def on_an_empty_line(hole):
    """Whether the hole is a whole line between two lines. The client is asked on an empty line then, as a user would be: before the text of the next
    line it does not ask at all."""
    return hole["prompt"].endswith("\n") and bool(hole["suffix"].partition("\n")[0].strip())


class Client:
    """llama.vscode in front of a llama-server at `url`, in an editor that opens the context files of each hole, then the hole's own file."""

    def __init__(self, replay, url):
        class Patient(replay.VsCodeClient):
            """Waits as long as it takes: how quick an answer is does not count here."""

            async def http(self, method, path, payload=None, timeout=PATIENCE_SECONDS):
                return await super().http(method, path, payload, timeout)

        self.replay, self.backend = replay, Patient
        self.options = types.SimpleNamespace(url=url, n_cmpl=1, chunk_at="head")

    def complete(self, hole):
        """What the client would show, and what it cost in tokens. Empty where it shows nothing."""
        return asyncio.run(self._complete(hole))

    async def _complete(self, hole):
        backend = self.backend(self.options)
        whole_line = on_an_empty_line(hole)
        path = hole.get("path") or "solution.py"
        text = hole["prompt"] + ("\n" if whole_line else "") + hole["suffix"]
        trace = types.SimpleNamespace(path=path, h={"repo": hole.get("package", "project")})
        backend.s = types.SimpleNamespace(doc=self.replay.lf(text), cursor=len(self.replay.lf(hole["prompt"])), tr=trace)
        backend.init()
        for file in hole.get("context_files") or ():
            backend.opened(file["path"], file["text"])
        backend.opened(path, text)
        # The client moves a chunk a second from its queue to the prompt, when nothing is typed: here it had the time.
        backend.chunks = backend.queued[-backend.RING_N:]
        backend.queued = []
        token = {"cancelled": False}
        shown = await backend.items(backend.s, token)
        # No looking ahead for a text that will not be typed.
        token["cancelled"] = True
        await asyncio.gather(*backend.tasks, return_exceptions=True)
        if backend.faults:
            raise Missing(f"the llama-server failed: {backend.faults[0]}")
        return (shown or "") + ("\n" if whole_line and shown else ""), dict(backend.tok)
