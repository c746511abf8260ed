# SPDX-License-Identifier: Apache-2.0
"""The visitor's page in another engine: Debian's Firefox, driven over WebDriver BiDi, which it speaks itself.

Left out where there is no Firefox, or no PulseAudio: without a sound card it gives no sound at all, so
it gets one of PulseAudio's that throws it away.
"""
import asyncio
import json
import os
import re
import shutil
import signal
import subprocess

import pytest
import websockets

from harness import PATIENCE, Server, wait_until

FIREFOX, PULSE = shutil.which("firefox-esr"), shutil.which("pulseaudio")
pytestmark = pytest.mark.skipif(not FIREFOX or not PULSE or bool(os.environ.get("ROOMTONE_SANITIZE")),
                                reason="no Firefox, no PulseAudio or no pages here")

STEP_US = 20_000  # what a phone may be off
ROOM = "(() => JSON.stringify(window.roomtone ?? null))()"


class Pulse:
    """A sound server with a card that throws sound away."""

    def __init__(self, folder):
        folder.mkdir(mode=0o700)
        socket = folder / "socket"
        self.server = f"unix:{socket}"
        self.process = subprocess.Popen(
            [PULSE, "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes",
             "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1", "-L", "module-null-sink"],
            env={"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PATH": os.environ["PATH"]},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(socket.exists, "the sound server")

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


class Firefox:
    """One window with a memory of its own."""

    def __init__(self, folder, pulse):
        self.folder, self.pulse, self.asked = folder, pulse, 0

    async def __aenter__(self):
        self.folder.mkdir()
        self.process = subprocess.Popen(
            [FIREFOX, "--headless", "--no-remote", "--profile", self.folder, "--remote-debugging-port", "0", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, 
            env={"HOME": str(self.folder), "LANG": "C.UTF-8", "PULSE_SERVER": self.pulse.server})
        address = await asyncio.wait_for(asyncio.to_thread(self._address), PATIENCE)
        self.drain = asyncio.create_task(asyncio.to_thread(self.process.stderr.read))  # it must never wait for us
        self.ws = await websockets.connect(f"{address}/session", max_size=2**24, ping_interval=None)
        await self.do("session.new", capabilities={})
        tree = await self.do("browsingContext.getTree")
        self.context = tree["contexts"][0]["context"]
        return self

    def _address(self):
        for line in self.process.stderr:
            found = re.search(r"WebDriver BiDi listening on (ws://\S+)", line)
            if found:
                return found[1]
        raise AssertionError("Firefox ended before it could be driven")

    async def __aexit__(self, *_):
        await self.ws.close()
        self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait, PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        await self.drain

    async def do(self, method, **params):
        self.asked += 1
        await self.ws.send(json.dumps({"id": self.asked, "method": method, "params": params}))
        while True:
            answer = json.loads(await asyncio.wait_for(self.ws.recv(), PATIENCE))
            if answer.get("id") == self.asked:
                assert answer["type"] == "success", answer
                return answer["result"]

    async def go(self, url):
        await self.do("browsingContext.navigate", context=self.context, url=url, wait="complete")

    async def look(self, script):
        answer = await self.do("script.evaluate", expression=script, target={"context": self.context}, awaitPromise=True)
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    async def room(self):
        return json.loads(await self.look(ROOM))

    async def until(self, condition, what):
        end = asyncio.get_running_loop().time() + PATIENCE
        while True:
            room = await self.room()
            if room and condition(room):
                return room
            text = await self.look("document.body.innerText")
            assert asyncio.get_running_loop().time() < end, f"waited in vain for {what}: {room} {text}"
            await asyncio.sleep(0.1)

    async def tap(self, name):
        """A real press of the button of this name."""
        find = f"""(async () => {{
            for (;;) {{
                const b = [...document.querySelectorAll("button")].find((b) => b.textContent.trim() === {json.dumps(name)});
                if (b) {{
                    b.scrollIntoView({{block: "center"}});
                    const {{left, top, width, height}} = b.getBoundingClientRect();
                    return JSON.stringify([Math.round(left + width / 2), Math.round(top + height / 2)]);
                }}
                await new Promise((done) => setTimeout(done, 50));
            }}
        }})()"""
        x, y = json.loads(await self.look(find))
        await self.do("input.performActions", context=self.context, actions=[{
            "type": "pointer", "id": "thumb", "parameters": {"pointerType": "mouse"}, "actions": [
                {"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]}])


def in_step(room):
    heard = room.get("heard") or {}
    return heard.get("playing") == "sound" and abs(heard.get("errorUs", STEP_US)) < STEP_US


def test_a_visit(tmp_path, exhibit):
    """Join by link, listen, pause, go on, the next stop, the server killed, back in step as the same visitor."""
    server = Server(tmp_path / "state").start().login()
    server.import_exhibit(exhibit)
    pulse = Pulse(tmp_path / "pulse")

    async def visit():
        async with Firefox(tmp_path / "profile", pulse) as page:
            await page.go(server.url + server.group()["link"])
            await page.until(lambda r: r["line"] == "joined", "the group")
            server.ctl("play", "demo")
            await page.tap("Listen")
            room = await page.until(in_step, "sound in step")
            print("first in step:", room["heard"])
            server.ctl("pause", "demo")
            await page.until(lambda r: r["heard"]["playing"] == "silent" and r["state"]["mode"] == "held", "silence")
            server.ctl("goto", "demo", "1")
            server.ctl("play", "demo")
            await page.until(lambda r: in_step(r) and r["state"]["cue"] == 1, "the second stop")
            server.stop(signal.SIGKILL)
            await page.until(lambda r: r["line"] != "joined", "the loss")
            server.start()
            await page.until(lambda r: r["line"] == "joined", "the house again")
            await page.until(in_step, "sound in step again")
            assert server.group()["visitors"] == 1
            return await page.look("document.title")
    try:
        assert "Demo group" in asyncio.run(visit())
    finally:
        pulse.stop()
        server.stop()
