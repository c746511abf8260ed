# SPDX-License-Identifier: Apache-2.0
"""A box to install into: a clean Debian of its own, made for the test and run by systemd as process 1.

The root lies in memory. The container is no more than namespaces: its own processes, mounts, host name,
control groups and network, of which only the loopback is there. apt alone is run with the machine's network.
"""
import errno
import os
import pathlib
import shutil
import signal
import subprocess
import time

CGROUPS = next((p for p in (pathlib.Path("/sys/fs/cgroup/unified"), pathlib.Path("/sys/fs/cgroup"))
                if (p / "cgroup.procs").exists()), None)
NODES = ["null", "zero", "full", "random", "urandom", "tty"]

# As process 1 of new namespaces; $1 is the root. What systemd could set for the whole machine is read only.
BOOT = r"""
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for dir in run dev tmp; do mount -t tmpfs -o mode=755 tmpfs "$root/$dir"; done
chmod 1777 "$root/tmp"
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
shift
for node in "$@"; do touch "$root/dev/$node"; mount --bind "/dev/$node" "$root/dev/$node"; done
ip link set lo up
ip address add 192.168.4.1/24 dev lo # the address that the guides use
# Not chroot alone, in which nobody may make a namespace of users (PrivateUsers=).
cd "$root"
pivot_root . mnt
umount -l mnt
exec chroot . /usr/bin/env -i container=roomtone PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --show-status=no
"""


def run(command, **options):
    """Like subprocess.run, with what was said in the failure."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def wait_until(condition, what, patience=60.0):
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def gone(cgroup):
    """Removed; the kernel holds on to one for a moment after its last process."""
    try:
        cgroup.rmdir()
    except OSError as e:
        if e.errno != errno.EBUSY:
            raise
        return False
    return True


class Box:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.root = self.folder / "root"
        self.cgroup = CGROUPS / f"roomtone-packages-{os.getpid()}" if CGROUPS else None
        self.process = self.pid = None

    def make(self):
        """The smallest Debian that systemd can run, with apt. Nothing that Roomtone needs is asked for."""
        self.root.mkdir(parents=True)
        run(["mount", "-t", "tmpfs", "-o", "mode=755,size=2g", "tmpfs", self.root])
        run(["mmdebstrap", "--quiet", "--variant=essential", "--dpkgopt=force-unsafe-io",
             "--include=apt,systemd-sysv", "--skip=cleanup/apt", "bookworm", self.root])
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")

    def boot(self):
        self.cgroup.mkdir()
        self.process = subprocess.Popen(
            ["sh", "-c", f"echo $$ >{self.cgroup}/cgroup.procs; exec unshare --fork --kill-child --pid --mount"
             " --uts --ipc --net --cgroup sh -c \"$0\" sh \"$@\"", BOOT, str(self.root), *NODES],
            stdout=open(self.folder / "boot.log", "wb"), stderr=subprocess.STDOUT)

        def first():
            assert self.process.poll() is None, (self.folder / "boot.log").read_text()
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            return children.read_text().split()
        self.pid = int(wait_until(first, "the first process")[0])
        wait_until(lambda: self.try_run("systemctl", "is-system-running").stdout.strip()
                   in ("running", "degraded"), "systemd")

    def enter(self, command, network=True):
        inside = ["nsenter", "-t", self.pid, "--mount", "--uts", "--ipc", "--pid", "--cgroup",
                  f"--root=/proc/{self.pid}/root", f"--wd=/proc/{self.pid}/root/root"]
        inside += ["--net"] if network else []
        return [str(c) for c in [*inside, "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                                 "DEBIAN_FRONTEND=noninteractive", *command]]

    def try_run(self, *command):
        return subprocess.run(self.enter(command), capture_output=True, text=True, check=False, timeout=120)

    def run(self, *command):
        return run(self.enter(command), timeout=120)

    def apt(self, *arguments):
        return run(self.enter(["apt-get", "-q", *arguments], network=False), timeout=300)

    def path(self, inside):
        return self.root / str(inside).lstrip("/")

    def end(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)  # and with it, by --kill-child, all of the container
            self.process.wait()
        if self.cgroup and self.cgroup.exists():
            folders = sorted((p for p in self.cgroup.rglob("*") if p.is_dir()), reverse=True)
            wait_until(lambda: all(not (f / "cgroup.procs").read_text().strip() for f in [*folders, self.cgroup]),
                       "the container's end")
            for folder in [*folders, self.cgroup]:
                wait_until(lambda f=folder: gone(f), f"{folder} to be let go")
        if self.root.exists():
            subprocess.run(["umount", self.root], check=False, capture_output=True)
            self.root.rmdir()
