// SPDX-License-Identifier: Apache-2.0
// The machine: who has the port, whether the server answers and of which version it is, clocks,
// and the sound cards of players that are set up here.
#include "server/ctl/doctor.h"
#include "server/house/house.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The inode of a TCP socket that listens at a port; 0: there is none.
static unsigned long listener_in(const char *table, int port)
{
    FILE *f = fopen(table, "re");
    char line[512];
    unsigned long found = 0;
    while (f && !found && fgets(line, sizeof line, f)) {
        // "  0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 INODE"
        unsigned at, state;
        unsigned long inode;
        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %lu", &at,
                   &state, &inode) == 3 &&
            (int)at == port && state == 10)
            found = inode;
    }
    if (f)
        fclose(f);
    return found;
}

static bool has_socket(const char *pid, unsigned long inode)
{
    char path[600], want[64], is[64];
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    snprintf(want, sizeof want, "socket:[%lu]", inode);
    DIR *d = opendir(path);
    bool found = false;
    for (struct dirent *e; d && !found && (e = readdir(d));) {
        ssize_t n = readlinkat(dirfd(d), e->d_name, is, sizeof is - 1);
        is[n > 0 ? n : 0] = '\0';
        found = strcmp(is, want) == 0;
    }
    if (d)
        closedir(d);
    return found;
}

// "NAME (process N)" of a program that has the socket; a program that is not ours to look into has
// none.
static void owner_of(unsigned long inode, char *out, size_t size)
{
    DIR *d = opendir("/proc");
    out[0] = '\0';
    for (struct dirent *e; d && !out[0] && (e = readdir(d));) {
        char path[300], name[32] = "?";
        if (!isdigit((unsigned char)e->d_name[0]) || !has_socket(e->d_name, inode))
            continue;
        snprintf(path, sizeof path, "/proc/%s/comm", e->d_name);
        FILE *f = fopen(path, "re");
        if (f && fgets(name, sizeof name, f))
            name[strcspn(name, "\n")] = '\0';
        if (f)
            fclose(f);
        snprintf(out, size, "%s (process %.10s)", name, e->d_name);
    }
    if (d)
        closedir(d);
}

static void say_no_answer(struct doctor *d, int port)
{
    char who[64];
    unsigned long inode = listener_in("/proc/net/tcp", port);
    inode = inode ? inode : listener_in("/proc/net/tcp6", port);
    if (!inode) {
        doctor_say(d, "server", MARK_BROKEN,
                   "systemctl start roomtoned; journalctl -u roomtoned says why it ended",
                   "it does not run: nobody listens at port %d", port);
        return;
    }
    owner_of(inode, who, sizeof who);
    if (strncmp(who, "roomtoned ", 10) == 0 || strncmp(who, "systemd ", 8) == 0)
        doctor_say(d, "server", MARK_BROKEN, "journalctl -u roomtoned; systemctl restart roomtoned",
                   "%s has port %d and does not answer", who, port);
    else
        doctor_say(d, "port", MARK_BROKEN,
                   "stop that program, or set another port in listen and in roomtoned.socket",
                   "port %d is taken by %s", port,
                   who[0] ? who : "another program (as root doctor can tell which)");
}

// The version a server's metrics name; "" when they name none.
static void version_of(struct api *a, char *out, size_t size)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    out[0] = '\0';
    bool ok = f && api_download(a, "/metrics", f);
    if (f)
        fclose(f);
    static const char key[] = "roomtone_build_info{version=\"";
    const char *at = ok ? strstr(text, key) : NULL;
    if (at)
        snprintf(out, size, "%.*s", (int)strcspn(at + strlen(key), "\""), at + strlen(key));
    free(text);
}

static void say_server(struct doctor *d, const char *url, const char *version)
{
    const char *storage = call_text(d->health, "storage");
    doctor_say(d, "server", MARK_OK, NULL, "it answers at %s", url);
    if (strcmp(version, ROOMTONE_VERSION) == 0)
        doctor_say(d, "version", MARK_OK, NULL, "server and roomtonectl are %s", version);
    else
        doctor_say(d, "version", MARK_LOOK,
                   "systemctl restart roomtoned, which the update has not done",
                   "the server that runs is %s, roomtonectl %s",
                   version[0] ? version : "of another version", ROOMTONE_VERSION);
    if (strcmp(storage, "ok") != 0)
        doctor_say(d, "storage", MARK_BROKEN, "see room and writes below",
                   "the server cannot save changes (%s)", storage);
}

// Where this box itself reaches it.
static bool url_of(const struct settings *s, char *out, size_t size, int *port)
{
    char address[100];
    if (!settings_address_parse(s->listen, address, sizeof address, port) || *port == 0)
        return false;
    if (strcmp(address, "0.0.0.0") == 0)
        snprintf(address, sizeof address, "127.0.0.1");
    if (strcmp(address, "::") == 0)
        snprintf(address, sizeof address, "::1");
    bool v6 = strchr(address, ':') != NULL;
    snprintf(out, size, "http://%s%s%s:%d", v6 ? "[" : "", address, v6 ? "]" : "", *port);
    return true;
}

bool doctor_url(const struct settings *s, char *out, size_t size)
{
    int port;
    return url_of(s, out, size, &port);
}

void doctor_server(struct doctor *d)
{
    char url[200], version[64];
    int port;
    bool ok;
    if (!url_of(&d->settings, url, sizeof url, &port)) {
        doctor_say(d, "server", MARK_LOOK, "set a port in listen",
                   "its port is another at each start");
        return;
    }
    struct api *a = api_open(url, d->call->ca);
    api_be_brief(a);
    d->health = api_get(a, "/healthz", &ok);
    if (!ok || !json_object_get(d->health, "house_now")) {
        json_decref(d->health);
        d->health = NULL;
        say_no_answer(d, port);
    } else {
        version_of(a, version, sizeof version);
        say_server(d, url, version);
    }
    api_close(a);
    if (strncmp(d->settings.listen, "127.", 4) == 0 || strncmp(d->settings.listen, "[::1]", 5) == 0)
        doctor_say(d, "address", MARK_LOOK,
                   "listen = 0.0.0.0:PORT, unless a proxy stands before it",
                   "listen is %s: no phone and no kiosk reaches it", d->settings.listen);
}

void doctor_clock(struct doctor *d, bool has_settings)
{
    struct house_reading r = {0};
    bool told = has_settings && strcmp(d->settings.trust_clock, "yes") == 0;
    const char *source =
        json_string_value(json_object_get(json_object_get(d->health, "time"), "source"));
    bool held = source && strcmp(source, "holdover") == 0;
    house_read(&r);
    char date[32];
    time_t now = (time_t)(r.realtime_us / 1000000);
    struct tm tm;
    strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &tm));
    if (r.realtime_us < HOUSE_REALTIME_FLOOR_US)
        doctor_say(d, "clock", MARK_BROKEN,
                   "a network with NTP, or a real-time clock with a battery that is not empty",
                   "the wall clock says %s: it was never set. Groups play, schedules wait", date);
    else if (r.synchronised || r.battery || told || held)
        doctor_say(d, "clock", MARK_OK, NULL, "%s, %s", date,
                   r.synchronised ? "synchronised"
                   : held         ? "synchronised until its time server went away"
                   : r.battery    ? "kept by a battery, not synchronised"
                                  : "trusted because the settings say so");
    else
        doctor_say(
            d, "clock", MARK_LOOK,
            "a network with NTP, or a real-time clock; trust_clock = yes if another keeps it",
            "%s, but neither synchronised nor kept by a battery: schedules wait", date);
    if (json_is_true(json_object_get(json_object_get(d->health, "time"), "guessed")))
        doctor_say(d, "house time", MARK_LOOK,
                   "look whether the groups stand where they should; it ends with the next start "
                   "under a good clock",
                   "nobody knows how long the box was off last: groups went on by a guess");
}

// What `program --config file --print-config` prints, or its complaint. False when it is not right.
static bool ask_player(const char *program, const char *file, char *out, size_t size)
{
    int ends[2], status = 0;
    size_t len = 0;
    if (pipe(ends) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, "--config", file, "--print-config", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    for (ssize_t n;
         pid > 0 && len + 1 < size && (n = read(ends[0], out + len, size - 1 - len)) > 0;)
        len += (size_t)n;
    close(ends[0]);
    out[len] = '\0';
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

// The card a device of ALSA names: "hw:0,3", "plughw:CARD=PCH"; "" when it names none.
static void card_of(const char *device, char *out, size_t size)
{
    const char *colon = strchr(device, ':');
    const char *at = colon ? colon + 1 : "";
    if (strncmp(at, "CARD=", 5) == 0)
        at += 5;
    snprintf(out, size, "%.*s", (int)strcspn(at, ","), at);
}

// Is there a card of this number or name ("": any), as /proc/asound/cards lists them:
// " 0 [PCH            ]: HDA-Intel - HDA Intel PCH"
static bool has_card(const char *card)
{
    FILE *f = fopen("/proc/asound/cards", "re");
    char line[256], number[8], name[32];
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        found = sscanf(line, " %7[0-9] [%31[^] ]", number, name) == 2 &&
                (!card[0] || strcmp(card, number) == 0 || strcmp(card, name) == 0);
    }
    if (f)
        fclose(f);
    return found;
}

static void look_at_player(struct doctor *d, const char *program, const char *file)
{
    char out[16 * 1024], device[200], card[200];
    if (!ask_player(program, file, out, sizeof out)) {
        out[strcspn(out, "\n")] = '\0';
        doctor_say(d, "player", MARK_BROKEN, "mend that line", "%s",
                   out[0] ? out : "roomtone-player does not run");
        return;
    }
    const char *at = strstr(out, "\ndevice = ");
    snprintf(device, sizeof device, "%.*s", at ? (int)strcspn(at + 10, "\n") : 0,
             at ? at + 10 : "");
    card_of(device, card, sizeof card);
    if (strcmp(device, "null") == 0 || has_card(card))
        doctor_say(d, "sound", MARK_OK, NULL, "%s: the device %s is there", file, device);
    else
        doctor_say(d, "sound", MARK_BROKEN,
                   "plug the card in; 'aplay -l' lists cards, their names go into device",
                   "%s: there is no card for %s", file, device);
}

static bool is_player(const char *name)
{
    size_t len = strlen(name);
    return strncmp(name, "player-", 7) == 0 && len > 11 && strcmp(name + len - 4, ".ini") == 0;
}

// Players are set up beside the server: player-NAME.ini in the same folder.
void doctor_sound(struct doctor *d)
{
    char dir[1024], program[1200], file[1400];
    const char *slash = strrchr(d->config, '/');
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - d->config) : 1,
             slash ? d->config : ".");
    ssize_t n = readlink("/proc/self/exe", program, 1000);
    program[n > 0 ? n : 0] = '\0';
    char *name = strrchr(program, '/');
    snprintf(name ? name + 1 : program, 100, "roomtone-player");
    DIR *all = opendir(dir);
    int players = 0;
    for (struct dirent *e; all && (e = readdir(all));) {
        if (!is_player(e->d_name))
            continue;
        players++;
        snprintf(file, sizeof file, "%s/%s", dir, e->d_name);
        look_at_player(d, program, file);
    }
    if (all)
        closedir(all);
    if (!players)
        doctor_say(d, "sound", MARK_OK, NULL, "no player is set up here");
}
