// SPDX-License-Identifier: Apache-2.0
// What a child that has given up its rights still can do, and what kills it.
#include "content/ingest/jail.h"
#include "content/ingest/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { DONE = 0, REFUSED = 10, NO_SANDBOX = 11 };

static char folder[] = "/tmp/roomtone-sandbox-XXXXXX";
static char beside[] = "/tmp/roomtone-beside-XXXXXX";

static int result(int of_call)
{
    return of_call >= 0 ? DONE : errno == EACCES || errno == EPERM ? REFUSED : errno;
}

static int make_and_remove(int dir)
{
    int fd = openat(dir, "a", O_RDWR | O_CREAT | O_EXCL, 0600);
    bool ok = fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && close(fd) == 0;
    ok = ok && renameat(dir, "a", dir, "b") == 0 && unlinkat(dir, "b", 0) == 0;
    char *more = malloc(8 << 20);
    ok = ok && more;
    free(more);
    return ok ? DONE : 1;
}

static int read_elsewhere(int dir)
{
    (void)dir;
    return result(open("/etc/hostname", O_RDONLY));
}

static int write_elsewhere(int dir)
{
    (void)dir;
    return result(open(beside, O_WRONLY));
}

static int climb_out(int dir)
{
    return result(openat(dir, "../roomtone-new", O_WRONLY | O_CREAT, 0600));
}

static int connect_somewhere(int dir)
{
    (void)dir;
    return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int start_a_program(int dir)
{
    (void)dir;
    return result(execl("/bin/true", "true", (char *)NULL));
}

static int have_a_child(int dir)
{
    (void)dir;
    return result((int)fork());
}

static int run_what_it_wrote(int dir)
{
    (void)dir;
    void *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return m == MAP_FAILED ? errno : result(mprotect(m, 4096, PROT_READ | PROT_EXEC));
}

static int kill_its_parent(int dir)
{
    (void)dir;
    return result(kill(getpid(), 0));
}

// The exit code, or minus the signal.
static int in_the_sandbox(int (*act)(int dir))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct reason why = {0};
        int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0 || !jail_enter(&why) || !sandbox_enter(dir, &why)) {
            fprintf(stderr, "%s\n", why.text);
            _exit(NO_SANDBOX);
        }
        _exit(act(dir));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void its_folder_is_its_own(void **state)
{
    (void)state;
    assert_int_equal(in_the_sandbox(make_and_remove), DONE);
}

static void other_files_are_out_of_reach(void **state)
{
    (void)state;
    if (access("/sys/kernel/security/landlock", F_OK) != 0 &&
        in_the_sandbox(read_elsewhere) == DONE) {
        print_message("this kernel has no Landlock\n");
        skip();
    }
    assert_int_equal(in_the_sandbox(read_elsewhere), REFUSED);
    assert_int_equal(in_the_sandbox(write_elsewhere), REFUSED);
    assert_int_equal(in_the_sandbox(climb_out), REFUSED);
}

static void other_calls_kill(void **state)
{
    (void)state;
    assert_int_equal(in_the_sandbox(connect_somewhere), -SIGSYS);
    assert_int_equal(in_the_sandbox(start_a_program), -SIGSYS);
    assert_int_equal(in_the_sandbox(have_a_child), -SIGSYS);
    assert_int_equal(in_the_sandbox(run_what_it_wrote), -SIGSYS);
    assert_int_equal(in_the_sandbox(kill_its_parent), -SIGSYS);
}

static int begin(void **state)
{
    (void)state;
    int fd = mkstemp(beside);
    return fd >= 0 && close(fd) == 0 && mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return unlink(beside) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_folder_is_its_own),
        cmocka_unit_test(other_files_are_out_of_reach),
        cmocka_unit_test(other_calls_kill),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
