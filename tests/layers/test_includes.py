# SPDX-License-Identifier: Apache-2.0
"""Who may include whom. Every folder may include itself and plain libc; all else stands here."""
import fnmatch
import re

import pytest

from tree import ROOT, files

# A row for a folder holds for the files in it; a row for single files adds to that of their folder.
TABLE = """
common/base             ini
common/base/thread.*    threads
common/time
common/clock            common/time
common/net              common/time
common/wire             common/base common/time  jansson
common/wire/sealed.c    sodium
common/wire/adopt.c     sodium
common/picture          common/wire  jansson
common/find             common/base  avahi threads
common/tls              common/base  openssl

content/track           common/base  opus
content/ingest          common/base content/track  opusenc sndfile soxr ebur128 sodium seccomp
content/ingest/main.c   common/wire
content/ingest/unpack.c common/picture common/wire  libarchive

server/house            common/base common/time
server/store            common/base server/house  sqlite3 threads
server/store/*          server/room/room_port.h server/room/room_record.h
server/store/backup.c   sodium
server/store/restore_check.c common/wire
server/store/house_key.* common/wire
server/timeserver       common/base common/net common/wire server/house  sodium threads
server/access           common/base common/time server/store  sodium
server/catalogue        common/base common/picture common/wire server/store  jansson sqlite3 sodium
server/kiosks           common/base common/wire server/store
server/room             common/base common/time common/wire
server/room/room_plan.* server/house/calendar.h server/house/calendar_text.h
server/room/room_view.c  server/house/calendar_text.h
server/ingest           common/base common/wire  uv sodium
server/net              common/base common/picture common/time common/wire server/house server/store server/access
server/net              server/catalogue server/kiosks server/room server/ingest server/settings.h
server/net              server/timeserver server/nightly.h
server/net/tls.*        common/tls
server/net              libwebsockets uv jansson sodium qrencode
server/settings.*       common/base server/house/calendar.h
server/main.c           common/base server/house/calendar.h server/net/tls.h
server/announce         common/base common/find  avahi
server/box.*            server/announce common/wire/adopt.h
server/box.*            server/catalogue/sources.h server/catalogue/venue.h server/house/calendar.h
server/box.*            common/base server/net server/store  sodium
server/life.*           common/base server/net
server/nightly.*        common/base server/house server/store  uv
server/plug.*           server/room/room_port.h server/catalogue/tour_port.h server/store
server/timekeeper.*     common/base server/house server/room/rooms.h server/store  uv
server/timekeeper.*     server/timeserver/time_server.h
server/ctl              common/base common/wire  curl jansson
server/ctl/certificate* common/tls  openssl
server/ctl/doctor*      server/settings.h server/house server/store/restore_check.h  openssl
server/ctl/doctor*      common/tls

player/clock            common/clock
player/sink             common/base common/time
player/sink/sink_alsa.c alsa
player/playout          common/base common/clock common/time player/clock
player/playout/playout.* player/sink  threads
player/track            common/base common/wire
player/track/cache.c    sodium
player/track/decode.c   common/time opus opusfile
player/track/fetch.*    libwebsockets
player/loop             common/base  libwebsockets
player/keep             common/wire
player/find             common/base common/find common/wire  avahi threads
player/link             common/base common/clock common/net common/time common/wire player/clock
player/link/ask.c       player/loop
player/link/device.c    player/keep
player/link/house_file.c player/keep
player/link/trust.c     common/tls  openssl
player/link             libwebsockets sodium
player/settings.*       common/base common/wire common/tls
player/talk.*           common/base player/clock player/link player/playout player/track
player/talk.*           player/keep player/loop  libwebsockets
player/home.*           common/base common/wire player/find player/keep player/link player/track
player/zone_file.*      common/base common/wire player/keep
player/rates.c          common/base common/wire player/keep
player/output.*         common/base player/playout
player/watch.*          common/base common/time common/wire player/link player/playout
player/life.*           common/base common/time player/link player/playout
player/main.c           common/base player/clock player/playout  sodium
"""

LIBRARIES = {
    **{f"avahi-{h}.h": "avahi" for h in ("client/client", "client/lookup", "client/publish",
       "common/alternative", "common/error", "common/malloc", "common/simple-watch")},
    "alsa/asoundlib.h": "alsa", "curl/curl.h": "curl", "ebur128.h": "ebur128", "ini.h": "ini",
    "jansson.h": "jansson", "libwebsockets.h": "libwebsockets", "opus/opus.h": "opus",
    "opus/opusenc.h": "opusenc", "opusfile.h": "opusfile", "pthread.h": "threads",
    "openssl/bn.h": "openssl", "openssl/err.h": "openssl", "openssl/pem.h": "openssl",
    "openssl/ssl.h": "openssl", "openssl/x509v3.h": "openssl",
    "archive.h": "libarchive", "archive_entry.h": "libarchive",
    "qrencode.h": "qrencode", "seccomp.h": "seccomp", "linux/landlock.h": "seccomp", "sndfile.h": "sndfile", "sodium.h": "sodium", "soxr.h": "soxr",
    "sqlite3.h": "sqlite3", "uv.h": "uv",
}

# C17 and POSIX, and what Linux adds. A header that is in neither list is a new library: it wants a
# row above, and a reason.
LIBC = set("""assert ctype errno float inttypes limits locale math setjmp signal stdarg stdatomic
    malloc stdbool stddef stdint stdio stdlib string strings time
    arpa/inet dirent netinet/in netinet/tcp fcntl getopt ifaddrs linux/errqueue linux/magic linux/net_tstamp
    netdb poll
    sched sys/epoll
    sys/mman sys/prctl sys/queue sys/resource sys/random sys/sendfile sys/socket sys/stat sys/statfs sys/statvfs sys/syscall
    sys/timerfd sys/timex
    sys/types sys/un sys/wait termios unistd""".split())

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def rows(table):
    return [(line.split()[0], line.split()[1:]) for line in table.splitlines() if line.strip()]


def belongs(path, pattern):
    """Is `path` what a row or an entry means: a folder, a file, or files by a pattern?"""
    return path == pattern or path.rpartition("/")[0] == pattern or (
        "*" in pattern and path.rpartition("/")[0] == pattern.rpartition("/")[0]
        and fnmatch.fnmatchcase(path, pattern))


def includes(root, path):
    """(line, what) for each include that counts: a file of ours, a library or a strange header."""
    for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        kind, name = found.groups()
        if kind == '"':
            yield number, name
        elif name in LIBRARIES:
            yield number, LIBRARIES[name]
        elif name.removesuffix(".h") not in LIBC:
            yield number, f"<{name}>"


def sources(names):
    return [n for n in names if re.match(r"(common|content|server|player)/.*\.[ch]$", n)]


def crossings(root, names, table):
    """What the table does not allow, as FILE:LINE: sentences; and the entries that were needed."""
    wrong, used = [], set()
    for path in sources(names):
        for line, what in includes(root, path):
            if what.rpartition("/")[0] == path.rpartition("/")[0] and "/" in what:
                continue
            allowed = {(row, entry) for row, entries in table if belongs(path, row)
                       for entry in entries if entry == what or belongs(what, entry)}
            used |= allowed
            if not allowed:
                wrong.append(f"{path}:{line}: may not include {what}")
    return wrong, used


def reach(start, names):
    """All that the files of a folder see, through the headers they include."""
    todo = [n for n in sources(names) if n.startswith(start + "/")]
    seen = set(todo)
    while todo:
        for _, what in includes(ROOT, todo.pop()):
            if what not in seen:
                seen.add(what)
                if (ROOT / what).is_file():
                    todo.append(what)
    return seen


def test_every_include_is_in_the_table():
    wrong, _ = crossings(ROOT, files(), rows(TABLE))
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_table_allows_nothing_that_nobody_needs():
    table = rows(TABLE)
    _, used = crossings(ROOT, files(), table)
    assert not [f"{row} -> {e}" for row, entries in table for e in entries if (row, e) not in used]


def test_our_includes_name_files_from_the_top_of_the_tree():
    names = files()
    lost = [f"{path}:{line}: no file {what}" for path in sources(names)
            for line, what in includes(ROOT, path) if what.endswith(".h")
            and not (ROOT / what).is_file()]
    assert not lost, "\n".join(lost)


@pytest.mark.parametrize("folder, never", [
    ("server/room", ["server/store/", "server/net/", "server/catalogue/", "sqlite3",
                     "libwebsockets", "uv", "jansson"]),
    ("server", ["player/", "alsa"]),
    ("player", ["server/", "sqlite3", "uv"]),
    ("common/time", ["common/base/", "common/wire/", "jansson"]),   # also built for WebAssembly
    ("common/clock", ["common/base/", "common/wire/", "jansson"]),  # also built for WebAssembly
    ("player/playout", ["libwebsockets", "common/wire/", "player/track/", "player/link/"]),
])
def test_not_even_through_headers(folder, never):
    seen = reach(folder, files())
    assert len(seen) > 1
    assert not sorted(s for s in seen for n in never if s == n or s.startswith(n) and "/" in n)


def test_a_crossing_fails_with_file_and_line(tmp_path):
    (tmp_path / "server/room").mkdir(parents=True)
    (tmp_path / "server/room/room.c").write_text(
        '#include "server/room/room.h"\n#include "common/base/err.h"\n\n'
        '#include "server/net/net.h"\n#include <sqlite3.h>\n#include <string.h>\n'
        '#include <zlib.h>\n')
    wrong, _ = crossings(tmp_path, ["server/room/room.c"], rows(TABLE))
    assert wrong == ["server/room/room.c:4: may not include server/net/net.h",
                     "server/room/room.c:5: may not include sqlite3",
                     "server/room/room.c:7: may not include <zlib.h>"]


def test_the_store_sees_the_rooms_vocabulary_only(tmp_path):
    (tmp_path / "server/store").mkdir(parents=True)
    (tmp_path / "server/store/a.c").write_text(
        '#include "server/room/room_port.h"\n#include "server/room/room.h"\n')
    wrong, _ = crossings(tmp_path, ["server/store/a.c"], rows(TABLE))
    assert wrong == ["server/store/a.c:2: may not include server/room/room.h"]
