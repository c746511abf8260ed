# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces joined by a cable, each with a bus and an Avahi daemon of its own."""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import time

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="signal"/><allow receive_type="method_return"/><allow receive_type="error"/>
</policy></busconfig>
"""
AVAHI = """[server]
host-name={host}
use-ipv4=yes
use-ipv6=no
allow-interfaces={interface}
ratelimit-interval-usec=1000000
ratelimit-burst=1000
[publish]
publish-workstation=no
[wide-area]
enable-wide-area=no
"""


def ip(*arguments):
    r = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if r.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {r.stderr.strip()}")


def why_not():
    """"" where namespaces and daemons can be had."""
    for tool in ("ip", "dbus-daemon", "avahi-daemon", "mount"):
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return f"there is no {tool}"
    name = f"rt-try-{os.getpid()}"
    try:
        ip("netns", "add", name)
        ip("netns", "del", name)
    except OSError as e:
        return f"no network namespaces here: {e}"
    return ""


class Network:
    """One namespace. `command` before a program runs it there; `environment` finds the bus."""

    def __init__(self, folder, name, interface, address):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.host, self.interface, self.address = name, interface, address
        self.name = f"rt-{name}-{os.getpid()}"
        self.daemons = []
        self.bus = self.folder / "bus"
        ip("netns", "add", self.name)

    @property
    def command(self):
        return ["ip", "netns", "exec", self.name]

    @property
    def environment(self):
        return {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.bus}",
                "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}

    def plug(self):
        ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", self.interface)
        ip("-n", self.name, "link", "set", "lo", "up")
        ip("-n", self.name, "link", "set", self.interface, "up", "multicast", "on")
        ip("-n", self.name, "route", "add", "224.0.0.0/4", "dev", self.interface)

    def move(self, address):
        """Another address, as from another DHCP server."""
        ip("-n", self.name, "addr", "flush", "dev", self.interface)
        self.address = address
        self.plug_address()

    def plug_address(self):
        ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", self.interface)
        ip("-n", self.name, "route", "replace", "224.0.0.0/4", "dev", self.interface)

    def run(self, *command):
        log = open(self.folder / "daemons.log", "ab")
        self.daemons.append(subprocess.Popen([*self.command, *command], stdout=log, stderr=log,
                                             env=self.environment, start_new_session=True))
        log.close()

    def start_bus(self):
        conf = self.folder / "bus.conf"
        conf.write_text(BUS.format(path=self.bus))
        self.run("dbus-daemon", f"--config-file={conf}", "--nofork", "--nopidfile")
        end = time.monotonic() + 20
        while not self.bus.exists():
            assert time.monotonic() < end, (self.folder / "daemons.log").read_text()
            time.sleep(0.02)

    def start_avahi(self):
        conf = self.folder / "avahi.conf"
        conf.write_text(AVAHI.format(host=self.host, interface=self.interface))
        # Its folder under /run is this one's alone.
        self.run("sh", "-c", "mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon &&"
                 f" exec avahi-daemon -f {conf} --no-drop-root --no-chroot --no-rlimits")

    @contextlib.contextmanager
    def inside(self):
        """This thread's new sockets, and the programs it starts, are in the namespace."""
        with open("/proc/thread-self/ns/net", "rb") as before, \
                open(f"/run/netns/{self.name}", "rb") as there:
            assert libc.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(before.fileno(), CLONE_NEWNET) == 0

    def end(self):
        for p in reversed(self.daemons):
            with contextlib.suppress(ProcessLookupError):
                p.send_signal(signal.SIGTERM)
            try:
                p.wait(timeout=10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


@contextlib.contextmanager
def cable(folder):
    """Two networks on one wire."""
    one, two = f"rta{os.getpid() % 100000}", f"rtb{os.getpid() % 100000}"
    with contextlib.ExitStack() as stack:
        a = Network(folder, "hall", one, "10.77.0.1")
        stack.callback(a.end)
        b = Network(folder, "shelf", two, "10.77.0.2")
        stack.callback(b.end)
        ip("link", "add", one, "netns", a.name, "type", "veth", "peer", "name", two, "netns", b.name)
        a.plug()
        b.plug()
        yield a, b
