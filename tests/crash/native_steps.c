/* Preloaded: counts the system calls by which a process changes files, whoever makes them, and at one of them kills the process, with half
   of the bytes written, or fails. For the libraries that do not ask Python: polars, pyarrow, DuckDB. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long seen, at;
static atomic_int fault; /* 0: only count; -1: kill; else the error */

void native_arm(long step, int what) {
    seen = 0;
    fault = what;
    at = step;
}

long native_seen(void) { return seen; }

static int due(void) { return at && atomic_fetch_add(&seen, 1) + 1 == at && fault; }

/* What goes to the standard streams, to pipes and to sockets changes no file. */
static int counts(int fd) {
    struct stat facts;
    return at && fd > 2 && !fstat(fd, &facts) && S_ISREG(facts.st_mode);
}

static int fails(void) {
    if (fault < 0) kill(getpid(), SIGKILL);
    errno = fault;
    return -1;
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

#define WRITES(name, ...)                                                                   \
    ssize_t name(int fd, const void *bytes, size_t size, ##__VA_ARGS__) {                    \
        static typeof(&name) real;                                                          \
        if (!real) real = REAL(name);                                                       \
        if (counts(fd) && due()) {                                                          \
            if (fault < 0 && size > 1) real(fd, bytes, size / 2 HERE);                      \
            return fails();                                                                 \
        }                                                                                   \
        return real(fd, bytes, size HERE);                                                  \
    }

#define HERE
WRITES(write)
#undef HERE
#define HERE , offset
WRITES(pwrite, off_t offset)
WRITES(pwrite64, off64_t offset)
#undef HERE

#define CALLS(fd, name, parameters, ...)                                                    \
    int name parameters {                                                                   \
        static typeof(&name) real;                                                          \
        if (!real) real = REAL(name);                                                       \
        if ((fd < 0 ? at != 0 : counts(fd)) && due()) return fails();                       \
        return real(__VA_ARGS__);                                                           \
    }

CALLS(fd, fsync, (int fd), fd)
CALLS(fd, fdatasync, (int fd), fd)
CALLS(fd, ftruncate, (int fd, off_t size), fd, size)
CALLS(fd, ftruncate64, (int fd, off64_t size), fd, size)
CALLS(-1, rename, (const char *from, const char *to), from, to)
CALLS(-1, link, (const char *from, const char *to), from, to)
CALLS(-1, linkat, (int d, const char *from, int e, const char *to, int flags), d, from, e, to, flags)
CALLS(-1, unlink, (const char *path), path)
CALLS(-1, unlinkat, (int d, const char *path, int flags), d, path, flags)
CALLS(-1, mkdir, (const char *path, mode_t mode), path, mode)
CALLS(-1, rmdir, (const char *path), path)
CALLS(-1, chmod, (const char *path, mode_t mode), path, mode)

#define OPENS(name)                                                                         \
    int name(const char *path, int flags, ...) {                                            \
        static typeof(&name) real;                                                          \
        if (!real) real = REAL(name);                                                       \
        __builtin_va_list more;                                                             \
        __builtin_va_start(more, flags);                                                    \
        mode_t mode = __builtin_va_arg(more, mode_t);                                       \
        __builtin_va_end(more);                                                             \
        if (flags & (O_CREAT | O_TRUNC) && at && due()) return fails();                     \
        return real(path, flags, mode);                                                     \
    }

OPENS(open)
OPENS(open64)
